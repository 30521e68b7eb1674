// The mock's storm: depths, rain, forecasts, trucks, plan and orders as functions of storm time.
// It is plausible to look at and no model of anything.

import { length, makeCity, metres, random, route } from "./city.mjs";

export const ORIGIN = Date.parse("2026-07-21T07:00:00+08:00");
const MINUTE = 60_000;
const SET_UP_MIN = 10;
const TRUCK_KMH = 26;
/** Points whose gauges misbehave, by index. */
const NEVER = new Set([20]);
const STOPPED = new Map([
  [31, 70],
  [44, 95],
]);
const SUSPECT = new Set([12]);
const STATUS = ["dry", "notice", "waterlogged", "closure", "severe"];

export class Storm {
  constructor(startMinute = 80) {
    Object.assign(this, makeCity());
    this.now = ORIGIN + startMinute * MINUTE;
    this.noise = random(99);
    this.pumped = new Map();
    this.duty = new Map();
    this.orders = [];
    this.version = 11;
    this.since = new Map();
    this.replan();
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

  status(p, depth) {
    const t = p.thresholds;
    const i = [t.notice_m, t.waterlogged_m, t.closure_m, t.severe_m].filter(
      (limit) => depth >= limit,
    ).length;
    return STATUS[i];
  }

  observedAt(p) {
    const i = p.key;
    if (NEVER.has(i)) return null;
    const stopped = STOPPED.get(i);
    const last = Math.floor((this.now - (i % 40) * 1000) / MINUTE) * MINUTE + (i % 40) * 1000;
    return stopped === undefined ? last : Math.min(last, ORIGIN + stopped * MINUTE);
  }

  point(p) {
    const { uv, area, peak, centre, width, ...fixed } = p;
    const at = this.observedAt(p);
    const isStale = at === null || this.now - at > 3 * MINUTE;
    const depth = at === null ? null : round(this.depth(p, at));
    const suspect = SUSPECT.has(p.key) ? 0.93 : null;
    const status = isStale ? "unknown" : this.status(p, depth);
    const before = this.since.get(p.id);
    if (before?.status !== status)
      this.since.set(p.id, { status, at: before ? this.now : this.now - 17 * MINUTE });
    const rate = isStale
      ? null
      : round((this.depth(p) - this.depth(p, this.now - 5 * MINUTE)) * 12);
    return {
      ...fixed,
      status,
      status_since: iso(this.since.get(p.id).at),
      depth_m: depth,
      observed_at: at === null ? null : iso(at),
      quality: at === null ? null : 1,
      cause: at === null ? "no-data" : isStale ? "stale" : suspect ? "suspect" : null,
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
    const horizons = [15, 30, 60].map((m) => {
      const d = this.ahead(p, m);
      return {
        minutes: m,
        p10_m: round(Math.max(0, d - spread(m))),
        p50_m: round(d),
        p90_m: round(d + spread(m)),
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
    const isSuspect = i < 64 && SUSPECT.has(i);
    const fails = i % 211 === 180;
    const status =
      at === null ? "silent" : late ? "stale" : fails ? "fail" : isSuspect ? "suspect" : "ok";
    return {
      ...fixed,
      alert_m: g.alert_m ?? null,
      value: fails ? null : isSuspect ? 0.93 : value,
      observed_at: at === null ? null : iso(at),
      quality: at === null ? null : fails ? 4 : isSuspect ? 3 : 1,
      tests: fails ? ["sentinel"] : isSuspect ? ["spike", "rate-of-change"] : [],
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

  truck(t) {
    const { uv, ...fixed } = t;
    const duty = this.duty.get(t.id);
    const out = t.key % 29 === 17;
    const silent = t.key % 41 === 7;
    return {
      ...fixed,
      position: duty?.at ?? t.home,
      reported_at: silent ? null : iso(this.now - (t.key % 20) * 1000),
      state: duty?.state ?? (out ? "out-of-service" : silent ? "unknown" : "idle"),
      order: duty?.order.id ?? null,
      point: duty?.order.point ?? null,
      pumped_m3: Math.round(duty?.pumped ?? 0),
    };
  }

  /** Lets storm time pass; returns the ids of what moved. */
  step(ms) {
    this.now += ms;
    const moved = new Set();
    for (const [id, duty] of this.duty) {
      moved.add(id);
      this.drive(id, duty, ms);
    }
    return moved;
  }

  drive(id, duty, ms) {
    const { order } = duty;
    if (order.state === "sent" && this.now - Date.parse(order.issued_at) > 20_000)
      order.state = "received";
    if (order.state === "recalled") {
      this.duty.delete(id);
      return;
    }
    const hours = (this.now - duty.left) / 3_600_000;
    const done = (hours * TRUCK_KMH * 1000) / duty.length;
    const setUp = (hours * 60 - (duty.length / 1000 / TRUCK_KMH) * 60) / SET_UP_MIN;
    if (done < 1) {
      duty.state = order.state === "sent" ? "idle" : "driving";
      duty.at = along(duty.way, Math.max(0, done) * duty.length);
    } else if (setUp < 1) {
      duty.state = "setting-up";
      duty.at = duty.way.at(-1);
    } else {
      duty.state = "pumping";
      const truck = this.trucks.find((t) => t.id === id);
      const p = this.points.find((one) => one.id === order.point);
      const volume = Math.min((truck.capacity_m3h * ms) / 3_600_000, this.depth(p) * p.area);
      duty.pumped += volume;
      this.pumped.set(p.id, (this.pumped.get(p.id) ?? 0) + volume);
    }
  }

  open(truck) {
    return this.orders.find(
      (o) => o.truck === truck && (o.state === "sent" || o.state === "received"),
    );
  }

  /** The recommendation's way and figures of one truck for one point. */
  offer(t, p) {
    const way = route(t.uv, p.uv);
    const distance = length(way);
    const eta = (distance / 1000 / TRUCK_KMH) * 60;
    return { t, p, way, distance, eta };
  }

  replan() {
    this.version += 1;
    const needy = this.points
      .map((p) => ({ p, view: this.point(p) }))
      .filter(
        ({ p, view }) =>
          view.status !== "unknown" &&
          (this.depth(p) >= 0.15 || (view.forecast?.peak_m ?? 0) >= 0.2),
      )
      .sort(
        (a, b) =>
          Math.max(b.view.depth_m, b.view.forecast.peak_m) -
          Math.max(a.view.depth_m, a.view.forecast.peak_m),
      );
    const served = new Set(this.orders.filter((o) => this.open(o.truck) === o).map((o) => o.point));
    const free = new Set(
      this.trucks.filter((t) => this.truck(t).state === "idle" && !this.open(t.id)),
    );
    const last = new Map((this.plan?.recommendations ?? []).map((r) => [r.point, r.truck]));
    const recommendations = [];
    const unserved = [];
    for (const { p, view } of needy) {
      if (served.has(p.id)) continue;
      const offers = [...free]
        .map((t) => this.offer(t, p))
        .sort((a, b) => a.eta - a.t.capacity_m3h / 400 - (b.eta - b.t.capacity_m3h / 400));
      const keep = offers.find((o) => o.t.id === last.get(p.id));
      const best = keep ?? offers[0];
      if (recommendations.length >= 14 || !best) {
        unserved.push({
          point: p.id,
          code: ["gain-below-switch", "no-truck-left"][unserved.length % 2],
          params: {},
        });
        continue;
      }
      free.delete(best.t);
      recommendations.push(
        this.recommendation(
          best,
          view,
          offers.filter((o) => o !== best).slice(0, 2),
          keep !== undefined,
        ),
      );
    }
    this.plan = {
      version: this.version,
      made_at: iso(this.now),
      horizon_minutes: 180,
      cost: 9200,
      cost_without: 24100,
      bound: 9090,
      gap_percent: 1.2,
      recommendations,
      unserved,
    };
    return this.plan;
  }

  recommendation({ t, p, way, distance, eta }, view, others, standing) {
    const arrives = this.now + eta * MINUTE;
    const ready = arrives + SET_UP_MIN * MINUTE;
    const volume = Math.max(0, this.depth(p, arrives)) * p.area;
    const inflow = Math.round(this.rain(p.uv) * 22);
    const drained =
      t.capacity_m3h > inflow
        ? ready + ((volume + 60) / (t.capacity_m3h - inflow)) * 60 * MINUTE
        : null;
    const closure = view.forecast.reaches_closure_at;
    const reasons = [{ code: "depth-now", params: { depth_m: view.depth_m } }];
    if (view.rate_m_per_h > 0.01)
      reasons.push({ code: "rising", params: { rate_m_per_h: view.rate_m_per_h } });
    if (closure) reasons.push({ code: "reaches-closure", params: { at: closure } });
    else
      reasons.push({
        code: "forecast-peak",
        params: { depth_m: view.forecast.peak_m, at: view.forecast.peak_at },
      });
    if (p.weight >= 4) reasons.push({ code: "important-place", params: { weight: p.weight } });
    reasons.push(
      drained
        ? { code: "capacity-fits", params: { capacity_m3h: t.capacity_m3h, inflow_m3h: inflow } }
        : { code: "nearest-free", params: { eta_minutes: Math.round(eta) } },
    );
    const against = [];
    if (closure && Date.parse(closure) < arrives)
      against.push({
        code: "arrives-after-closure",
        params: { minutes: Math.round((arrives - Date.parse(closure)) / MINUTE) },
      });
    if (!drained)
      against.push({
        code: "cannot-win",
        params: { inflow_m3h: inflow, capacity_m3h: t.capacity_m3h },
      });
    if (t.key % 5 === 1)
      against.push({ code: "district-left-without-reserve", params: { district: p.district } });
    if (p.key % 7 === 0) against.push({ code: "forecast-unverified", params: {} });
    return {
      truck: t.id,
      point: p.id,
      standing,
      eta_minutes: eta,
      distance_m: Math.round(distance),
      arrives_at: iso(arrives),
      sets_up_until: iso(ready),
      volume_on_arrival_m3: Math.round(volume),
      capacity_m3h: t.capacity_m3h,
      drained_at: drained && drained < this.now + 180 * MINUTE ? iso(drained) : null,
      drained_without_at: view.forecast.dry_at,
      saved_m3h: Math.round(volume * 1.7),
      reasons,
      against,
      alternatives: others.map((o) => ({
        truck: o.t.id,
        eta_minutes: o.eta,
        capacity_m3h: o.t.capacity_m3h,
        regret_m3h: Math.round(20 + 9 * Math.abs(o.eta - eta)),
      })),
      route: way,
      routed_by: "roads",
    };
  }

  /** As the aggregator does it: refused when the truck is busy or the plan no longer wants this. */
  dispatch({ truck, point, plan }) {
    const t = this.trucks.find((one) => one.id === truck);
    const p = this.points.find((one) => one.id === point);
    if (!t || !p)
      return { status: 404, title: "not found", detail: `there is no ${t ? point : truck}` };
    if (this.open(truck))
      return {
        status: 409,
        title: "truck is busy",
        detail: `truck ${truck} already carries out an order`,
      };
    const wanted = this.plan.recommendations.some((r) => r.truck === truck && r.point === point);
    if (plan !== null && plan !== undefined && !wanted)
      return {
        status: 409,
        title: "the plan has changed",
        detail: `plan ${plan} no longer recommends truck ${truck} for ${point}; the present plan is ${this.version}`,
      };
    const { way, distance, eta } = this.offer(t, p);
    const order = {
      id: `o-${Math.floor(this.now / 1000)}-${this.orders.length + 1}`,
      truck,
      point,
      issued_at: iso(this.now),
      state: "sent",
      eta_at: iso(this.now + eta * MINUTE),
      plan: plan ?? null,
    };
    this.orders.push(order);
    this.duty.set(truck, {
      order,
      way,
      length: distance,
      left: this.now,
      state: "idle",
      at: t.home,
      pumped: 0,
    });
    return { status: 201, order };
  }

  recall(id) {
    const order = this.orders.find((o) => o.id === id);
    if (!order) return { status: 404, title: "not found", detail: `there is no order ${id}` };
    if (order.state === "done" || order.state === "recalled")
      return { status: 409, title: "the order has ended", detail: `order ${id} has ended` };
    order.state = "recalled";
    return { status: 200, order };
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
      holes: i === 9 ? 1 : 0,
      backfill_until: null,
    }));
  }
}

function along(way, distance) {
  let left = distance;
  for (let i = 1; i < way.length; i += 1) {
    const d = metres(way[i - 1], way[i]);
    if (left <= d) return way[i - 1].map((c, k) => c + (way[i][k] - c) * (d === 0 ? 0 : left / d));
    left -= d;
  }
  return way.at(-1);
}

function round(value) {
  return Math.round(value * 1000) / 1000;
}

export function iso(at) {
  return new Date(at).toISOString();
}
