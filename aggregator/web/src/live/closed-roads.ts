// Roads that were closed, until they have been inspected. The server tells the class that a point
// has, which falls step by step, and not the worst that it had: this window remembers what it saw.

import { believed } from "../belief.ts";
import { type Point, type PointStatus, rank } from "../model.ts";

/** A road that was closed and has little or no water left. */
export interface Reopening {
  point: Point;
  /** The worst class that it had. */
  was: PointStatus;
}

/** So long after the water has gone a road is listed: an inspection takes less. */
const LISTED_MS = 60 * 60_000;

export class ClosedRoads {
  readonly #worst = new Map<string, PointStatus>();

  /** Takes note of what is closed. */
  note(points: Iterable<Point>): void {
    for (const point of points) {
      const status = believed(point);
      const was = this.#worst.get(point.id);
      if (rank(status) >= 3 && (was === undefined || rank(status) > rank(was))) {
        this.#worst.set(point.id, status);
      }
    }
  }

  /** The worst that a point was since it was last dry for long: at least what it is. */
  worst(point: Point): PointStatus {
    const now = believed(point);
    const was = this.#worst.get(point.id);
    return was !== undefined && rank(was) > rank(now) ? was : now;
  }

  /** What was closed and has no flood any more, newest first; after an hour it is forgotten. */
  reopening(points: ReadonlyMap<string, Point>, now: number): Reopening[] {
    const listed: Reopening[] = [];
    for (const [id, was] of this.#worst) {
      const point = points.get(id);
      if (!point || (point.status !== "dry" && point.status !== "notice")) continue;
      if (now - Date.parse(point.status_since) > LISTED_MS) this.#worst.delete(id);
      else listed.push({ point, was });
    }
    return listed.sort((a, b) => (a.point.status_since < b.point.status_since ? 1 : -1));
  }
}
