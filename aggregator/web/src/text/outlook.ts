// What a forecast says that a dispatcher can use, or nothing. Pure.

import type { Forecast, Horizon, Instant, Point, Thresholds } from "../model.ts";
import * as format from "./format.ts";

/** A peak that is not clearly above the present depth is none. */
const RISE_M = 0.01;

/** A peak that is still to come. */
export interface Peak {
  depth_m: number;
  at: Instant;
}

/** Whether a peak lies ahead, and above the depth that stands now. */
export function isAhead(peak: Peak, depth_m: number | null, now: number): boolean {
  return Date.parse(peak.at) > now && (depth_m === null || peak.depth_m > depth_m + RISE_M);
}

/** The forecast peak, while it lies ahead. */
export function peakAhead(p: Pick<Point, "depth_m" | "forecast">, now: number): Peak | null {
  if (!p.forecast) return null;
  const peak = { depth_m: p.forecast.peak_m, at: p.forecast.peak_at };
  return isAhead(peak, p.depth_m, now) ? peak : null;
}

/** A moment of the forecast that is still to come. */
export function ahead(at: Instant | null | undefined, now: number): Instant | null {
  return at != null && Date.parse(at) > now ? at : null;
}

/** Where the water will stand in an hour. */
export type Range =
  | { kind: "range"; low: string; high: string }
  /** Too wide to be of use as numbers; `low` is null where it may be dry. */
  | { kind: "uncertain"; low: string | null; high: string };

export function inAnHour(f: Forecast, thresholds: Thresholds): Range | null {
  const hour = f.horizons.find((h) => h.minutes === 60);
  if (!hour) return null;
  if (isUseful(hour, thresholds)) {
    const high = format.text(format.depth(hour.p90_m));
    return { kind: "range", low: format.depth(hour.p10_m).number, high };
  }
  const low = hour.p10_m < thresholds.notice_m ? null : format.text(format.roundDepth(hour.p10_m));
  return { kind: "uncertain", low, high: format.text(format.roundDepth(hour.p90_m)) };
}

/**
 * A range as wide as the whole scale, from some water to severe, says nothing of what the road
 * will be.
 */
function isUseful({ p10_m, p90_m }: Horizon, { notice_m, severe_m }: Thresholds): boolean {
  return p90_m - p10_m <= severe_m - notice_m;
}
