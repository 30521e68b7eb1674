// Minimal examples of the API's elements; a test names only what it is about.

import type { Forecast, Gauge, OrderView, Point, State, Truck } from "../src/model.ts";

export const NOON = Date.parse("2026-07-21T12:00:00Z");

export function at(minutes: number): string {
  return new Date(NOON + minutes * 60_000).toISOString();
}

export function point(given: Partial<Point> = {}): Point {
  return {
    id: "wp-01",
    key: 1,
    name: { zh: "码头下穿", en: "Dock underpass" },
    type: "underpass",
    position: [121.5, 31.2],
    district: null,
    level_gauge: "lg-0001",
    rain_gauges: [],
    weight: 1,
    thresholds: {
      notice_m: 0.05,
      waterlogged_m: 0.15,
      closure_m: 0.27,
      severe_m: 0.4,
      hysteresis_m: 0.03,
      hold_s: 600,
    },
    status: "dry",
    status_since: at(-60),
    depth_m: 0,
    observed_at: at(-1),
    quality: 1,
    cause: null,
    last_class: given.status === "unknown" ? null : (given.status ?? "dry"),
    doubt_tests: [],
    is_clearing: false,
    suspect_depth_m: null,
    rate_m_per_h: 0,
    rain_mm_per_h: 0,
    volume_m3: 0,
    forecast: null,
    ...given,
  };
}

export function truck(given: Partial<Truck> = {}): Truck {
  return {
    id: "pt-01",
    key: 0,
    name: { zh: "一号泵车", en: "Pump truck 1" },
    capacity_m3h: 1000,
    home: [121.5, 31.2],
    position: [121.5, 31.2],
    position_in_doubt: false,
    reported_at: at(-1),
    state: "idle",
    order: null,
    point: null,
    pumped_m3: 0,
    ...given,
  };
}

export function forecast(given: Partial<Forecast> = {}): Forecast {
  return {
    basis_at: at(0),
    method: "reservoir",
    horizons: [],
    waterlogged_probability_60: 0,
    peak_m: 0,
    peak_at: at(0),
    reaches_waterlogged_at: null,
    reaches_closure_at: null,
    dry_at: null,
    lacks: [],
    drain: null,
    skill: {
      horizon_minutes: 30,
      verified: 0,
      mae_m: null,
      mae_persistence_m: null,
      hits: 0,
      misses: 0,
      false_alarms: 0,
    },
    ...given,
  };
}

export function gauge(given: Partial<Gauge> = {}): Gauge {
  return {
    id: "lg-0001",
    key: 1,
    name: { zh: "一号水位计", en: "Level gauge 1" },
    parameter: "depth",
    unit: "m",
    position: [121.5, 31.2],
    interval_s: 60,
    alert_m: null,
    value: 0,
    observed_at: at(-1),
    quality: 1,
    tests: [],
    status: "ok",
    ...given,
  };
}

export function order(given: Partial<OrderView> = {}): OrderView {
  return {
    id: "o-1",
    truck: "pt-01",
    point: "wp-01",
    issued_at: at(0),
    state: "sent",
    eta_at: at(10),
    ended_at: null,
    plan: null,
    ...given,
  };
}

export function delta(seq: number, given: Partial<State> = {}): State {
  return { seq, now: at(0), mode: "actual", speed: 1, counters: {}, ...given };
}
