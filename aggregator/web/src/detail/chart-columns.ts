// What a chart draws, from what the API tells: aligned columns with explicit gaps. Pure.

import type { Hydrograph, Quality } from "../model.ts";

export type Column = (number | null | undefined)[];

/** Seconds since the epoch, then one column per series; `null` is a gap, `undefined` nothing at that time. */
export type Table = [number[], ...Column[]];

/** Silence longer than this many intervals interrupts the line. */
const GAP_INTERVALS = 3;

/** Splits observations into a trusted line with gaps, and suspect dots beside it. */
export function observed(
  series: readonly [number, number | null, Quality][],
  scale: number,
  intervalS: number,
): Table {
  const times: number[] = [];
  const trusted: Column = [];
  const suspect: Column = [];
  let last: number | null = null;
  for (const [ms, value, quality] of series) {
    if (last !== null && ms - last > GAP_INTERVALS * intervalS * 1000) {
      times.push(last / 1000 + intervalS);
      trusted.push(null);
      suspect.push(undefined);
    }
    const isTrusted = value !== null && (quality === 1 || quality === 2);
    times.push(ms / 1000);
    trusted.push(isTrusted ? value * scale : quality === 3 ? undefined : null);
    suspect.push(quality === 3 && value !== null ? value * scale : undefined);
    last = ms;
  }
  return [times, trusted, suspect];
}

export function rainfall(series: readonly [number, number][]): Table {
  return [series.map(([ms]) => ms / 1000), series.map(([, value]) => value)];
}

/** p10, p50, p90. */
export function forecast(
  curve: NonNullable<Hydrograph["forecast"]>["curve"],
  scale: number,
): Table {
  return [
    curve.map(([ms]) => ms / 1000),
    curve.map(([, p10]) => p10 * scale),
    curve.map(([, , p50]) => p50 * scale),
    curve.map(([, , , p90]) => p90 * scale),
  ];
}

export function highest(...columns: (Column | undefined)[]): number {
  let max = Number.NEGATIVE_INFINITY;
  for (const column of columns) {
    for (const value of column ?? []) if (value != null && value > max) max = value;
  }
  return max;
}

/** The last `n` rows, newest first, thinned to one per `stepS` seconds. */
export function tableRows(
  series: readonly [number, number | null, Quality][],
  stepS: number,
  n: number,
): [number, number | null, Quality][] {
  const rows: [number, number | null, Quality][] = [];
  let next = Number.POSITIVE_INFINITY;
  for (let i = series.length - 1; i >= 0 && rows.length < n; i -= 1) {
    const row = series[i];
    if (!row || row[0] > next) continue;
    rows.push(row);
    next = row[0] - stepS * 1000;
  }
  return rows;
}
