// Live state as map features. Pure.

import type { Feature, FeatureCollection, LineString } from "geojson";
import { believed, isShownInDoubt, shownAs } from "../belief.ts";
import {
  type Gauge,
  isAboveAlert,
  isCurrent,
  isOpen,
  isRain,
  type Lang,
  type OrderView,
  type Plan,
  type Point,
  type RouteProperties,
  rank,
  type Truck,
} from "../model.ts";
import * as format from "../text/format.ts";

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

/** How a point's class is drawn: plainly, hatched because it is in doubt, or as water that goes. */
export type Drawn = "plain" | "doubt" | "clearing";

/** What the style needs to know of a point. `status`: unknown −1, dry 0 … severe 4. */
export function pointState(p: Point): { status: number; drawn: Drawn } {
  const drawn = isShownInDoubt(p) ? "doubt" : "plain";
  const shown = shownAs(p);
  if (shown === "clearing") return { status: rank(believed(p)), drawn: "clearing" };
  return { status: rank(shown), drawn };
}

export function pointFeatures(points: Iterable<Point>): FeatureCollection {
  return collection([...points].map((p) => feature(p.key, p.position, { id: p.id })));
}

export function gaugeFeatures(gauges: Iterable<Gauge>): FeatureCollection {
  return collection(
    [...gauges].map((g) => feature(g.key, g.position, { id: g.id, rain: isRain(g.parameter) })),
  );
}

/** What the style needs to know of a gauge: whether it has data, and how much falls or stands. */
export function gaugeState(g: Gauge): { known: boolean; heavy: number; alert: boolean } {
  const known = g.value !== null && isCurrent(g);
  const perHour =
    g.parameter === "rainfall-depth" ? ((g.value ?? 0) * 3600) / g.interval_s : (g.value ?? 0);
  return { known, heavy: isRain(g.parameter) ? perHour : 0, alert: isAboveAlert(g) };
}

/** A mark behind a depth that is not simply so. */
const MARKS: Record<Drawn, string> = { plain: "", doubt: " ?", clearing: " ↓" };

/** Depths beside the points that have water, and a name for when there is room. */
export function labelFeatures(points: Iterable<Point>, lang: Lang): FeatureCollection {
  const wet = [...points].filter((p) => rank(believed(p)) >= 1 && p.depth_m !== null);
  return collection(
    wet.map((p) =>
      feature(p.key, p.position, {
        depth: format.text(format.depth(p.depth_m)) + MARKS[pointState(p).drawn],
        name: p.name[lang] || p.name.zh,
        order: -rank(believed(p)) * 10 - (p.depth_m ?? 0),
        status: pointState(p).status,
      }),
    ),
  );
}

/** Trucks where they are; a driving one points where it goes. */
export function truckFeatures(
  trucks: Iterable<Truck>,
  headings: ReadonlyMap<string, number>,
): FeatureCollection {
  const resting = new Set(["idle", "out-of-service", "unknown"]);
  const busy = (t: Truck): number => (resting.has(t.state) && t.order === null ? 0 : 1);
  const features = [...trucks].map((t) =>
    feature(t.key, t.position, {
      id: t.id,
      state: t.state,
      busy: busy(t),
      heading: t.state === "driving" ? (headings.get(t.id) ?? null) : null,
    }),
  );
  return collection(features);
}

export type RouteFeature = Feature<LineString, RouteProperties>;

/** Recommended routes of trucks that have no order. */
export function proposedRoutes(plan: Plan | null, orders: Iterable<OrderView>): RouteFeature[] {
  const bound = new Set([...orders].filter(isOpen).map((o) => o.truck));
  return (plan?.recommendations ?? [])
    .filter((r) => !bound.has(r.truck) && r.route.length > 1)
    .map((r) => ({
      type: "Feature",
      geometry: { type: "LineString", coordinates: r.route },
      properties: { kind: "route", truck: r.truck, point: r.point, ordered: false },
    }));
}

/** Direction from one place to another in degrees from north; null for no movement. */
export function heading(from: [number, number], to: [number, number]): number | null {
  const east = (to[0] - from[0]) * Math.cos((to[1] * Math.PI) / 180);
  const north = to[1] - from[1];
  if (Math.hypot(east, north) < 1e-5) return null;
  return ((Math.atan2(east, north) * 180) / Math.PI + 360) % 360;
}

function feature(
  id: number,
  coordinates: [number, number],
  properties: Feature["properties"],
): Feature {
  return { type: "Feature", id, geometry: { type: "Point", coordinates }, properties };
}

function collection(features: Feature[]): FeatureCollection {
  return { type: "FeatureCollection", features };
}
