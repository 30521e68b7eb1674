// What the server tells, in the words of the page: the types are the API's, generated from its
// OpenAPI document; here stands what the page reads out of them.

import type {
  Counter,
  Gauge,
  Name,
  OrderView,
  Parameter,
  PointStatus,
  ProblemTitle,
} from "./api.ts";

export type * from "./api.ts";

export type Lang = keyof Name;

/** Counters of work done; all others tell of trouble. */
export const WORK_COUNTERS = [
  "observations",
  "duplicates",
  "batches",
  "commits",
  "readmitted",
] as const satisfies readonly Counter[];
export type Trouble = Exclude<Counter, (typeof WORK_COUNTERS)[number]>;

/** Faults of a program, which a dispatcher can do nothing about: shown as the server says them. */
export const FAULTS = [
  "bad request",
  "from another web page",
  "internal error",
  "last administrator",
  "link is spent",
  "log-in not begun here",
  "method not allowed",
  "name is taken",
  "no room",
  "nobody here",
  "not kept",
  "not proven by the provider",
  "not ready",
  "of the provider",
  "shutting down",
  "the provider is down",
  "timed out",
  "too large",
  "too many requests",
  "unknown host",
  "unsupported media type",
  "wrong name or password",
] as const satisfies readonly ProblemTitle[];
/** Why an order was not given, in the server's words. */
export type OrderRefusal = Exclude<ProblemTitle, (typeof FAULTS)[number]>;

/** Worst first; also the order of the legend. */
export const CLASSES: readonly PointStatus[] = [
  "severe",
  "closure",
  "waterlogged",
  "notice",
  "dry",
  "unknown",
];

/** What is drawn of a point: a class, or that the water goes, or that nothing is known. */
export type Shown = PointStatus | "clearing";

/** How bad a status is; unknown stands outside the scale. */
export function rank(status: PointStatus): number {
  return status === "unknown" ? -1 : 4 - CLASSES.indexOf(status);
}

export function isFlooded(status: PointStatus): boolean {
  return rank(status) >= 2;
}

/** Water that changes by less is called steady. */
export const STEADY_M_PER_H = 0.01;

export function isRising(metresPerHour: number | null): boolean {
  return metresPerHour !== null && metresPerHour >= STEADY_M_PER_H;
}

export function isRain(parameter: Parameter): boolean {
  return parameter === "rainfall-depth" || parameter === "rainfall-intensity";
}

export function isOpen(order: OrderView): boolean {
  return order.state === "sent" || order.state === "received";
}

/** Whether a gauge's newest value can be shown as the present one. */
export function isCurrent(gauge: Gauge): boolean {
  return gauge.status === "ok" || gauge.status === "suspect";
}

/** How far water stands above a river or canal gauge's alert level, if it has one. */
export function aboveAlertM({ parameter, alert_m, value }: Gauge): number {
  if (isRain(parameter) || alert_m === null || value === null) return -Infinity;
  return value - alert_m;
}

export function isAboveAlert(gauge: Gauge): boolean {
  return gauge.status === "ok" && aboveAlertM(gauge) >= 0;
}
