// The state as the aggregator tells it: `GET /api/v1/state` and the deltas of `/events`.
// Names and units are the API's; nothing here is interpreted.

export type Lang = "zh" | "en";
export type Name = Record<Lang, string>;
export type LonLat = [number, number];
/** RFC 3339, UTC. */
export type Instant = string;

export type Mode = "actual" | "exercise" | "replay";
export type Parameter =
  | "depth"
  | "stage"
  | "water-level"
  | "rainfall-depth"
  | "rainfall-intensity";
export type GaugeStatus = "ok" | "suspect" | "fail" | "missing" | "stale" | "silent";
export type DepthClass = "dry" | "notice" | "waterlogged" | "closure" | "severe";
export type PointStatus = "unknown" | DepthClass;
export type Cause = "no-data" | "stale" | "suspect";
export type TruckState =
  | "idle"
  | "driving"
  | "setting-up"
  | "pumping"
  | "packing-up"
  | "out-of-service"
  | "unknown";
export type OrderState = "sent" | "received" | "done" | "recalled";
/** QARTOD: pass 1, not evaluated 2, suspect 3, fail 4, missing 9. */
export type Quality = 1 | 2 | 3 | 4 | 9;

export interface City {
  name: Name;
  time_zone: string;
  datum: string;
  centre: LonLat;
  bounds: [number, number, number, number];
  /** Whom the layers come from, where the licence asks for it. */
  attribution?: string;
}

export interface Gauge {
  id: string;
  key: number;
  name: Name;
  parameter: Parameter;
  unit: string;
  position: LonLat;
  interval_s: number;
  alert_m?: number | null;
  value: number | null;
  observed_at: Instant | null;
  quality: Quality | null;
  tests: string[];
  status: GaugeStatus;
}

export interface Thresholds {
  notice_m: number;
  waterlogged_m: number;
  closure_m: number;
  severe_m: number;
}

export interface Skill {
  horizon_minutes: number;
  verified: number;
  mae_m: number | null;
  mae_persistence_m: number | null;
  hits: number;
  misses: number;
  false_alarms: number;
}

export interface Horizon {
  minutes: number;
  p10_m: number;
  p50_m: number;
  p90_m: number;
}

export interface Forecast {
  basis_at: Instant;
  method: string;
  horizons: Horizon[];
  waterlogged_probability_60: number | null;
  peak_m: number | null;
  peak_at: Instant | null;
  reaches_waterlogged_at: Instant | null;
  reaches_closure_at: Instant | null;
  dry_at: Instant | null;
  skill: Skill | null;
}

export interface Point {
  id: string;
  key: number;
  name: Name;
  type: string;
  position: LonLat;
  district: string | null;
  level_gauge: string;
  rain_gauges: string[];
  weight: number;
  thresholds: Thresholds;
  status: PointStatus;
  status_since: Instant;
  depth_m: number | null;
  observed_at: Instant | null;
  quality: Quality | null;
  cause: Cause | null;
  suspect_depth_m: number | null;
  rate_m_per_h: number | null;
  rain_mm_per_h: number | null;
  volume_m3: number | null;
  forecast: Forecast | null;
}

export interface Truck {
  id: string;
  key: number;
  name: Name;
  capacity_m3h: number;
  home: LonLat;
  position: LonLat;
  reported_at: Instant | null;
  state: TruckState;
  order: string | null;
  point: string | null;
  pumped_m3: number;
}

export interface Coded {
  code: string;
  params: Record<string, unknown>;
}

export interface Alternative {
  truck: string;
  eta_minutes: number;
  capacity_m3h: number;
  regret_m3h: number;
}

export interface Recommendation {
  truck: string;
  point: string;
  standing: boolean;
  eta_minutes: number;
  distance_m: number;
  arrives_at: Instant;
  sets_up_until: Instant;
  volume_on_arrival_m3: number;
  capacity_m3h: number;
  drained_at: Instant | null;
  drained_without_at: Instant | null;
  saved_m3h: number;
  reasons: Coded[];
  against: Coded[];
  alternatives: Alternative[];
  route: LonLat[];
  routed_by: "roads" | "straight-line";
}

export interface Plan {
  version: number;
  made_at: Instant;
  horizon_minutes: number;
  cost: number;
  cost_without: number;
  bound: number;
  gap_percent: number | null;
  recommendations: Recommendation[];
  unserved: (Coded & { point: string })[];
}

export interface Order {
  id: string;
  truck: string;
  point: string;
  issued_at: Instant;
  state: OrderState;
  eta_at: Instant;
}

export interface Agent {
  id: string;
  online: boolean;
  last_seen: Instant | null;
  spooled_batches: number;
  dropped: number;
  failed_readings: number;
  silent_sources: string[];
  holes: number;
  backfill_until: Instant | null;
}

export interface Delta {
  seq: number;
  now: Instant;
  mode: Mode;
  speed: number;
  city?: City;
  gauges?: Gauge[];
  points?: Point[];
  trucks?: Truck[];
  plan?: Plan | null;
  orders?: Order[];
  agents?: Agent[];
  counters?: Record<string, number>;
  /** Gauges that no layer knows, and how many observations each gave. */
  unknown_gauges?: Record<string, number>;
}

export interface Hydrograph {
  point: string;
  from: Instant;
  to: Instant;
  thresholds: Thresholds;
  depth: [number, number | null, Quality][];
  rainfall: [number, number][];
  forecast: { basis_at: Instant; curve: [number, number, number, number][] } | null;
}

export interface Observations {
  gauge: string;
  parameter: Parameter;
  unit: string;
  observations: [number, number | null, Quality][];
}

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

export function isOpen(order: Order): boolean {
  return order.state === "sent" || order.state === "received";
}
