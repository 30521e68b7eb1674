// Generated from the server's OpenAPI document by `npm run model`; not to be edited.

/**
 * Identifies one of its kind.
 */
export type Id = string;
/**
 * How others know somebody: not by what is invisible alone.
 */
export type ShownName = string;
/**
 * What speaks against it.
 */
export type Against =
  | {
      params: {
        minutes: number;
      };
      code: "arrives-after-closure";
    }
  | {
      params: {
        inflow_m3h: number;
        capacity_m3h: number;
      };
      code: "cannot-win";
    }
  | {
      params: {
        district: Id;
      };
      code: "district-left-without-reserve";
    }
  | {
      params: {};
      code: "straight-line-estimate";
    }
  | {
      params: {};
      code: "forecast-unverified";
    }
  | {
      /**
       * The gauge is silent or cannot be believed: this is what was known so long ago.
       */
      params: {
        minutes: number;
      };
      code: "depth-in-doubt";
    }
  | {
      /**
       * The truck has not told where it is, or not lately: its place is its last one, or its home.
       */
      params: {
        since: Instant | null;
      };
      code: "truck-not-heard";
    };
/**
 * RFC 3339, UTC, with milliseconds.
 */
export type Instant = string;
/**
 * What somebody is at the desk; each may what those before it may.
 */
export type PersonRole = "viewer" | "crew" | "dispatcher" | "administrator";
/**
 * `city`, `district/ID` or `district/ID/street/ID`.
 */
export type AreaPath = string;
/**
 * Why a point is unknown, or what casts doubt on its status.
 */
export type Cause = "no-data" | "stale" | "suspect";
/**
 * WGS 84 longitude and latitude in degrees.
 *
 * @minItems 2
 * @maxItems 2
 *
 * Items: WGS 84 longitude and latitude in degrees.
 */
export type LonLat = [number, number];
/**
 * A thing that is counted.
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
  | "commit-failures"
  | "conflicting"
  | "number-reused"
  | "readmitted"
  | "quarantine-full"
  | "wrong-interval"
  | "forbidden"
  | "forged"
  | "unknown-truck"
  | "not-granted"
  | "no-room";
/**
 * The kinds of deeds. The name of one is in the log for ever: a kind is added, never changed.
 */
export type DeedKind =
  | "started"
  | "stopped"
  | "reloaded"
  | "configuration-changed"
  | "exercise-begun"
  | "enrolled"
  | "revoked"
  | "dispatch-asked"
  | "recall-asked"
  | "order-given"
  | "order-recalled"
  | "request-refused"
  | "set-up"
  | "logged-in"
  | "logged-out"
  | "log-in-refused"
  | "access-refused"
  | "invited"
  | "invitation-withdrawn"
  | "account-made"
  | "account-changed"
  | "account-removed"
  | "password-changed"
  | "session-ended"
  | "token-made"
  | "token-revoked"
  | "repeated";
/**
 * What is told of a feature, by its kind.
 */
export type FeatureProperties =
  GaugeProperties | PointProperties | TruckProperties | RouteProperties | LayerProperties;
/**
 * What a gauge gives; its unit is fixed.
 */
export type Parameter = "depth" | "stage" | "water-level" | "rainfall-depth" | "rainfall-intensity";
/**
 * QARTOD: pass 1, not evaluated 2, suspect 3, fail 4, missing 9.
 */
export type Quality = 1 | 2 | 3 | 4 | 9;
/**
 * A quality test that a reading did not pass.
 */
export type QualityTest =
  "gross-range" | "spike" | "rate-of-change" | "flat-line" | "sentinel" | "clock" | "corrected";
/**
 * How far a gauge can be believed.
 */
export type GaugeStatus = "ok" | "suspect" | "fail" | "missing" | "stale" | "silent";
/**
 * What kind of place a waterlogging point is.
 */
export type PointKind = "underpass" | "street" | "tunnel" | "estate";
/**
 * What is said of a point, rising. Unknown is never to be read as dry.
 */
export type PointStatus = "unknown" | "dry" | "notice" | "waterlogged" | "closure" | "severe";
/**
 * What a forecast rests on.
 */
export type Method = "reservoir" | "reckoned" | "rate-of-rise";
/**
 * What a layer may leave unsaid of a point. Its forecast makes do without, and says so.
 */
export type Lack = "catchment" | "runoff" | "drain" | "storage";
/**
 * What a truck is doing, as far as is known.
 */
export type TruckState =
  "idle" | "driving" | "setting-up" | "pumping" | "packing-up" | "out-of-service" | "unknown";
/**
 * Properties of a route on the flood map.
 */
export type RouteProperties = Route & {
  kind: "route";
};
/**
 * A layer of the flood map: /layers/{layer}.geojson.
 */
export type LayerName =
  | "gauges"
  | "waterlogging-points"
  | "pump-trucks"
  | "pump-stations"
  | "shelters"
  | "communities"
  | "districts"
  | "roads"
  | "canals"
  | "sewers"
  | "routes";
/**
 * What holds for whoever has not logged in.
 */
export type LoginKind = "open" | "log-in" | "exercise";
/**
 * What the data of a run may be taken for.
 */
export type Mode = "actual" | "exercise" | "replay";
/**
 * An order with its route: only whoever gave or changed it is told.
 */
export type Order = OrderView & {
  route: LonLat[];
};
/**
 * Where an order stands.
 */
export type OrderState = "sent" | "received" | "done" | "recalled";
/**
 * Why this truck should go to this point. The page makes sentences of codes.
 */
export type Reason =
  | {
      params: {
        depth_m: number;
      };
      code: "depth-now";
    }
  | {
      params: {
        rate_m_per_h: number;
      };
      code: "rising";
    }
  | {
      params: {
        depth_m: number;
        at: Instant;
      };
      code: "forecast-peak";
    }
  | {
      params: {
        at: Instant;
      };
      code: "reaches-closure";
    }
  | {
      params: {
        weight: number;
      };
      code: "important-place";
    }
  | {
      params: {
        eta_minutes: number;
      };
      code: "nearest-free";
    }
  | {
      params: {
        capacity_m3h: number;
        inflow_m3h: number;
      };
      code: "capacity-fits";
    }
  | {
      params: {
        mm_per_h: number;
      };
      code: "heavy-rain";
    };
/**
 * What a route rests on.
 */
export type RoutedBy = "roads" | "straight-line";
/**
 * A point in need that gets no truck.
 */
export type Unserved = UnservedCode & {
  point: Id;
};
/**
 * Why a point in need gets no truck, and what would change it. The page makes sentences of codes.
 */
export type UnservedCode =
  | {
      /**
       * Every truck that could help is needed elsewhere more. With so many more of this capacity, where they
       * are needed most, it would be this point's turn.
       */
      params: {
        trucks?: number;
        capacity_m3h?: number;
      };
      code: "no-truck-left";
    }
  | {
      /**
       * Also a truck that stood there would avoid less than sending it costs, both in weighted m³·h.
       */
      params: {
        gain_m3h?: number;
        sending_m3h?: number;
      };
      code: "gain-below-switch";
    }
  | {
      /**
       * Trucks are free, and one that stood there would be sent; the first of them is ready after so many minutes.
       */
      params: {
        minutes: number;
      };
      code: "too-late";
    }
  | {
      /**
       * No truck may stand there.
       */
      params: {};
      code: "no-room";
    };
/**
 * What was refused or failed, in one of these words.
 */
export type ProblemTitle =
  | "bad request"
  | "not found"
  | "from another web page"
  | "not logged in"
  | "not allowed"
  | "wrong name or password"
  | "the provider is down"
  | "log-in not begun here"
  | "not proven by the provider"
  | "nobody here"
  | "of the provider"
  | "too many requests"
  | "unknown host"
  | "name is taken"
  | "link is spent"
  | "last administrator"
  | "no room"
  | "not kept"
  | "method not allowed"
  | "timed out"
  | "too large"
  | "unsupported media type"
  | "truck is busy"
  | "truck is out of service"
  | "the plan has changed"
  | "the order has ended"
  | "the order was not kept"
  | "not ready"
  | "shutting down"
  | "internal error";
/**
 * What somebody is known as.
 */
export type WhoKind = "anonymous" | "person" | "token" | "exercise";
/**
 * What an event tells.
 */
export type StreamEventKind = "delta" | "reset" | "broker";

/**
 * All schemas by name.
 */
export interface Schemas {
  Accept: Accept;
  Against: Against;
  Agent: Agent;
  AgentFault: AgentFault;
  Alternative: Alternative;
  Appointment: Appointment;
  Area: Area;
  AreaPath: AreaPath;
  AuditDeed: AuditDeed;
  AuditEntry: AuditEntry;
  AuditPage: AuditPage;
  Cause: Cause;
  City: City;
  Counter: Counter;
  Counters: Counters;
  DeedKind: DeedKind;
  Dispatch: Dispatch;
  Drain: Drain;
  Feature: Feature;
  FeatureCollection: FeatureCollection;
  FeatureProperties: FeatureProperties;
  Forecast: Forecast;
  ForecastCurve: ForecastCurve;
  Gauge: Gauge;
  GaugeProperties: GaugeProperties;
  GaugeStatus: GaugeStatus;
  Horizon: Horizon;
  Hydrograph: Hydrograph;
  Id: Id;
  Instant: Instant;
  Invitation: Invitation;
  Invite: Invite;
  Invited: Invited;
  Lack: Lack;
  LayerName: LayerName;
  LayerProperties: LayerProperties;
  Link: Link;
  LogIn: LogIn;
  LoginKind: LoginKind;
  LonLat: LonLat;
  MakeToken: MakeToken;
  Method: Method;
  Mode: Mode;
  Name: Name;
  NewLink: NewLink;
  NewPassword: NewPassword;
  NewToken: NewToken;
  Observations: Observations;
  OpenSession: OpenSession;
  Order: Order;
  OrderState: OrderState;
  OrderView: OrderView;
  Parameter: Parameter;
  People: People;
  Person: Person;
  PersonRole: PersonRole;
  Plan: Plan;
  Point: Point;
  PointKind: PointKind;
  PointProperties: PointProperties;
  PointStatus: PointStatus;
  Probabilities: Probabilities;
  Problem: Problem;
  ProblemTitle: ProblemTitle;
  ProviderAnswer: ProviderAnswer;
  ProviderWay: ProviderWay;
  Quality: Quality;
  QualityTest: QualityTest;
  Reason: Reason;
  Recommendation: Recommendation;
  Refused: Refused;
  Route: Route;
  RouteProperties: RouteProperties;
  RoutedBy: RoutedBy;
  Session: Session;
  ShownName: ShownName;
  Skill: Skill;
  State: State;
  StreamEvent: StreamEvent;
  StreamEventKind: StreamEventKind;
  Thresholds: Thresholds;
  Token: Token;
  Truck: Truck;
  TruckProperties: TruckProperties;
  TruckState: TruckState;
  Unserved: Unserved;
  UnservedCode: UnservedCode;
  Who: Who;
  WhoKind: WhoKind;
}
/**
 * With what somebody accepts an invitation.
 */
export interface Accept {
  link: string;
  /**
   * The name to log in with; the account's own where the link is for one.
   */
  name: Id;
  /**
   * How others know him.
   */
  shown: ShownName;
  password: string;
}
/**
 * An agent.
 */
export interface Agent {
  id: Id;
  online: boolean;
  last_seen: Instant;
  spooled_batches: number;
  dropped: number;
  failed_readings: number;
  silent_sources: string[];
  /**
   * What is wrong at present, by the agent's own account.
   */
  faults: AgentFault[];
  holes: number;
  backfill_until: Instant | null;
}
/**
 * Something that is wrong with an agent, its lines or its gauges.
 */
export interface AgentFault {
  /**
   * For programs: `spool-damaged`, `unit`, `clock` and so on.
   */
  kind: string;
  /**
   * With what: a unit on a line, a gauge, a broker; empty for the agent itself.
   */
  subject: string;
  /**
   * When it began, by the agent's clock.
   */
  since: Instant;
  /**
   * Why, for people.
   */
  cause: string;
}
/**
 * Another truck for the same point.
 */
export interface Alternative {
  truck: Id;
  eta_minutes: number;
  capacity_m3h: number;
  /**
   * What choosing it would cost more, in weighted m³·h.
   */
  regret_m3h: number;
}
/**
 * What somebody is from now on.
 */
export interface Appointment {
  role: PersonRole;
  /**
   * `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: AreaPath;
}
/**
 * The part of the city that is seen.
 */
export interface Area {
  /**
   * `district/ID` or `district/ID/street/ID`.
   */
  id: string;
  name: Name;
}
/**
 * A name in the city's own language and in English.
 */
export interface Name {
  zh: string;
  en: string;
}
/**
 * What was done.
 */
export interface AuditDeed {
  at: Instant;
  /**
   * `person wang-li`, `token wall-display`, `truck pt-3`, `anonymous`, `exercise` or `machine`.
   */
  by: string;
  /**
   * The address that it came from; null for what did not come over the network.
   */
  from: string | null;
  /**
   * The kind of deed, for example `dispatch-asked`.
   */
  what: string;
  subject: string;
  before: string | null;
  after: string | null;
  /**
   * The number of the arrival that it became, or that it came of.
   */
  arrival: number | null;
}
/**
 * A deed in its place in the log. A number that is missing cannot be read any more.
 */
export interface AuditEntry {
  number: number;
  /**
   * SHA-256 of its line.
   */
  hash: string;
  /**
   * Whether its line still has this hash. Whether it follows on the one before is for `flood-aggregator
   * audit verify` to say.
   */
  is_whole: boolean;
  deed: AuditDeed | null;
}
/**
 * Deeds, the newest first.
 */
export interface AuditPage {
  deeds: AuditEntry[];
  /**
   * What to ask for the page after this one with, as `before`; null where the log begins. A page of
   * few deeds, or of none, may have others after it.
   */
  before: number | null;
}
/**
 * The city's constants.
 */
export interface City {
  name: Name;
  /**
   * Whom sees a part of the city only is told which.
   */
  area?: Area;
  time_zone: string;
  datum: string;
  centre: LonLat;
  /**
   * West, south, east, north.
   *
   * @minItems 4
   * @maxItems 4
   */
  bounds: [number, number, number, number];
}
/**
 * How often each thing was counted.
 */
export interface Counters {
  [k: string]: number;
}
/**
 * A dispatcher's wish.
 */
export interface Dispatch {
  truck: Id;
  point: Id;
  /**
   * The plan's version; refused with 409 if the present plan no longer says so.
   */
  plan?: number | null;
}
/**
 * What is known of the drain of a point.
 */
export interface Drain {
  /**
   * What it takes when it is under water, by what was observed, in m³/h.
   */
  takes_m3h: number;
  /**
   * What the layer says that it takes, or what is assumed, in m³/h.
   */
  of_m3h: number;
  /**
   * Whether less than half of it works, as far as the depths show.
   */
  is_failing: boolean;
}
/**
 * Something on the flood map.
 */
export interface Feature {
  type: "Feature";
  id: string;
  /**
   * As RFC 7946 has it.
   */
  geometry: {};
  properties: FeatureProperties;
  required?: [];
  additionalProperties?: never;
}
/**
 * Properties of a gauge on the flood map.
 */
export interface GaugeProperties {
  kind: "gauge";
  id: Id;
  key: number;
  name: string;
  name_en: string;
  parameter: Parameter;
  unit: string;
  position: LonLat;
  interval_s: number;
  alert_m: number | null;
  value: number | null;
  observed_at: Instant | null;
  quality: Quality | null;
  tests: QualityTest[];
  status: GaugeStatus;
}
/**
 * Properties of a waterlogging point on the flood map.
 */
export interface PointProperties {
  kind: "waterlogging-point";
  id: Id;
  key: number;
  name: string;
  name_en: string;
  type: PointKind;
  position: LonLat;
  district: Id | null;
  level_gauge: Id;
  rain_gauges: Id[];
  /**
   * Importance, 1 to 5.
   */
  weight: number;
  thresholds: Thresholds;
  status: PointStatus;
  status_since: Instant;
  /**
   * The newest trustworthy depth, even where the point is unknown by now.
   */
  depth_m: number | null;
  observed_at: Instant | null;
  quality: Quality | null;
  cause: Cause | null;
  /**
   * The tests that the gauge's newest reading did not pass, if that casts doubt on the point.
   */
  doubt_tests: QualityTest[];
  last_class: PointStatus | null;
  /**
   * The water has fallen below the class, which is only held until it is sure.
   */
  is_clearing: boolean;
  suspect_depth_m: number | null;
  rate_m_per_h: number | null;
  rain_mm_per_h: number | null;
  volume_m3: number | null;
  forecast: Forecast | null;
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
   * A flag is lowered only this far below the threshold that raised it, and only after `hold_s`
   * there.
   */
  hysteresis_m: number;
  /**
   * Seconds.
   */
  hold_s: number;
}
/**
 * A forecast of a point, without its curve.
 */
export interface Forecast {
  basis_at: Instant;
  method: Method;
  horizons: Horizon[];
  waterlogged_probability_60: number;
  peak_m: number;
  peak_at: Instant;
  reaches_waterlogged_at: Instant | null;
  reaches_closure_at: Instant | null;
  dry_at: Instant | null;
  skill: Skill;
  drain: Drain | null;
  /**
   * What is not known of the point: it was done without, or something typical was assumed.
   */
  lacks: Lack[];
}
/**
 * Depths at one horizon, in metres: between `p10_m` and `p90_m` with a probability of 80 %.
 */
export interface Horizon {
  minutes: number;
  p10_m: number;
  p50_m: number;
  p90_m: number;
  reached?: Probabilities;
}
/**
 * How probable it is that depths are reached by then, 0–1.
 */
export interface Probabilities {
  notice: number;
  waterlogged: number;
  closure: number;
  severe: number;
}
/**
 * Skill of the forecasts so far.
 */
export interface Skill {
  horizon_minutes: number;
  verified: number;
  /**
   * Mean absolute error of the median, in metres.
   */
  mae_m: number | null;
  /**
   * Mean absolute error of persistence, in metres.
   */
  mae_persistence_m: number | null;
  /**
   * Floods that were warned of 10 to 30 minutes before, and those that were not.
   */
  hits: number;
  misses: number;
  /**
   * Warnings that no flood followed within 30 minutes.
   */
  false_alarms: number;
}
/**
 * Properties of a pump truck on the flood map.
 */
export interface TruckProperties {
  kind: "pump-truck";
  id: Id;
  key: number;
  name: string;
  name_en: string;
  capacity_m3h: number;
  home: LonLat;
  position: LonLat;
  /**
   * The truck's newest report tells of a place where it cannot be; `position` is the one before.
   */
  position_in_doubt: boolean;
  reported_at: Instant | null;
  state: TruckState;
  order: Id | null;
  point: Id | null;
  pumped_m3: number;
}
/**
 * What is told of a route.
 */
export interface Route {
  truck: Id;
  point: Id;
  /**
   * Whether a dispatcher has confirmed it.
   */
  ordered: boolean;
}
/**
 * Properties of a feature of a layer that never changes: as in the city's file, with its kind and
 * both names.
 */
export interface LayerProperties {
  kind: "pump-station" | "shelter" | "community" | "district" | "road" | "canal" | "sewer";
  name: string;
  name_en: string;
  /**
   * Of a road, canal or sewer.
   */
  class?: string;
  [k: string]: unknown;
}
/**
 * The flood map or a layer of it.
 */
export interface FeatureCollection {
  type: "FeatureCollection";
  features: Feature[];
}
/**
 * A forecast's curve for a hydrograph.
 */
export interface ForecastCurve {
  basis_at: Instant;
  /**
   * Every five minutes: epoch milliseconds, then the depth in metres: 10 %, median, 90 %.
   */
  curve: [number, number, number, number][];
}
/**
 * A gauge.
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
  observed_at: Instant | null;
  quality: Quality | null;
  tests: QualityTest[];
  status: GaugeStatus;
}
/**
 * Depth, rainfall and forecast of a point.
 */
export interface Hydrograph {
  point: Id;
  from: Instant;
  to: Instant;
  thresholds: Thresholds;
  /**
   * Epoch milliseconds, depth in metres, quality flag.
   */
  depth: [number, number | null, 1 | 2 | 3 | 4 | 9][];
  /**
   * By minute: epoch milliseconds, mean intensity over the point's rain gauges in mm/h.
   */
  rainfall: [number, number][];
  forecast: ForecastCurve | null;
}
/**
 * A link that waits for somebody.
 */
export interface Invitation {
  id: string;
  role: PersonRole;
  area: string;
  account: Id | null;
  expires_at: Instant;
}
/**
 * Whom to invite.
 */
export interface Invite {
  role: PersonRole;
  /**
   * `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: AreaPath;
  account?: Id | null;
}
/**
 * What a link is good for.
 */
export interface Invited {
  role: PersonRole;
  /**
   * `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: string;
  account: Id | null;
  expires_at: Instant;
}
/**
 * A link that somebody was given: what stands behind `#join=`.
 */
export interface Link {
  link: string;
}
/**
 * With what somebody logs in.
 */
export interface LogIn {
  name: string;
  password: string;
}
/**
 * A key to make.
 */
export interface MakeToken {
  name: Id;
  /**
   * At most one's own.
   */
  role: PersonRole;
  /**
   * In one's own: `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: AreaPath;
  /**
   * For how long it is good.
   */
  days: number;
}
/**
 * A link that is told this once.
 */
export interface NewLink {
  link: string;
  expires_at: Instant;
}
/**
 * A password in the place of another.
 */
export interface NewPassword {
  old: string;
  new: string;
}
/**
 * A key that is told this once: `Authorization: Bearer <secret>`.
 */
export interface NewToken {
  secret: string;
}
/**
 * A gauge's observations, oldest first.
 */
export interface Observations {
  gauge: Id;
  parameter: Parameter;
  unit: string;
  /**
   * Epoch milliseconds, value, quality flag.
   */
  observations: [number, number | null, 1 | 2 | 3 | 4 | 9][];
}
/**
 * A browser in which somebody has logged in.
 */
export interface OpenSession {
  id: string;
  person: Id | null;
  begun_at: Instant;
  /**
   * To a minute.
   */
  seen_at: Instant;
  from: string | null;
  browser: string;
  /**
   * Whether it is the one that asks.
   */
  is_this: boolean;
}
/**
 * An order, without its route.
 */
export interface OrderView {
  id: Id;
  truck: Id;
  point: Id;
  issued_at: Instant;
  state: OrderState;
  eta_at: Instant;
  ended_at: Instant | null;
  /**
   * The plan that it was confirmed from.
   */
  plan: number | null;
}
/**
 * All whom the asker may appoint, and the links that wait for somebody.
 */
export interface People {
  people: Person[];
  invitations: Invitation[];
}
/**
 * Somebody with an account.
 */
export interface Person {
  name: Id;
  shown: string;
  role: PersonRole;
  /**
   * `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: string;
  /**
   * Whether he logs in by a password; else by the provider, which says what he is.
   */
  has_password: boolean;
  made_at: Instant;
}
/**
 * A proposal for the whole fleet, or what of it concerns the points that are seen.
 */
export interface Plan {
  version: number;
  made_at: Instant;
  horizon_minutes: number;
  /**
   * Weighted flooded volume-hours with this plan, and with the standing orders only. This and the
   * next four are of the whole city, and not told to whom sees a part of it.
   */
  cost?: number;
  cost_without?: number;
  /**
   * What sending the trucks counts for, in the same unit.
   */
  sending?: number;
  /**
   * No plan can come to less than this, water and sending together.
   */
  bound?: number;
  /**
   * What the best plan could avoid more, as a share of what can be avoided at most.
   */
  gap_percent?: number;
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
   * Recommended in the last plan too.
   */
  standing: boolean;
  eta_minutes: number;
  distance_m: number;
  arrives_at: Instant;
  sets_up_until: Instant;
  volume_on_arrival_m3: number;
  capacity_m3h: number;
  drained_at: Instant | null;
  drained_without_at: Instant | null;
  /**
   * What it avoids, in weighted m³·h.
   */
  saved_m3h: number;
  reasons: Reason[];
  against: Against[];
  alternatives: Alternative[];
  route: LonLat[];
  routed_by: RoutedBy;
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
  district: Id | null;
  level_gauge: Id;
  rain_gauges: Id[];
  /**
   * Importance, 1 to 5.
   */
  weight: number;
  thresholds: Thresholds;
  status: PointStatus;
  status_since: Instant;
  /**
   * The newest trustworthy depth, even where the point is unknown by now.
   */
  depth_m: number | null;
  observed_at: Instant | null;
  quality: Quality | null;
  cause: Cause | null;
  /**
   * The tests that the gauge's newest reading did not pass, if that casts doubt on the point.
   */
  doubt_tests: QualityTest[];
  last_class: PointStatus | null;
  /**
   * The water has fallen below the class, which is only held until it is sure.
   */
  is_clearing: boolean;
  suspect_depth_m: number | null;
  rate_m_per_h: number | null;
  rain_mm_per_h: number | null;
  volume_m3: number | null;
  forecast: Forecast | null;
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
 * With what the browser comes back, as it stands in its address.
 */
export interface ProviderAnswer {
  state: string;
  code?: string;
  error?: string;
  iss?: string;
}
/**
 * Where to log in.
 */
export interface ProviderWay {
  /**
   * Of the provider. From there the browser comes back to `/` with `state` and `code`, or `error`.
   */
  url: string;
}
/**
 * A message or an observation that was refused, kept so that nothing is lost unseen.
 */
export interface Refused {
  received_at: Instant;
  /**
   * The counter it was counted under, for example `bad-payload`.
   */
  reason: string;
  topic: string;
  detail: string;
  /**
   * The beginning of the payload, printable characters only.
   */
  payload: string;
}
/**
 * Who asks, and what he may.
 */
export interface Session {
  login: LoginKind;
  /**
   * The provider of log-ins, as a button calls it; null where there is none.
   */
  provider: string | null;
  who: Who | null;
  ends_at: Instant | null;
}
/**
 * Somebody, and what he may.
 */
export interface Who {
  kind: WhoKind;
  /**
   * Of a person or a token, else null.
   */
  name: string | null;
  /**
   * How others know him; of a person.
   */
  shown: string | null;
  role: PersonRole;
  /**
   * `city`, `district/ID` or `district/ID/street/ID`.
   */
  area: string;
  /**
   * Whether he may give and recall orders.
   */
  may_order: boolean;
  /**
   * Whether he may say who may what.
   */
  may_appoint: boolean;
  /**
   * Whether he may see what was done by whom.
   */
  may_audit: boolean;
  /**
   * Whether he has a password here, which he may change.
   */
  has_password: boolean;
}
/**
 * The whole state, or what changed of it.
 *
 * Lists absent from a delta are unchanged; an element replaces the one with the same id. An order
 * that has ended is told when it ends, and leaves the state within an hour after. `seq` grows with every delta; the whole state contains all deltas up to its own.
 *
 * Whom sees a part of the city only is told of that part, and of lists that are not for him nothing.
 */
export interface State {
  seq: number;
  now: Instant;
  mode: Mode;
  /**
   * Storm seconds per real second.
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
   * Gauges that no layer knows, and how many observations each gave.
   */
  unknown_gauges?: {
    [k: string]: number;
  };
  counters?: Counters;
  /**
   * Trucks that are no longer seen: they left the part of the city that is.
   */
  gone_trucks?: Id[];
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
  /**
   * The truck's newest report tells of a place where it cannot be; `position` is the one before.
   */
  position_in_doubt: boolean;
  reported_at: Instant | null;
  state: TruckState;
  order: Id | null;
  point: Id | null;
  pumped_m3: number;
}
/**
 * One event of the stream, as its fields are named there.
 */
export interface StreamEvent {
  event: StreamEventKind;
  /**
   * JSON: of a `delta` a `State`.
   */
  data: string;
  id?: string;
}
/**
 * A key for a program.
 */
export interface Token {
  name: Id;
  owner: Id;
  role: PersonRole;
  area: string;
  made_at: Instant;
  expires_at: Instant;
  used_at: Instant | null;
}
