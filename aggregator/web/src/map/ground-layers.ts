// The layers that never change: the grey city, and what stands in it.

import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { Lang } from "../model.ts";
import { byZoom, nameIn } from "./expressions.ts";
import { FONT } from "./fonts.ts";
import type { Tones } from "./tones.ts";

/** Layers whose text is a name. */
export const NAMED = ["district-names", "road-names"] as const;

export function groundLayers(t: Tones, lang: Lang): LayerSpecification[] {
  return [
    { id: "ground", type: "background", paint: { "background-color": t.ground } },
    {
      id: "district-areas",
      type: "fill",
      source: "districts",
      paint: { "fill-color": t.district },
    },
    ...water(t),
    ...roads(t),
    {
      id: "district-lines",
      type: "line",
      source: "districts",
      paint: { "line-color": t.border, "line-width": 1.25, "line-dasharray": [4, 3] },
    },
    ...names(t, lang),
  ];
}

function water(t: Tones): LayerSpecification[] {
  return [
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
  ];
}

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

function roads(t: Tones): LayerSpecification[] {
  return [
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
  ];
}

function names(t: Tones, lang: Lang): LayerSpecification[] {
  const named = { "text-field": nameIn(lang), "text-font": [FONT] };
  const halo = { "text-color": t.ink2, "text-halo-color": t.district, "text-halo-width": 1.5 };
  return [
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

export function placeLayers(t: Tones): LayerSpecification[] {
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
