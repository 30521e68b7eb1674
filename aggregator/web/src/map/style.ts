// How the map looks: a grey city, and colour only where water stands.

import type { StyleSpecification } from "maplibre-gl";
import type { Layer, Theme } from "../choices.ts";
import type { Lang, LayerName } from "../model.ts";
import { NOTHING } from "./features.ts";
import { fontFaces } from "./fonts.ts";
import { groundLayers, placeLayers } from "./ground-layers.ts";
import { liveLayers } from "./live-layers.ts";
import { TONES } from "./tones.ts";

/** The sources that hold live features; all begin empty. */
const LIVE_SOURCES = ["points", "labels", "gauges", "trucks", "routes", "selected"] as const;

/** Static layers of the API that are drawn, and when they are fetched. */
export const STATIC_SOURCES = {
  first: ["districts", "canals", "roads"],
  idle: ["pump-stations", "shelters", "sewers"],
  /** Thousands of features, seen only from near. */
  near: ["communities"],
} as const satisfies Record<string, readonly LayerName[]>;

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
    layers: [
      ...groundLayers(TONES[theme], lang),
      ...placeLayers(TONES[theme]),
      ...liveLayers(TONES[theme]),
    ],
  } as StyleSpecification;
}
