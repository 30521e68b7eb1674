// The moment that a truck must beat.

import { believed, isClearing } from "../belief.ts";
import { type Instant, type Point, rank } from "../model.ts";

/** When closure depth is reached, as forecast; null where it is not, or is or was reached already. */
export function deadlineOf(p: Point | undefined): Instant | null {
  if (!p || isClosed(p) || isClearing(p)) return null;
  return p.forecast?.reaches_closure_at ?? null;
}

/** Whether closure depth is reached, or was when the point was last believed. */
export function isClosed(p: Point): boolean {
  return rank(believed(p)) >= 3 && !isClearing(p);
}
