// A stand-in for the aggregator: the HTTP of the page, over a storm that is made up.
//
//   node dev/mock.mjs            serves dist and the storm on http://127.0.0.1:8080
//   PORT, SPEED, MODE, START     port, storm seconds per second, mode, storm minute to begin at
//   WHO=person                   somebody has logged in

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { pathToFileURL } from "node:url";
import { LOGGED_IN, OPEN, ofPeople } from "./desk.mjs";
import { Storm } from "./storm.mjs";
import { iso } from "./water.mjs";

const DIST = join(import.meta.dirname, "..", "dist");
const TICK_MS = 500;
const RING = 120;
const MIME = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

export class Mock {
  constructor({ speed = 60, mode = "exercise", start = 80, session = OPEN } = {}) {
    this.session = session;
    this.storm = new Storm(start);
    this.speed = speed;
    this.mode = mode;
    this.seq = 1;
    this.epoch = Date.now();
    this.ring = [];
    this.viewers = new Set();
    this.sinceplan = 0;
    this.posted = [];
    /** Layers that cannot be had for now, and how often each was told. */
    this.failing = new Set();
    /** How the line to the broker is; `quiet`: the broker is inside the server. */
    this.broker = { state: "quiet", since: iso(this.storm.now) };
    this.told = new Map();
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  async listen(port = 0) {
    await new Promise((done) => this.server.listen(port, "127.0.0.1", done));
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.beating = setInterval(() => this.tellAll(": alive\n\n"), 5000);
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  close() {
    clearInterval(this.ticking);
    clearInterval(this.beating);
    for (const viewer of this.viewers) viewer.end();
    this.server.close();
    this.server.closeAllConnections();
  }

  head() {
    return { seq: this.seq, now: iso(this.storm.now), mode: this.mode, speed: this.speed };
  }

  counters() {
    return {
      observations: 48210 + this.seq * 40,
      duplicates: 312,
      "unknown-gauge": 18,
      future: 3,
      "too-old": 0,
      "bad-payload": 7,
      "bad-topic": 0,
      "out-of-range": 41,
      "wrong-mode": 0,
      "wrong-parameter": 0,
    };
  }

  state() {
    const s = this.storm;
    return {
      ...this.head(),
      city: s.city,
      gauges: s.gauges.map((g) => s.gauge(g)),
      points: s.points.map((p) => s.point(p)),
      trucks: s.trucks.map((t) => s.truck(t)),
      plan: s.plan,
      orders: s.orders,
      agents: s.agents(),
      counters: this.counters(),
    };
  }

  /** Time passes; what changed goes to all viewers. */
  tick() {
    const s = this.storm;
    const ms = TICK_MS * this.speed;
    const moved = s.step(ms);
    this.sinceplan += ms;
    this.seq += 1;
    const turn = this.seq % 4;
    const delta = {
      ...this.head(),
      gauges: s.gauges.filter((g) => g.key % 4 === turn).map((g) => s.gauge(g)),
      points: s.points.filter((p) => p.key % 4 === turn).map((p) => s.point(p)),
      counters: this.counters(),
    };
    if (moved.size > 0) {
      delta.trucks = s.trucks.filter((t) => moved.has(t.id)).map((t) => s.truck(t));
      delta.orders = s.orders;
    }
    if (this.sinceplan >= 60_000) {
      this.sinceplan = 0;
      delta.plan = s.replan();
    }
    this.publish(delta);
  }

  publish(delta) {
    const frame = `id: ${this.epoch}-${delta.seq}\nevent: delta\ndata: ${JSON.stringify(delta)}\n\n`;
    this.ring.push([delta.seq, frame]);
    if (this.ring.length > RING) this.ring.shift();
    this.tellAll(frame);
  }

  setBroker(state) {
    this.broker = { state, since: iso(this.storm.now) };
    this.tellAll(brokerFrame(this.broker));
  }

  tellAll(text) {
    for (const viewer of this.viewers) viewer.write(text);
  }

  async answer(request, response) {
    const url = new URL(request.url, "http://mock");
    const path = url.pathname;
    const json = (body, status = 200, type = "application/json") => {
      response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
      response.end(JSON.stringify(body));
    };
    const problem = (p) =>
      json({ type: "about:blank", ...p }, p.status, "application/problem+json");
    const s = this.storm;
    if (path === "/events") return this.follow(request, response);
    if (path === "/healthz") return json("ok");
    if (path === "/api/v1/state") return json(this.state());
    if (path === "/api/v1/session") return json(this.session);
    const told = request.method === "GET" ? ofPeople(path, url.searchParams) : null;
    if (told !== null) return json(told);
    const layer = /^\/layers\/([a-z-]+)\.geojson$/.exec(path)?.[1];
    if (layer && this.failing.has(layer)) return problem({ status: 503, title: "not ready" });
    if (layer) {
      this.told.set(layer, (this.told.get(layer) ?? 0) + 1);
      return json(this.layer(layer), 200, "application/geo+json");
    }
    const point = /^\/api\/v1\/points\/([a-z0-9-]+)\/hydrograph$/.exec(path)?.[1];
    const p = s.points.find((one) => one.id === point);
    if (p) return json(s.hydrograph(p, Number(url.searchParams.get("hours") ?? 3)));
    const gauge = /^\/api\/v1\/gauges\/([a-z0-9-]+)\/observations$/.exec(path)?.[1];
    const g = s.gauges.find((one) => one.id === gauge);
    if (g) return json(s.observations(g));
    if (request.method === "POST") {
      const recalled = /^\/api\/v1\/orders\/([a-z0-9-]+)\/recall$/.exec(path)?.[1];
      const body = recalled ? null : JSON.parse(await text(request));
      if (body) this.posted.push(body);
      const result = recalled ? s.recall(recalled) : s.dispatch(body);
      return result.order ? json(result.order, result.status) : problem(result);
    }
    return this.file(path, response, problem);
  }

  layer(name) {
    const s = this.storm;
    if (name === "routes") {
      const open = s.orders.filter((o) => s.open(o.truck) === o);
      return {
        type: "FeatureCollection",
        features: open.map((o) => ({
          type: "Feature",
          id: `route-${o.truck}`,
          geometry: { type: "LineString", coordinates: s.duty.get(o.truck).way },
          properties: { kind: "route", truck: o.truck, point: o.point, ordered: true },
        })),
      };
    }
    return s.layers[name] ?? { type: "FeatureCollection", features: [] };
  }

  follow(request, response) {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write("retry: 1000\n\n");
    const last = request.headers["last-event-id"];
    if (last) {
      const [epoch, seq] = last.split("-").map(Number);
      const known = epoch === this.epoch && this.ring.length > 0 && seq + 1 >= this.ring[0][0];
      if (known) for (const [n, frame] of this.ring) if (n > seq) response.write(frame);
      if (!known) response.write("event: reset\ndata: {}\n\n");
    }
    response.write(brokerFrame(this.broker));
    this.viewers.add(response);
    response.on("close", () => this.viewers.delete(response));
  }

  async file(path, response, problem) {
    const name = normalize(path === "/" ? "/index.html" : path);
    try {
      const bytes = await readFile(join(DIST, name));
      response.writeHead(200, {
        "content-type": MIME[extname(name)] ?? "application/octet-stream",
      });
      response.end(bytes);
    } catch {
      problem({ status: 404, title: "not found", detail: `there is nothing at ${path}` });
    }
  }
}

function brokerFrame(broker) {
  return `event: broker\ndata: ${JSON.stringify(broker)}\n\n`;
}

async function text(request) {
  let body = "";
  for await (const piece of request) body += piece;
  return body;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { PORT = "8080", SPEED = "60", MODE = "exercise", START = "80", WHO = "" } = process.env;
  const session = WHO === "person" ? LOGGED_IN : OPEN;
  const mock = new Mock({ speed: Number(SPEED), mode: MODE, start: Number(START), session });
  console.log(await mock.listen(Number(PORT)));
}
