// What the map shows first: where the waterlogging points are, not the whole municipality.

import type { City, LonLat } from "../model.ts";

type Box = [number, number, number, number];

/** Points beyond these shares of the sorted coordinates do not widen the first view. */
const LOW = 0.08;
const HIGH = 0.92;
const MARGIN = 0.12;
/** So few points say nothing of where the city's heart is. */
const FEW = 6;

/** West, south, east, north of the first view. */
export function firstView(points: readonly LonLat[], city: City): Box {
  if (points.length < FEW) return city.bounds;
  const [w, e] = middle(points.map(([lon]) => lon));
  const [s, n] = middle(points.map(([, lat]) => lat));
  const [x, y] = [(e - w) * MARGIN, (n - s) * MARGIN];
  return [w - x, s - y, e + x, n + y];
}

function middle(values: number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  return [at(LOW), at(HIGH)];
}
