// What the server tells, in the words of the page: the types are the API's, generated from its
// OpenAPI document; here stands what the page reads out of them.

import type { Name, OrderView, Parameter, PointStatus } from "./api.ts";

export type * from "./api.ts";

export type Lang = keyof Name;

/** RFC 3339, UTC. */
export type Instant = string;

/** Worst first; also the order of the legend. */
export const CLASSES: readonly PointStatus[] = [
  "severe",
  "closure",
  "waterlogged",
  "notice",
  "dry",
  "unknown",
];

/** How bad a status is; unknown stands outside the scale. */
export function rank(status: PointStatus): number {
  return status === "unknown" ? -1 : 4 - CLASSES.indexOf(status);
}

export function isFlooded(status: PointStatus): boolean {
  return rank(status) >= 2;
}

export function isRain(parameter: Parameter): boolean {
  return parameter === "rainfall-depth" || parameter === "rainfall-intensity";
}

export function isOpen(order: OrderView): boolean {
  return order.state === "sent" || order.state === "received";
}
