// The moment that a truck must beat.

import { type Instant, type Point, rank } from "../model.ts";

/** When closure depth is reached, as forecast; null where it is not, or is reached already. */
export function deadlineOf(p: Point | undefined): Instant | null {
  if (!p || rank(p.status) >= 3) return null;
  return p.forecast?.reaches_closure_at ?? null;
}
