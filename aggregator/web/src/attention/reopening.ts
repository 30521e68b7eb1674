// Roads that were closed and have no water left: to be inspected before they reopen. The server
// does not tell what a dry point was, so this window remembers what it saw.

import { believed } from "../belief.ts";
import { type Point, type PointStatus, rank } from "../model.ts";

/** A road that was closed. */
export interface Reopening {
  point: Point;
  /** The worst class that it had. */
  was: PointStatus;
}

/** So long after the water has gone a road is listed: an inspection takes less. */
const LISTED_MS = 60 * 60_000;

export class ClosedRoads {
  readonly #worst = new Map<string, PointStatus>();

  /** Takes note of what is closed; returns what was and is so no more, newest first. */
  see(points: Iterable<Point>, now: number): Reopening[] {
    const open: Reopening[] = [];
    for (const point of points) {
      const status = believed(point);
      const was = this.#worst.get(point.id);
      if (rank(status) >= 3) {
        if (was === undefined || rank(status) > rank(was)) this.#worst.set(point.id, status);
      } else if (was !== undefined && (status === "dry" || status === "notice")) {
        if (now - Date.parse(point.status_since) > LISTED_MS) this.#worst.delete(point.id);
        else if (point.status !== "unknown") open.push({ point, was });
      }
    }
    return open.sort((a, b) => (a.point.status_since < b.point.status_since ? 1 : -1));
  }
}
