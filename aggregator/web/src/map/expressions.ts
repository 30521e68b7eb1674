// Expressions of the map's style that several layers use.

import type { ExpressionSpecification } from "maplibre-gl";
import type { Lang } from "../model.ts";

/** A live value of a feature. */
export const state = (name: string, otherwise: number | boolean): ExpressionSpecification => [
  "coalesce",
  ["feature-state", name],
  otherwise,
];

/** Zoom, size, zoom, size … with straight lines between. */
export const byZoom = (...stops: number[]): ExpressionSpecification =>
  ["interpolate", ["linear"], ["zoom"], ...stops] as unknown as ExpressionSpecification;

/** A name in the page's language, where the layer has one. */
export function nameIn(lang: Lang): ExpressionSpecification {
  return lang === "en"
    ? ["coalesce", ["get", "name_en"], ["get", "name"], ""]
    : ["coalesce", ["get", "name"], ""];
}
