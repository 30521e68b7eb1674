// The mock's water: depths, rain, forecasts and what gauges tell of them, as functions of storm
// time. It is plausible to look at and no model of anything.

import { makeCity } from "./city.mjs";

export const ORIGIN = Date.parse("2026-07-21T07:00:00+08:00");
export const MINUTE = 60_000;
/** Points whose gauges misbehave, by index. */
const NEVER = new Set([20]);
const STOPPED = new Map([
  [31, 70],
  [44, 95],
]);
const SUSPECT = new Set([12]);
const STATUS = ["dry", "notice", "waterlogged", "closure", "severe"];

export class Water {
  constructor(startMinute) {
    Object.assign(this, makeCity());
    this.now = ORIGIN + startMinute * MINUTE;
    this.pumped = new Map();
    this.since = new Map();
    /** The class that hysteresis holds, and since when the depth is below it. */
    this.held = new Map();
    /** Points whose gauges were made silent, or doubtful, since when. */
    this.silent = new Map();
    this.doubted = new Map();
  }

  /** The gauges of these points say nothing from now on. */
  fallSilent(...ids) {
    for (const id of ids) this.silent.set(id, this.now);
  }

  /** The gauge of this point says what cannot be believed from now on. */
  fallIntoDoubt(id, tests, suspect = null) {
    this.doubted.set(id, { since: this.now, tests, suspect });
  }

  /** All gauges are well again. */
  recover() {
    this.silent.clear();
    this.doubted.clear();
  }

  minute(at = this.now) {
    return (at - ORIGIN) / MINUTE;
  }

  /** Depth without trucks, in metres. */
  nature(p, at) {
    const x = (this.minute(at) - p.centre) / p.width;
    const bell = x < 0 ? Math.exp(-x * x) : Math.exp(-x * x * 0.35);
    return p.peak * bell;
  }

  depth(p, at = this.now) {
    return Math.max(0, this.nature(p, at) - (this.pumped.get(p.id) ?? 0) / p.area);
  }

  rain(uv, at = this.now) {
    const m = this.minute(at);
    const [cu, cv] = [0.1 + m / 190, 0.7 - m / 420];
    const d2 = (uv[0] - cu) ** 2 * 9 + (uv[1] - cv) ** 2 * 14;
    const gust = 0.85 + 0.15 * Math.sin(m / 3 + uv[0] * 20);
    return (
      Math.round((78 * Math.exp(-d2 * 3) + 4 * Math.exp(-((m - 90) ** 2) / 5000)) * gust * 10) / 10
    );
  }

  class(p, depth) {
    const t = p.thresholds;
    return [t.notice_m, t.waterlogged_m, t.closure_m, t.severe_m].filter((limit) => depth >= limit)
      .length;
  }

  /** The class of a depth, lowered only after the hold; and whether the hold alone keeps it. */
  holding(p, depth) {
    const { hysteresis_m, hold_s } = p.thresholds;
    const now = this.class(p, depth);
    const to = this.class(p, depth + hysteresis_m);
    const held = this.held.get(p.id) ?? { class: now, below: null };
    if (now >= held.class) Object.assign(held, { class: now, below: null });
    else if (to >= held.class) held.below = null;
    else held.below ??= this.now;
    if (held.below !== null && this.now - held.below >= hold_s * 1000)
      Object.assign(held, { class: to, below: null });
    this.held.set(p.id, held);
    return { status: STATUS[held.class], is_clearing: held.below !== null };
  }

  observedAt(p) {
    const i = p.key;
    if (NEVER.has(i)) return null;
    const stopped = STOPPED.get(i);
    const until = this.silent.get(p.id) ?? this.doubted.get(p.id)?.since ?? this.now;
    const last = Math.floor((this.now - (i % 40) * 1000) / MINUTE) * MINUTE + (i % 40) * 1000;
    return Math.min(last, until, stopped === undefined ? last : ORIGIN + stopped * MINUTE);
  }

  point(p) {
    const { uv, area, peak, centre, width, ...fixed } = p;
    const at = this.observedAt(p);
    const isStale = at === null || this.now - at > 3 * MINUTE;
    const depth = at === null ? null : round(this.depth(p, at));
    const doubt = this.doubted.get(p.id);
    const tests = SUSPECT.has(p.key) ? ["spike", "rate-of-change"] : (doubt?.tests ?? []);
    const suspect = SUSPECT.has(p.key) ? 0.93 : (doubt?.suspect ?? null);
    const holding = depth === null ? null : this.holding(p, depth);
    const status = isStale ? "unknown" : holding.status;
    const before = this.since.get(p.id);
    if (before?.status !== status)
      this.since.set(p.id, { status, at: before ? this.now : this.now - 17 * MINUTE });
    const rate =
      at === null ? null : round((this.depth(p, at) - this.depth(p, at - 5 * MINUTE)) * 12);
    return {
      ...fixed,
      status,
      status_since: iso(this.since.get(p.id).at),
      depth_m: depth,
      observed_at: at === null ? null : iso(at),
      quality: at === null ? null : 1,
      cause: at === null ? "no-data" : tests.length > 0 ? "suspect" : isStale ? "stale" : null,
      doubt_tests: tests,
      last_class: holding?.status ?? null,
      is_clearing: holding?.is_clearing ?? false,
      suspect_depth_m: suspect,
      rate_m_per_h: rate,
      rain_mm_per_h: this.rain(uv),
      volume_m3: depth === null ? null : Math.round(depth * area),
      forecast: isStale ? null : this.forecast(p),
    };
  }

  ahead(p, minutes) {
    return this.depth(p, this.now + minutes * MINUTE);
  }

  forecast(p) {
    const spread = (m) => 0.012 + 0.0016 * m * Math.min(1, p.peak * 2);
    const chance = (d, threshold) =>
      Math.min(0.99, Math.max(0.01, round(0.5 + (d - threshold) * 6)));
    const horizons = [10, 20, 30, 60, 120].map((m) => {
      const d = this.ahead(p, m);
      return {
        minutes: m,
        p10_m: round(Math.max(0, d - spread(m))),
        p50_m: round(d),
        p90_m: round(d + spread(m)),
        reached: {
          notice: chance(d, p.thresholds.notice_m),
          waterlogged: chance(d, p.thresholds.waterlogged_m),
          closure: chance(d, p.thresholds.closure_m),
          severe: chance(d, p.thresholds.severe_m),
        },
      };
    });
    const steps = Array.from({ length: 37 }, (_, i) => i * 5);
    const peakAt = steps.reduce(
      (best, m) => (this.ahead(p, m) > this.ahead(p, best) ? m : best),
      0,
    );
    const reaches = (limit) => {
      if (this.depth(p) >= limit) return null;
      const m = Array.from({ length: 181 }, (_, i) => i).find((i) => this.ahead(p, i) >= limit);
      return m === undefined ? null : iso(this.now + m * MINUTE);
    };
    const dry = steps.find((m) => m > peakAt && this.ahead(p, m) < p.thresholds.notice_m);
    const verified = p.key % 7 === 0 ? 0 : 60 + p.key;
    return {
      basis_at: iso(Math.floor(this.now / MINUTE) * MINUTE),
      method: "reservoir",
      horizons,
      waterlogged_probability_60: Math.min(
        0.99,
        Math.max(
          0.01,
          round(
            0.5 + (Math.max(this.ahead(p, 60), this.ahead(p, 30)) - p.thresholds.waterlogged_m) * 6,
          ),
        ),
      ),
      peak_m: round(this.ahead(p, peakAt)),
      peak_at: iso(this.now + peakAt * MINUTE),
      reaches_waterlogged_at: reaches(p.thresholds.waterlogged_m),
      reaches_closure_at: reaches(p.thresholds.closure_m),
      dry_at: dry === undefined ? null : iso(this.now + dry * MINUTE),
      lacks: [],
      drain: { takes_m3h: 580, of_m3h: 600, is_failing: false },
      skill: {
        horizon_minutes: 30,
        verified,
        mae_m: verified ? 0.03 : null,
        mae_persistence_m: verified ? 0.05 : null,
        hits: verified ? 4 : 0,
        misses: verified ? 1 : 0,
        false_alarms: verified ? 2 : 0,
      },
    };
  }

  gauge(g) {
    const i = g.key;
    const { uv, ...fixed } = g;
    const at = this.gaugeAt(g);
    const value = at === null ? null : this.gaugeValue(g, at);
    const late = at !== null && this.now - at > 3 * g.interval_s * 1000;
    const doubt = i < 64 ? this.doubted.get(this.points[i].id) : undefined;
    const isSuspect = i < 64 && (SUSPECT.has(i) || doubt !== undefined);
    const fails = i % 211 === 180;
    const status =
      at === null
        ? "silent"
        : late && !doubt
          ? "stale"
          : fails
            ? "fail"
            : isSuspect
              ? "suspect"
              : "ok";
    return {
      ...fixed,
      alert_m: g.alert_m ?? null,
      value: fails ? null : isSuspect ? (doubt?.suspect ?? 0.93) : value,
      observed_at: at === null ? null : iso(doubt ? this.now : at),
      quality: at === null ? null : fails ? 4 : isSuspect ? 3 : 1,
      tests: fails ? ["sentinel"] : isSuspect ? (doubt?.tests ?? ["spike", "rate-of-change"]) : [],
      status,
    };
  }

  gaugeAt(g) {
    const i = g.key;
    if (i < 64) return this.observedAt(this.points[i]);
    if (i % 97 === 13) return null;
    const step = g.interval_s * 1000;
    const last = Math.floor((this.now - (i % 50) * 1000) / step) * step + (i % 50) * 1000;
    return i % 53 === 11 ? Math.min(last, ORIGIN + 55 * MINUTE) : last;
  }

  gaugeValue(g, at) {
    if (g.key < 64) return round(this.depth(this.points[g.key], at));
    if (g.parameter === "water-level")
      return round(
        2.3 +
          0.95 * Math.exp(-(((this.minute(at) - 120 - g.key / 4) / 70) ** 2)) +
          0.1 * Math.sin(g.key),
      );
    const perHour = this.rain(g.uv, at);
    return g.parameter === "rainfall-depth" ? round((perHour * g.interval_s) / 3600) : perHour;
  }

  hydrograph(p, hours) {
    const from = this.now - hours * 60 * MINUTE;
    const end = this.observedAt(p);
    const depth = [];
    const rainfall = [];
    for (let at = Math.ceil(from / MINUTE) * MINUTE; at <= this.now; at += MINUTE) {
      if (end !== null && at <= end) {
        const isOdd = SUSPECT.has(p.key) && this.now - at < 4 * MINUTE;
        depth.push([
          at,
          isOdd ? 0.93 : round(this.depth(p, at) + 0.004 * Math.sin(at / 7e5)),
          isOdd ? 3 : 1,
        ]);
      }
      if (at % (5 * MINUTE) === 0) rainfall.push([at, this.rain(p.uv, at)]);
    }
    const forecast =
      end === null || this.now - end > 3 * MINUTE
        ? null
        : {
            basis_at: iso(this.now),
            curve: Array.from({ length: 37 }, (_, i) => {
              const d = this.ahead(p, i * 5);
              const spread = i === 0 ? 0 : 0.012 + 0.008 * i * Math.min(1, p.peak * 2);
              return [
                this.now + i * 5 * MINUTE,
                round(Math.max(0, d - spread)),
                round(d),
                round(d + spread),
              ];
            }),
          };
    return {
      point: p.id,
      from: iso(from),
      to: iso(this.now),
      thresholds: p.thresholds,
      depth,
      rainfall,
      forecast,
    };
  }

  observations(g) {
    const end = this.gaugeAt(g);
    const series = [];
    if (end !== null) {
      for (let at = end - 180 * MINUTE; at <= end; at += g.interval_s * 1000)
        series.push([at, this.gaugeValue(g, at), 1]);
    }
    return { gauge: g.id, parameter: g.parameter, unit: g.unit, observations: series };
  }

  agents() {
    return Array.from({ length: 14 }, (_, i) => ({
      id: `gw-${String(i + 1).padStart(2, "0")}`,
      online: i !== 4,
      last_seen: iso(this.now - (i === 4 ? 26 * MINUTE : 2000)),
      spooled_batches: i === 4 ? 0 : i % 3,
      dropped: i === 9 ? 1240 : 0,
      failed_readings: i === 2 ? 37 : 0,
      silent_sources: i === 2 ? ["bus-b"] : [],
      faults:
        i === 2
          ? [
              {
                kind: "unit",
                subject: "bus-b unit 3",
                since: iso(this.now - 9 * MINUTE),
                cause: "no answer",
              },
            ]
          : [],
      holes: i === 9 ? 1 : 0,
      backfill_until: null,
    }));
  }
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}

export function iso(at) {
  return new Date(at).toISOString();
}
