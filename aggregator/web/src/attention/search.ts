// Finding points, trucks and gauges by name in either language or by id.

import type { Gauge, Name, Point, Truck } from "../model.ts";

export interface Found {
  points: Point[];
  trucks: Truck[];
  gauges: Gauge[];
  total: number;
}

/** Most results of one kind that are listed. */
const LIMIT = 30;

export interface Searched {
  points: ReadonlyMap<string, Point>;
  trucks: ReadonlyMap<string, Truck>;
  gauges: ReadonlyMap<string, Gauge>;
}

export function find(query: string, among: Searched): Found {
  const words = query.trim().toLowerCase().split(/\s+/);
  const hits = <T extends { id: string; name: Name }>(all: ReadonlyMap<string, T>): T[] =>
    [...all.values()].filter((one) => matches(one, words));
  const points = hits(among.points);
  const trucks = hits(among.trucks);
  const gauges = hits(among.gauges);
  return {
    points: points.slice(0, LIMIT),
    trucks: trucks.slice(0, LIMIT),
    gauges: gauges.slice(0, LIMIT),
    total: points.length + trucks.length + gauges.length,
  };
}

function matches(one: { id: string; name: Name }, words: string[]): boolean {
  const text = `${one.id} ${one.name.zh} ${one.name.en}`.toLowerCase();
  return words.every((word) => text.includes(word));
}
