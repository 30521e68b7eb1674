// The mock's storm: the water, and beside it trucks, plan and orders as functions of storm time.

import { length, metres, route } from "./city.mjs";
import { iso, MINUTE, Water } from "./water.mjs";

const SET_UP_MIN = 10;
const TRUCK_KMH = 26;

export class Storm extends Water {
  constructor(startMinute = 80) {
    super(startMinute);
    this.duty = new Map();
    this.orders = [];
    this.version = 11;
    this.replan();
  }

  truck(t) {
    const { uv, ...fixed } = t;
    const duty = this.duty.get(t.id);
    const out = t.key % 29 === 17;
    const silent = t.key % 41 === 7;
    return {
      ...fixed,
      position: duty?.at ?? t.home,
      position_in_doubt: false,
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
      .filter(({ view }) => (view.depth_m ?? 0) >= 0.15 || (view.forecast?.peak_m ?? 0) >= 0.2)
      .sort((a, b) => worst(b.view) - worst(a.view));
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
        const why = [
          { code: "gain-below-switch", params: { gain_m3h: 12.4, sending_m3h: 30 } },
          { code: "no-truck-left", params: { trucks: unserved.length, capacity_m3h: 1000 } },
          { code: "too-late", params: { minutes: 74.5 } },
          { code: "no-room", params: {} },
        ][unserved.length % 4];
        unserved.push({ point: p.id, ...why });
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
      sending: 310,
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
    const { forecast } = view;
    const closure = forecast?.reaches_closure_at;
    const reasons = [{ code: "depth-now", params: { depth_m: view.depth_m } }];
    if (view.rate_m_per_h > 0.01)
      reasons.push({ code: "rising", params: { rate_m_per_h: view.rate_m_per_h } });
    if (closure) reasons.push({ code: "reaches-closure", params: { at: closure } });
    else if (forecast)
      reasons.push({
        code: "forecast-peak",
        params: { depth_m: forecast.peak_m, at: forecast.peak_at },
      });
    if (p.weight >= 4) reasons.push({ code: "important-place", params: { weight: p.weight } });
    reasons.push(
      drained
        ? { code: "capacity-fits", params: { capacity_m3h: t.capacity_m3h, inflow_m3h: inflow } }
        : { code: "nearest-free", params: { eta_minutes: Math.round(eta) } },
    );
    const against = [];
    if (view.status === "unknown") {
      const minutes = Math.round((this.now - Date.parse(view.observed_at)) / MINUTE);
      against.push({ code: "depth-in-doubt", params: { minutes } });
    }
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
      drained_without_at: forecast?.dry_at ?? null,
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
      ended_at: null,
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
    order.ended_at = iso(this.now);
    return { status: 200, order };
  }
}

/** The deepest that a point stands or is forecast to. */
function worst({ depth_m, forecast }) {
  return Math.max(depth_m ?? 0, forecast?.peak_m ?? 0);
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
