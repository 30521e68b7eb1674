// Numbers with their units, and times in the city's zone on a 24-hour clock.
// Depth in whole centimetres, level in metres with two decimals, rain in mm/h, volume in m³.

import { type Lang, type Parameter, STEADY_M_PER_H } from "../model.ts";

export interface Quantity {
  number: string;
  unit: string;
}

/** For a number that is not known. Never a zero. */
export const NO_NUMBER = "—";

const plain = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

function whole(value: number): string {
  return plain.format(Math.round(value) || 0).replace("-", "−");
}

function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? (0).toFixed(digits) : text).replace("-", "−");
}

export function depth(metres: number | null): Quantity {
  return { number: metres === null ? NO_NUMBER : whole(metres * 100), unit: "cm" };
}

export function level(metres: number | null): Quantity {
  return { number: metres === null ? NO_NUMBER : fixed(metres, 2), unit: "m" };
}

export function intensity(mmPerHour: number | null): Quantity {
  return { number: mmPerHour === null ? NO_NUMBER : fixed(mmPerHour, 1), unit: "mm/h" };
}

export function volume(cubicMetres: number | null): Quantity {
  return { number: cubicMetres === null ? NO_NUMBER : whole(cubicMetres), unit: "m³" };
}

export function flow(cubicMetresPerHour: number | null): Quantity {
  const number = cubicMetresPerHour === null ? NO_NUMBER : whole(cubicMetresPerHour);
  return { number, unit: "m³/h" };
}

/** How fast the water changes, in cm/h without its sign (an arrow or a word carries it). */
export function rate(metresPerHour: number): Quantity {
  return { number: whole(Math.abs(metresPerHour) * 100), unit: "cm/h" };
}

export function observed(parameter: Parameter, value: number | null, intervalS: number): Quantity {
  switch (parameter) {
    case "depth":
      return depth(value);
    case "stage":
    case "water-level":
      return level(value);
    case "rainfall-intensity":
      return intensity(value);
    case "rainfall-depth": {
      const span = intervalS % 60 === 0 ? `${intervalS / 60} min` : `${intervalS} s`;
      return { number: value === null ? NO_NUMBER : fixed(value, 1), unit: `mm/${span}` };
    }
  }
}

/** A depth to be remembered: whole metres from one metre on, else whole tens of centimetres. */
export function roundDepth(metres: number): Quantity {
  return metres >= 1
    ? { number: whole(Math.floor(metres)), unit: "m" }
    : { number: whole(Math.floor(metres * 10 + 1e-9) * 10), unit: "cm" };
}

/** With a no-break space, so that a number never loses its unit at a line's end. */
export function text(quantity: Quantity): string {
  return `${quantity.number}\u00a0${quantity.unit}`;
}

export function distance(metres: number): string {
  return metres >= 1000 ? `${fixed(metres / 1000, 1)}\u00a0km` : `${whole(metres)}\u00a0m`;
}

export function count(value: number): string {
  return whole(value);
}

export type Trend = "rising" | "falling" | "steady";

/** Faster than 10 cm a minute a number says more of the gauge than of the water. */
const FASTEST_M_PER_H = 6;

/** Whether a change of the water can be told as a number. */
export function isTellable(metresPerHour: number): boolean {
  return Math.abs(metresPerHour) <= FASTEST_M_PER_H;
}

export function trend(metresPerHour: number | null): Trend | null {
  if (metresPerHour === null) return null;
  if (Math.abs(metresPerHour) < STEADY_M_PER_H) return "steady";
  return metresPerHour > 0 ? "rising" : "falling";
}

/** Times of one city in one language. */
export class Times {
  readonly #clock: Intl.DateTimeFormat;
  readonly #seconds: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #offset: Intl.DateTimeFormat;

  constructor(
    readonly lang: Lang,
    readonly zone: string,
  ) {
    const base = { timeZone: zone, hourCycle: "h23" } as const;
    const locale = lang === "zh" ? "zh-CN" : "en-GB";
    const hm = { ...base, hour: "2-digit", minute: "2-digit" } as const;
    this.#clock = new Intl.DateTimeFormat("en-GB", hm);
    this.#seconds = new Intl.DateTimeFormat("en-GB", { ...hm, second: "2-digit" });
    this.#day = new Intl.DateTimeFormat(locale, { ...base, month: "short", day: "numeric" });
    this.#date = new Intl.DateTimeFormat(locale, {
      ...base,
      year: "numeric",
      month: "short",
      day: "numeric",
      weekday: "short",
    });
    this.#offset = new Intl.DateTimeFormat("en-GB", { ...base, timeZoneName: "longOffset" });
  }

  /** `08:31` */
  clock(at: number): string {
    return this.#clock.format(at);
  }

  /** `08:31:07` */
  seconds(at: number): string {
    return this.#seconds.format(at);
  }

  date(at: number): string {
    return this.#date.format(at);
  }

  /** `08:31`, with the day where it is not today's. */
  at(at: number, now: number): string {
    const clock = this.clock(at);
    return this.#day.format(at) === this.#day.format(now)
      ? clock
      : `${this.#day.format(at)} ${clock}`;
  }

  /** `UTC+8` */
  offset(at: number): string {
    const part = this.#offset.formatToParts(at).find((p) => p.type === "timeZoneName");
    return (part?.value ?? "UTC")
      .replace("GMT", "UTC")
      .replace(/([+-])0(\d)/, "$1$2")
      .replace(":00", "");
  }
}

/** How long ago, in the step a reader needs: seconds, minutes, or (null) the time itself. */
export function ageStep(ms: number): { unit: "s" | "min"; n: number } | null {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return { unit: "s", n: seconds };
  if (seconds < 3600) return { unit: "min", n: Math.floor(seconds / 60) };
  return null;
}

/** Whole minutes from now, never below zero. */
export function minutesUntil(at: number, now: number): number {
  return Math.max(0, Math.round((at - now) / 60_000));
}
