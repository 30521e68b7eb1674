// What is to be believed of a point: when in doubt, the water. Pure.
//
// A flood that was seen stays one until something trustworthy says that it is gone: silence and
// readings that cannot be believed take away certainty, not water.

import { isFlooded, isRising, type Point, type PointStatus, rank, type Shown } from "./model.ts";

/** What the point is, or, where that is unknown, what it was when it was last believed. */
export function believed(p: Point): PointStatus {
  return p.status === "unknown" ? (p.last_class ?? "unknown") : p.status;
}

/** Whether what is shown of the point rests on silence or on readings that cannot be believed. */
export function isInDoubt(p: Point): boolean {
  return p.status === "unknown" || p.cause === "suspect";
}

/**
 * The water goes, and only the hold keeps the class. Not where it still stands at closure depth or
 * rises again, and not where nobody sees it go: that is a flood.
 */
export function isClearing(p: Point): boolean {
  if (!p.is_clearing || p.status === "unknown" || rank(p.status) < 1 || p.depth_m === null) {
    return false;
  }
  return p.depth_m < p.thresholds.closure_m && !isRising(p.rate_m_per_h);
}

/** Whether the point counts among those that are flooded now, in doubt or not. */
export function isFloodedNow(p: Point): boolean {
  return isFlooded(believed(p)) && !isClearing(p);
}

/** Whether it was flooded and the water goes. */
export function isDraining(p: Point): boolean {
  return isFlooded(p.status) && isClearing(p);
}

/** Whether no depth is left of it that would make it more than dry. */
export function isDrained(p: Point): boolean {
  return p.depth_m !== null && p.depth_m < p.thresholds.notice_m;
}

/** What is drawn of it. An unknown point that was wet keeps its class, one that was dry is unknown. */
export function shownAs(p: Point): Shown {
  if (isDraining(p)) return "clearing";
  const status = believed(p);
  return p.status === "unknown" && status === "dry" ? "unknown" : status;
}

/** Whether it is drawn as a class that is in doubt. */
export function isShownInDoubt(p: Point): boolean {
  return isInDoubt(p) && rank(believed(p)) >= 1;
}

/** What can be said where no point is flooded. */
export type AllClear =
  | { kind: "clear"; all: number }
  /** Some points are unknown: it holds for the others. */
  | { kind: "partly"; known: number; unknown: number; all: number }
  /** Too little is known to say anything of the city. */
  | { kind: "unknown"; unknown: number; all: number };

/** From this share of unknown points on, the others say nothing of the city. */
const MOST = 0.5;

export function allClear(points: Iterable<Point>): AllClear {
  const list = [...points];
  const all = list.length;
  const unknown = list.filter(isDoubtful).length;
  if (unknown === 0) return { kind: "clear", all };
  return unknown >= MOST * all
    ? { kind: "unknown", unknown, all }
    : { kind: "partly", known: all - unknown, unknown, all };
}

/** Unknown, or with a high reading that is not followed: no "dry" can be said of it. */
export function isDoubtful(p: Point): boolean {
  if (isFloodedNow(p)) return false;
  const suspect = p.suspect_depth_m;
  return p.status === "unknown" || (suspect !== null && suspect >= p.thresholds.notice_m);
}
