// The layers that the storm changes: water, rain, trucks and their ways.

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { RADIUS } from "../symbols.ts";
import { byZoom, state } from "./expressions.ts";
import type { Drawn } from "./features.ts";
import { FONT } from "./fonts.ts";
import { DEPTH_COLOURS, type Tones } from "./tones.ts";

/** From the lowest to the highest: what matters most lies on top. */
export function liveLayers(t: Tones): LayerSpecification[] {
  return [
    ...gauges(t),
    ...routes(t),
    trucks("trucks-idle", 0, byZoom(9, 0.25, 11, 0.45, 13, 0.8)),
    ...points(t),
    trucks("trucks-busy", 1, byZoom(9, 0.35, 11, 0.65, 13, 1)),
    heading(),
    labels(t),
  ];
}

function gauges(t: Tones): LayerSpecification[] {
  const [r0, r1, r2, r3] = t.rain;
  const heavy = [
    "interpolate",
    ["linear"],
    state("heavy", 0),
    0,
    r0,
    10,
    r1,
    30,
    r2,
    60,
    r3,
  ] as unknown as ExpressionSpecification;
  const alert = [
    "case",
    state("alert", false),
    t.ink,
    t.rain[1],
  ] as unknown as ExpressionSpecification;
  return [...gauge("level", false, "drop", alert), ...gauge("rain", true, "triangle", heavy)];
}

function gauge(
  id: string,
  rain: boolean,
  icon: string,
  paint: ExpressionSpecification | string,
): LayerSpecification[] {
  const filter: ExpressionSpecification = ["==", ["get", "rain"], rain];
  const shared = { type: "symbol" as const, source: "gauges", filter, minzoom: 9.5 };
  const layout = {
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
    "icon-size": byZoom(9.5, 0.22, 11, 0.32, 13, 0.6, 15, 0.85),
  };
  return [
    {
      ...shared,
      id,
      layout: { ...layout, "icon-image": icon },
      paint: { "icon-color": paint, "icon-opacity": ["case", state("known", false), 1, 0] },
    },
    {
      ...shared,
      id: `${id}-unknown`,
      layout: { ...layout, "icon-image": `${icon}-hollow` },
      paint: { "icon-opacity": ["case", state("known", false), 0, 0.8] },
    },
  ] as LayerSpecification[];
}

function routes(t: Tones): LayerSpecification[] {
  const line = { "line-cap": "round", "line-join": "round" } as const;
  return [
    {
      id: "routes-case",
      type: "line",
      source: "routes",
      layout: line,
      paint: { "line-color": t.paper, "line-width": byZoom(9, 2, 12, 5.5), "line-opacity": 0.85 },
    },
    {
      id: "routes-proposed",
      type: "line",
      source: "routes",
      filter: ["==", ["get", "ordered"], false],
      layout: { "line-join": "round" },
      paint: {
        "line-color": t.ink,
        "line-width": byZoom(9, 0.9, 12, 2.25),
        "line-dasharray": [2.5, 2],
      },
    },
    {
      id: "routes-ordered",
      type: "line",
      source: "routes",
      filter: ["==", ["get", "ordered"], true],
      layout: line,
      paint: { "line-color": t.ink, "line-width": byZoom(9, 1, 12, 3) },
    },
  ];
}

const TRUCK = {
  "icon-image": ["concat", "truck-", ["get", "state"]] as ExpressionSpecification,
  "icon-allow-overlap": true,
  "icon-ignore-placement": true,
};

function trucks(id: string, busy: number, size: ExpressionSpecification): LayerSpecification {
  return {
    id,
    type: "symbol",
    source: "trucks",
    filter: ["==", ["get", "busy"], busy],
    layout: { ...TRUCK, "icon-size": size },
    paint: {},
  };
}

function heading(): LayerSpecification {
  return {
    id: "trucks-heading",
    type: "symbol",
    source: "trucks",
    filter: ["!=", ["get", "heading"], null],
    layout: {
      "icon-image": "heading",
      "icon-rotate": ["coalesce", ["get", "heading"], 0],
      "icon-offset": [0, -14],
      "icon-size": byZoom(9, 0.35, 11, 0.65, 13, 1),
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-rotation-alignment": "map",
    },
    paint: {},
  };
}

const isDrawn = (drawn: Drawn): ExpressionSpecification => [
  "==",
  ["coalesce", ["feature-state", "drawn"], "plain"],
  drawn,
];

const CLASS_RADII = [RADIUS.dry, RADIUS.notice, RADIUS.waterlogged, RADIUS.closure, RADIUS.severe];

function points(t: Tones): LayerSpecification[] {
  return [
    ...CLASS_RADII.flatMap((radius, status) => [
      pointClass(status, radius, t),
      ...MARKED.filter(([, least]) => status >= least).map(([drawn]) => marked(drawn, status)),
    ]),
    {
      id: "points-unknown",
      type: "symbol",
      source: "points",
      layout: {
        "icon-image": "unknown-point",
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "icon-size": 0.85,
      },
      paint: { "icon-opacity": ["case", ["<", state("status", -1), 0], 1, 0] },
    },
    {
      id: "selected",
      type: "circle",
      source: "selected",
      paint: {
        "circle-radius": 17,
        "circle-opacity": 0,
        "circle-color": t.paper,
        "circle-stroke-color": t.ink,
        "circle-stroke-width": 2.5,
      },
    },
  ];
}

/** What is drawn as an icon, and the least class that there is of it. */
export const MARKED: readonly [drawn: Exclude<Drawn, "plain">, least: number][] = [
  ["doubt", 1],
  ["clearing", 2],
];

/** A class in doubt, or one that the water is leaving. */
function marked(drawn: Exclude<Drawn, "plain">, status: number): LayerSpecification {
  const isThis: ExpressionSpecification = ["==", state("status", -1), status];
  return {
    id: `points-${status}-${drawn}`,
    type: "symbol",
    source: "points",
    layout: {
      "icon-image": `${drawn}-${status}`,
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
    },
    paint: { "icon-opacity": ["case", ["all", isThis, isDrawn(drawn)], 1, 0] },
  };
}

/** One layer per class, so that the worse lies on top; a point shows in the one of its status. */
function pointClass(status: number, radius: number, t: Tones): LayerSpecification {
  const isThis: ExpressionSpecification = ["==", state("status", -1), status];
  const shown: ExpressionSpecification = ["case", ["all", isThis, isDrawn("plain")], 1, 0];
  return {
    id: `points-${status}`,
    type: "circle",
    source: "points",
    paint: {
      "circle-radius": radius,
      "circle-color": DEPTH_COLOURS[status] ?? t.paper,
      "circle-opacity": shown,
      "circle-stroke-color": t.ink,
      "circle-stroke-width": status === 0 ? 1 : 1.75,
      "circle-stroke-opacity": shown,
    },
  };
}

function labels(t: Tones): LayerSpecification {
  return {
    id: "labels",
    type: "symbol",
    source: "labels",
    layout: {
      "text-field": labelText(),
      "text-font": [FONT],
      "text-size": ["match", ["get", "status"], 1, 11, 2, 13, 14.5],
      "text-variable-anchor": ["left", "right", "top", "bottom"],
      "text-radial-offset": 1,
      "text-justify": "auto",
      "symbol-sort-key": ["get", "order"],
      "text-padding": 1,
    },
    paint: { "text-color": t.ink, "text-halo-color": t.paper, "text-halo-width": 2 },
  } as LayerSpecification;
}

function labelText(): ExpressionSpecification {
  return [
    "step",
    ["zoom"],
    ["format", ["get", "depth"], {}],
    12.5,
    ["format", ["get", "depth"], {}, "\n", {}, ["get", "name"], { "font-scale": 0.85 }],
  ] as unknown as ExpressionSpecification;
}
