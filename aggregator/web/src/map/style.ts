// How the map looks: a grey city, and colour only where water stands.

import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Layer, Theme } from "../desk.ts";
import type { Lang } from "../model.ts";
import { RADIUS } from "../symbols.ts";
import { NOTHING } from "./features.ts";
import { FONT, fontFaces } from "./fonts.ts";

interface Tones {
  ground: string;
  district: string;
  border: string;
  water: string;
  road: string;
  roadEdge: string;
  sewer: string;
  faint: string;
  ink: string;
  ink2: string;
  paper: string;
  rain: [string, string, string, string];
}

const TONES: Record<Theme, Tones> = {
  light: {
    ground: "#e4e2dd",
    district: "#f1efeb",
    border: "#c4beb4",
    water: "#ccd6d9",
    road: "#ffffff",
    roadEdge: "#d8d3ca",
    sewer: "#b3aa9c",
    faint: "#a9a59d",
    ink: "#20262b",
    ink2: "#5b656c",
    paper: "#ffffff",
    rain: ["#b4b9bd", "#8a939a", "#525c64", "#1f262b"],
  },
  dark: {
    ground: "#12161a",
    district: "#1b2126",
    border: "#3a444c",
    water: "#26333a",
    road: "#333c44",
    roadEdge: "#14181c",
    sewer: "#4c555c",
    faint: "#5b646b",
    ink: "#eef2f4",
    ink2: "#a4afb7",
    paper: "#14191d",
    rain: ["#59626a", "#87929b", "#b9c4cb", "#f2f6f8"],
  },
};

/** The measured palette: apart for every kind of colour vision. Used for depth and nothing else. */
export const DEPTH_COLOURS = ["#868d93", "#9bd0f5", "#1b62b5", "#ffb000", "#8f0e2c"] as const;

const state = (name: string, otherwise: number | boolean): ExpressionSpecification => [
  "coalesce",
  ["feature-state", name],
  otherwise,
];

const byZoom = (...stops: number[]): ExpressionSpecification =>
  ["interpolate", ["linear"], ["zoom"], ...stops] as unknown as ExpressionSpecification;

const CLASS_RADII = [RADIUS.dry, RADIUS.notice, RADIUS.waterlogged, RADIUS.closure, RADIUS.severe];

/** The sources that hold live features; all begin empty. */
export const LIVE_SOURCES = ["points", "labels", "gauges", "trucks", "routes", "selected"] as const;

/** Static layers of the API that are drawn, and when they are fetched. */
export const STATIC_SOURCES = {
  first: ["districts", "canals", "roads"],
  idle: ["pump-stations", "shelters", "sewers"],
  /** Thousands of features, seen only from near. */
  near: ["communities"],
} as const;

/** Which style layers a legend entry switches. */
export const SWITCHES: Record<Layer, readonly string[]> = {
  trucks: ["trucks-idle", "trucks-busy", "trucks-heading"],
  routes: ["routes-case", "routes-proposed", "routes-ordered"],
  "rain-gauges": ["rain", "rain-unknown"],
  "level-gauges": ["level", "level-unknown"],
  "pump-stations": ["pump-stations"],
  shelters: ["shelters"],
  communities: ["communities"],
  districts: ["district-lines", "district-names"],
  roads: ["roads-case", "roads", "road-names"],
  canals: ["canal-areas", "canals"],
  sewers: ["sewers"],
};

export function style(theme: Theme, lang: Lang): StyleSpecification {
  const names = [...LIVE_SOURCES, ...Object.values(STATIC_SOURCES).flat()];
  const sources = Object.fromEntries(
    names.map((name) => [
      name,
      {
        type: "geojson" as const,
        data: NOTHING,
        ...(name === "communities" ? { maxzoom: 13 } : {}),
      },
    ]),
  );
  return {
    version: 8,
    "font-faces": fontFaces(),
    sources,
    layers: [...ground(TONES[theme], lang), ...things(TONES[theme]), ...live(TONES[theme])],
  } as StyleSpecification;
}

/** A name in the page's language, where the layer has one. */
export function nameIn(lang: Lang): ExpressionSpecification {
  return lang === "en"
    ? ["coalesce", ["get", "name_en"], ["get", "name"], ""]
    : ["coalesce", ["get", "name"], ""];
}

/** Layers whose text is a name. */
export const NAMED = ["district-names", "road-names"] as const;

export function labelText(): ExpressionSpecification {
  return [
    "step",
    ["zoom"],
    ["format", ["get", "depth"], {}],
    12.5,
    ["format", ["get", "depth"], {}, "\n", {}, ["get", "name"], { "font-scale": 0.85 }],
  ] as unknown as ExpressionSpecification;
}

function ground(t: Tones, lang: Lang): LayerSpecification[] {
  const isRoad = (...classes: string[]): ExpressionSpecification => [
    "in",
    ["get", "class"],
    ["literal", classes],
  ];
  const width = (scale: number): ExpressionSpecification =>
    [
      "interpolate",
      ["exponential", 1.5],
      ["zoom"],
      9,
      ["match", ["get", "class"], "motorway", 1.2 * scale, "arterial", 0.7 * scale, 0.25 * scale],
      13,
      ["match", ["get", "class"], "motorway", 4 * scale, "arterial", 2.8 * scale, 1.4 * scale],
      17,
      ["match", ["get", "class"], "motorway", 16 * scale, "arterial", 13 * scale, 8 * scale],
    ] as unknown as ExpressionSpecification;
  const named = { "text-field": nameIn(lang), "text-font": [FONT] };
  const halo = { "text-color": t.ink2, "text-halo-color": t.district, "text-halo-width": 1.5 };
  return [
    { id: "ground", type: "background", paint: { "background-color": t.ground } },
    {
      id: "district-areas",
      type: "fill",
      source: "districts",
      paint: { "fill-color": t.district },
    },
    {
      id: "canal-areas",
      type: "fill",
      source: "canals",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": t.water },
    },
    {
      id: "canals",
      type: "line",
      source: "canals",
      filter: ["==", ["geometry-type"], "LineString"],
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-color": t.water,
        "line-width": [
          "interpolate",
          ["exponential", 1.5],
          ["zoom"],
          9,
          ["match", ["get", "class"], "river", 4, 1.2],
          14,
          ["match", ["get", "class"], "river", 22, 6],
        ],
      },
    },
    {
      id: "sewers",
      type: "line",
      source: "sewers",
      minzoom: 11,
      paint: {
        "line-color": t.sewer,
        "line-width": byZoom(11, 0.6, 15, 2),
        "line-dasharray": [1, 2],
      },
    },
    {
      id: "roads-case",
      type: "line",
      source: "roads",
      minzoom: 11.5,
      filter: isRoad("motorway", "arterial"),
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": t.roadEdge, "line-width": width(1.45) },
    },
    {
      id: "roads",
      type: "line",
      source: "roads",
      layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": t.road, "line-width": width(1) },
    },
    {
      id: "district-lines",
      type: "line",
      source: "districts",
      paint: { "line-color": t.border, "line-width": 1.25, "line-dasharray": [4, 3] },
    },
    {
      id: "road-names",
      type: "symbol",
      source: "roads",
      minzoom: 13.5,
      layout: { ...named, "symbol-placement": "line", "text-size": 11, "symbol-spacing": 400 },
      paint: { ...halo, "text-halo-color": t.road },
    },
    {
      id: "district-names",
      type: "symbol",
      source: "districts",
      maxzoom: 14,
      layout: {
        ...named,
        "text-size": byZoom(9, 11, 13, 16),
        "text-letter-spacing": 0.15,
        "text-padding": 8,
      },
      paint: { ...halo, "text-opacity": 0.85 },
    },
  ];
}

function things(t: Tones): LayerSpecification[] {
  const icon = (name: string, minzoom: number, size: number): LayerSpecification => ({
    id: name,
    type: "symbol",
    source: name,
    minzoom,
    layout: {
      "icon-image": name === "shelters" ? "house" : "square",
      "icon-size": size,
      "icon-allow-overlap": true,
    },
    paint: { "icon-opacity": 0.75 },
  });
  return [
    {
      id: "communities",
      type: "circle",
      source: "communities",
      minzoom: 13,
      paint: { "circle-radius": byZoom(13, 1.5, 16, 4), "circle-color": t.faint },
    },
    icon("shelters", 12.5, 0.55),
    icon("pump-stations", 12, 0.5),
  ];
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

/** One layer per class, so that the worse lies on top; a point shows in the one of its status. */
function pointClass(status: number, radius: number, t: Tones): LayerSpecification {
  const shown: ExpressionSpecification = ["case", ["==", state("status", -1), status], 1, 0];
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

function live(t: Tones): LayerSpecification[] {
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
  const line = { "line-cap": "round", "line-join": "round" } as const;
  const truckLayout = {
    "icon-image": ["concat", "truck-", ["get", "state"]],
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
  };
  return [
    ...gauge("level", false, "drop", alert),
    ...gauge("rain", true, "triangle", heavy),
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
    {
      id: "trucks-idle",
      type: "symbol",
      source: "trucks",
      filter: ["==", ["get", "busy"], 0],
      layout: { ...truckLayout, "icon-size": byZoom(9, 0.25, 11, 0.45, 13, 0.8) },
      paint: {},
    },
    ...CLASS_RADII.map((radius, status) => pointClass(status, radius, t)),
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
    {
      id: "trucks-busy",
      type: "symbol",
      source: "trucks",
      filter: ["==", ["get", "busy"], 1],
      layout: { ...truckLayout, "icon-size": byZoom(9, 0.35, 11, 0.65, 13, 1) },
      paint: {},
    },
    {
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
    },
    {
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
    },
  ] as LayerSpecification[];
}
