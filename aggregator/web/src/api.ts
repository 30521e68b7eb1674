// Generated from the server's OpenAPI document by `npm run model`; not to be edited.

export type Id = string;
/**
 * WGS 84 longitude, latitude
 *
 * @minItems 2
 * @maxItems 2
 */
export type LonLat = [number, number];
/**
 * What the data of a run may be taken for.
 */
export type Mode = "actual" | "exercise" | "replay";
/**
 * QARTOD: pass 1, not evaluated 2, suspect 3, fail 4, missing 9
 */
export type Quality = 1 | 2 | 3 | 4 | 9;
/**
 * A quality test that a reading did not pass.
 */
export type QualityTest =
  "gross-range" | "spike" | "rate-of-change" | "flat-line" | "sentinel" | "clock";
/**
 * What a gauge gives; its unit is fixed.
 */
export type Parameter = "depth" | "stage" | "water-level" | "rainfall-depth" | "rainfall-intensity";
/**
 * What was refused or failed, in one of these words.
 */
export type ProblemTitle =
  | "bad request"
  | "internal error"
  | "not found"
  | "not ready"
  | "shutting down"
  | "truck is busy"
  | "truck is out of service"
  | "the plan has changed"
  | "the order has ended"
  | "the order was not kept";
/**
 * How far a gauge can be believed.
 */
export type GaugeStatus = "ok" | "suspect" | "fail" | "missing" | "stale" | "silent";
/**
 * What kind of place a waterlogging point is.
 */
export type PointKind = "underpass" | "street" | "tunnel" | "estate";
/**
 * What is said of a waterlogging point. Unknown is never to be read as dry.
 */
export type PointStatus = "unknown" | "dry" | "notice" | "waterlogged" | "closure" | "severe";
/**
 * Why a point is unknown, or what casts doubt on its status.
 */
export type Cause = "no-data" | "stale" | "suspect";
/**
 * What a forecast rests on.
 */
export type Method = "reservoir" | "rate-of-rise";
/**
 * What a truck is doing, as far as is known.
 */
export type TruckState =
  "idle" | "driving" | "setting-up" | "pumping" | "packing-up" | "out-of-service" | "unknown";
/**
 * Why this truck should go to this point.
 */
export type Reason =
  | {
      code: "depth-now";
      params: {
        depth_m: number;
      };
    }
  | {
      code: "rising";
      params: {
        rate_m_per_h: number;
      };
    }
  | {
      code: "forecast-peak";
      params: {
        depth_m: number;
        at: string;
      };
    }
  | {
      code: "reaches-closure";
      params: {
        at: string;
      };
    }
  | {
      code: "important-place";
      params: {
        weight: number;
      };
    }
  | {
      code: "nearest-free";
      params: {
        eta_minutes: number;
      };
    }
  | {
      code: "capacity-fits";
      params: {
        capacity_m3h: number;
        inflow_m3h: number;
      };
    }
  | {
      code: "heavy-rain";
      params: {
        mm_per_h: number;
      };
    };
/**
 * What speaks against it.
 */
export type Against =
  | {
      code: "arrives-after-closure";
      params: {
        minutes: number;
      };
    }
  | {
      code: "cannot-win";
      params: {
        inflow_m3h: number;
        capacity_m3h: number;
      };
    }
  | {
      code: "district-left-without-reserve";
      params: {
        district: Id;
      };
    }
  | {
      code: "straight-line-estimate";
      params: {};
    }
  | {
      code: "forecast-unverified";
      params: {};
    }
  | {
      code: "truck-not-heard";
      params: {
        since: string | null;
      };
    };
/**
 * What a route rests on.
 */
export type RoutedBy = "roads" | "straight-line";
/**
 * Why a point in need gets no truck.
 */
export type UnservedCode = "no-truck-left" | "gain-below-switch";
/**
 * Where an order stands.
 */
export type OrderState = "sent" | "received" | "done" | "recalled";
/**
 * A thing that is counted since the start.
 */
export type Counter =
  | "observations"
  | "duplicates"
  | "batches"
  | "commits"
  | "unknown-gauge"
  | "future"
  | "too-old"
  | "bad-payload"
  | "bad-topic"
  | "out-of-range"
  | "wrong-mode"
  | "wrong-parameter"
  | "given-up"
  | "commit-failures";
/**
 * Epoch milliseconds, value, quality flag
 *
 * @minItems 3
 * @maxItems 3
 */
export type SeriesElement = [number, number | null, Quality];
/**
 * Epoch milliseconds, mean intensity over the point's rain gauges in mm/h
 *
 * @minItems 2
 * @maxItems 2
 */
export type RainfallElement = [number, number];
/**
 * Epoch milliseconds, then the depth in metres: 10 %, median, 90 %
 *
 * @minItems 4
 * @maxItems 4
 */
export type CurveElement = [number, number, number, number];
/**
 * A layer of the flood map: /layers/{layer}.geojson.
 */
export type LayerName =
  | "gauges"
  | "waterlogging-points"
  | "pump-trucks"
  | "routes"
  | "pump-stations"
  | "shelters"
  | "communities"
  | "districts"
  | "roads"
  | "canals"
  | "sewers";

/**
 * All schemas by name.
 */
export interface Schemas {
  Id: Id;
  Name: Name;
  LonLat: LonLat;
  Mode: Mode;
  Quality: Quality;
  QualityTest: QualityTest;
  Parameter: Parameter;
  ProblemTitle: ProblemTitle;
  Problem: Problem;
  State: State;
  Counter: Counter;
  Counters: Counters;
  City: City;
  GaugeStatus: GaugeStatus;
  Gauge: Gauge;
  PointStatus: PointStatus;
  Cause: Cause;
  PointKind: PointKind;
  Thresholds: Thresholds;
  Point: Point;
  Method: Method;
  Horizon: Horizon;
  Skill: Skill;
  Forecast: Forecast;
  TruckState: TruckState;
  Truck: Truck;
  Reason: Reason;
  Against: Against;
  Alternative: Alternative;
  RoutedBy: RoutedBy;
  Recommendation: Recommendation;
  UnservedCode: UnservedCode;
  Unserved: Unserved;
  Plan: Plan;
  OrderState: OrderState;
  OrderView: OrderView;
  Order: Order;
  Dispatch: Dispatch;
  Agent: Agent;
  Refused: Refused;
  SeriesElement: SeriesElement;
  Observations: Observations;
  RainfallElement: RainfallElement;
  CurveElement: CurveElement;
  ForecastCurve: ForecastCurve;
  Hydrograph: Hydrograph;
  LayerName: LayerName;
  LayerProperties: LayerProperties;
  RouteProperties: RouteProperties;
}
/**
 * A name in the city's own language and in English.
 */
export interface Name {
  zh: string;
  en: string;
}
/**
 * A refused or failed request (RFC 9457).
 */
export interface Problem {
  type: string;
  title: ProblemTitle;
  status: number;
  detail?: string;
}
/**
 * The whole state, or what changed of it (event `delta` of /events, whose event `reset` asks to fetch the whole state anew). Lists absent from a delta are unchanged; an element replaces the one with the same id. `seq` grows with every delta; the whole state contains all deltas up to its own.
 */
export interface State {
  seq: number;
  now: string;
  mode: Mode;
  /**
   * Storm seconds per second
   */
  speed: number;
  city?: City;
  gauges?: Gauge[];
  points?: Point[];
  trucks?: Truck[];
  plan?: Plan;
  orders?: OrderView[];
  agents?: Agent[];
  /**
   * Gauges that no layer knows, and how many observations each gave
   */
  unknown_gauges?: {
    [k: string]: number;
  };
  counters: Counters;
}
/**
 * The city's constants.
 */
export interface City {
  name: Name;
  time_zone: string;
  datum: string;
  centre: LonLat;
  /**
   * West, south, east, north
   *
   * @minItems 4
   * @maxItems 4
   */
  bounds: [number, number, number, number];
}
/**
 * A gauge with its newest observation.
 */
export interface Gauge {
  id: Id;
  key: number;
  name: Name;
  parameter: Parameter;
  unit: string;
  position: LonLat;
  interval_s: number;
  alert_m: number | null;
  value: number | null;
  observed_at: string | null;
  quality: null | Quality;
  tests: QualityTest[];
  status: GaugeStatus;
}
/**
 * A waterlogging point.
 */
export interface Point {
  id: Id;
  key: number;
  name: Name;
  type: PointKind;
  position: LonLat;
  district: null | Id;
  level_gauge: Id;
  rain_gauges: Id[];
  /**
   * Importance, 1 to 5
   */
  weight: number;
  thresholds: Thresholds;
  status: PointStatus;
  status_since: string;
  /**
   * The newest trustworthy depth, even where the point is unknown by now
   */
  depth_m: number | null;
  observed_at: string | null;
  quality: null | Quality;
  cause: null | Cause;
  suspect_depth_m: number | null;
  rate_m_per_h: number | null;
  rain_mm_per_h: number | null;
  volume_m3: number | null;
  forecast: null | Forecast;
}
/**
 * Depth thresholds of a waterlogging point, in metres of water above ground.
 */
export interface Thresholds {
  notice_m: number;
  waterlogged_m: number;
  closure_m: number;
  severe_m: number;
  /**
   * A flag is lowered only this far below the threshold that raised it, and only after `hold_s` there
   */
  hysteresis_m: number;
  hold_s: number;
}
/**
 * A forecast of one point.
 */
export interface Forecast {
  basis_at: string;
  method: Method;
  horizons: Horizon[];
  waterlogged_probability_60: number;
  peak_m: number;
  peak_at: string;
  reaches_waterlogged_at: string | null;
  reaches_closure_at: string | null;
  dry_at: string | null;
  skill: Skill;
}
/**
 * Depths at one horizon.
 */
export interface Horizon {
  minutes: number;
  p10_m: number;
  p50_m: number;
  p90_m: number;
}
/**
 * How good the forecasts of a point were so far.
 */
export interface Skill {
  horizon_minutes: number;
  verified: number;
  /**
   * Mean absolute error of the median
   */
  mae_m: number | null;
  /**
   * Mean absolute error of persistence
   */
  mae_persistence_m: number | null;
  hits: number;
  misses: number;
  false_alarms: number;
}
/**
 * A pump truck.
 */
export interface Truck {
  id: Id;
  key: number;
  name: Name;
  capacity_m3h: number;
  home: LonLat;
  position: LonLat;
  reported_at: string | null;
  state: TruckState;
  order: null | Id;
  point: null | Id;
  pumped_m3: number;
}
/**
 * A proposal for the whole fleet.
 */
export interface Plan {
  version: number;
  made_at: string;
  horizon_minutes: number;
  cost: number;
  cost_without: number;
  /**
   * No plan can cost less than this
   */
  bound: number;
  gap_percent: number;
  recommendations: Recommendation[];
  unserved: Unserved[];
}
/**
 * One truck to one point.
 */
export interface Recommendation {
  truck: Id;
  point: Id;
  /**
   * Recommended in the last plan too
   */
  standing: boolean;
  eta_minutes: number;
  distance_m: number;
  arrives_at: string;
  sets_up_until: string;
  volume_on_arrival_m3: number;
  capacity_m3h: number;
  drained_at: string | null;
  drained_without_at: string | null;
  /**
   * What it avoids, in weighted m³·h
   */
  saved_m3h: number;
  reasons: Reason[];
  against: Against[];
  alternatives: Alternative[];
  route: LonLat[];
  routed_by: RoutedBy;
}
/**
 * Another truck for the same point.
 */
export interface Alternative {
  truck: Id;
  eta_minutes: number;
  capacity_m3h: number;
  /**
   * What choosing it would cost more, in weighted m³·h
   */
  regret_m3h: number;
}
/**
 * A point in need that gets no truck.
 */
export interface Unserved {
  point: Id;
  code: UnservedCode;
  params: {};
}
/**
 * An order, without its route.
 */
export interface OrderView {
  id: Id;
  truck: Id;
  point: Id;
  issued_at: string;
  state: OrderState;
  eta_at: string;
  /**
   * The plan that it was confirmed from
   */
  plan: number | null;
}
/**
 * An agent.
 */
export interface Agent {
  id: Id;
  online: boolean;
  last_seen: string;
  spooled_batches: number;
  dropped: number;
  failed_readings: number;
  silent_sources: string[];
  holes: number;
  backfill_until: string | null;
}
/**
 * What was taken and refused since the start
 */
export interface Counters {
  [k: string]: number;
}
/**
 * One truck to one point, confirmed.
 */
export interface Order {
  id: Id;
  truck: Id;
  point: Id;
  issued_at: string;
  state: OrderState;
  eta_at: string;
  /**
   * The plan that it was confirmed from
   */
  plan: number | null;
  route: LonLat[];
}
/**
 * A dispatcher's wish.
 */
export interface Dispatch {
  truck: Id;
  point: Id;
  /**
   * The plan's version; refused with 409 if the present plan no longer says so
   */
  plan?: number | null;
}
export interface Refused {
  received_at: string;
  reason: string;
  topic: string;
  detail: string;
  payload: string;
}
/**
 * A gauge's observations, oldest first.
 */
export interface Observations {
  gauge: Id;
  parameter: Parameter;
  unit: string;
  observations: SeriesElement[];
}
/**
 * A forecast as a curve.
 */
export interface ForecastCurve {
  basis_at: string;
  curve: CurveElement[];
}
/**
 * Depth, rainfall and forecast of a point.
 */
export interface Hydrograph {
  point: Id;
  from: string;
  to: string;
  thresholds: Thresholds;
  depth: SeriesElement[];
  rainfall: RainfallElement[];
  forecast: null | ForecastCurve;
}
/**
 * Properties of a feature of a layer that never changes: as in the city's file, with its kind and both names.
 */
export interface LayerProperties {
  kind: string;
  name: string;
  name_en: string;
  /**
   * Of a road, canal or sewer
   */
  class?: string;
  [k: string]: unknown;
}
/**
 * Properties of a route on the flood map.
 */
export interface RouteProperties {
  kind: "route";
  truck: Id;
  point: Id;
  /**
   * Whether a dispatcher has confirmed it
   */
  ordered: boolean;
}
