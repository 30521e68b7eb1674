// The state of the flood on this page: a snapshot, kept current by deltas.
//
// Deltas that arrive while a snapshot is being fetched wait for it; those that it already
// contains are dropped. So no change is lost or applied to the wrong basis.

import type { Agent, City, Gauge, Mode, OrderView, Plan, Point, State, Truck } from "../model.ts";
import type { Broker, LineMessage } from "./event-connection.ts";
import { StormClock } from "./storm-clock.ts";

export type StatePart =
  | "city"
  | "gauges"
  | "points"
  | "trucks"
  | "plan"
  | "orders"
  | "agents"
  | "line";

/** What a change touched: parts, and ids within them. */
export interface Change {
  parts: ReadonlySet<StatePart>;
  ids: ReadonlySet<string>;
  /** The state was replaced as a whole. */
  whole: boolean;
}

export type LineState =
  | { state: "starting" }
  | { state: "open" }
  /** It stands, but the server does not live. */
  | { state: "quiet"; at: number }
  /** `at`: monotonic time of the loss. */
  | { state: "lost"; at: number };

/** As long as the server's state holds an order that has ended. */
const ENDED_STAY_MS = 3_600_000;

type Snapshot = () => Promise<State>;

export class LiveState {
  readonly gauges = new Map<string, Gauge>();
  readonly points = new Map<string, Point>();
  readonly trucks = new Map<string, Truck>();
  readonly orders = new Map<string, OrderView>();
  readonly agents = new Map<string, Agent>();
  readonly clock: StormClock;
  city: City | null = null;
  plan: Plan | null = null;
  counters: Record<string, number> = {};
  unknownGauges: string[] = [];
  mode: Mode = "actual";
  seq = -1;
  /** Storm time of the newest message. */
  heardAt: number | null = null;
  line: LineState = { state: "starting" };
  /** The server's line to its broker; null until it is told. */
  broker: Broker | null = null;

  #watchers = new Set<(change: Change) => void>();
  #waiting: State[] | null = null;
  #fetchRound = 0;

  constructor(
    private readonly snapshot: Snapshot,
    private readonly monotonic: () => number = () => performance.now(),
    private readonly pause: (ms: number) => Promise<void> = (ms) =>
      new Promise((wake) => setTimeout(wake, ms)),
  ) {
    this.clock = new StormClock(monotonic);
  }

  /** Calls `watcher` after every change; returns how to stop. */
  watch(watcher: (change: Change) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Takes a message of the line. */
  async take(message: LineMessage): Promise<void> {
    switch (message.kind) {
      case "open":
        if (message.resumed && this.seq >= 0) this.#setLine({ state: "open" });
        else await this.#refetch();
        return;
      case "reset":
        await this.#refetch();
        return;
      case "quiet":
        if (this.line.state === "open") this.#setLine({ state: "quiet", at: this.monotonic() });
        return;
      case "heard":
        if (this.line.state === "quiet") this.#setLine({ state: "open" });
        return;
      case "lost": {
        // Whoever was told of the silence is not told for a moment that all is well.
        const at = this.line.state === "quiet" ? this.line.at : this.monotonic();
        if (this.line.state !== "lost") this.#setLine({ state: "lost", at });
        return;
      }
      case "broker":
        this.broker = message.broker;
        this.#tell({ parts: new Set(["line"]), ids: new Set(), whole: false });
        return;
      case "delta":
        if (this.#waiting) this.#waiting.push(message.delta);
        else this.#apply(message.delta);
    }
  }

  /** An order that the server has just confirmed to us, ahead of its delta. */
  takeOrder(order: OrderView): void {
    this.orders.set(order.id, order);
    this.#tell({ parts: new Set(["orders"]), ids: new Set([order.id]), whole: false });
  }

  async #refetch(): Promise<void> {
    const round = ++this.#fetchRound;
    this.#waiting = [];
    for (;;) {
      try {
        const snapshot = await this.snapshot();
        if (round !== this.#fetchRound) return;
        this.#replace(snapshot);
        return;
      } catch {
        if (round !== this.#fetchRound) return;
        await this.pause(1000);
        if (round !== this.#fetchRound) return;
      }
    }
  }

  #replace(snapshot: State): void {
    const late = this.#waiting ?? [];
    this.#waiting = null;
    for (const list of [this.gauges, this.points, this.trucks, this.orders, this.agents]) {
      list.clear();
    }
    this.plan = null;
    this.counters = {};
    this.unknownGauges = [];
    this.line = { state: "open" };
    this.seq = snapshot.seq;
    const change = this.#merge(snapshot);
    this.#tell({ ...change, parts: new Set([...change.parts, "line"]), whole: true });
    for (const delta of late) this.#apply(delta);
  }

  #apply(delta: State): void {
    if (delta.seq <= this.seq) return;
    this.seq = delta.seq;
    this.#tell(this.#merge(delta));
  }

  #merge(delta: State): Change {
    const parts = new Set<StatePart>();
    const ids = new Set<string>();
    const fold = <T extends { id: string }>(
      part: StatePart,
      into: Map<string, T>,
      from: T[] | undefined,
    ): void => {
      if (!from) return;
      parts.add(part);
      for (const element of from) {
        ids.add(element.id);
        into.set(element.id, element);
      }
    };
    fold("gauges", this.gauges, delta.gauges);
    fold("points", this.points, delta.points);
    fold("trucks", this.trucks, delta.trucks);
    for (const gone of delta.gone_trucks ?? []) {
      parts.add("trucks");
      ids.add(gone);
      this.trucks.delete(gone);
    }
    fold("orders", this.orders, delta.orders);
    this.#forgetEnded(Date.parse(delta.now));
    fold("agents", this.agents, delta.agents);
    if (delta.city) {
      this.city = delta.city;
      parts.add("city");
    }
    if (delta.plan !== undefined) {
      this.plan = delta.plan;
      parts.add("plan");
    }
    if (delta.counters) this.counters = delta.counters;
    if (delta.unknown_gauges) this.unknownGauges = Object.keys(delta.unknown_gauges);
    this.mode = delta.mode;
    this.heardAt = Date.parse(delta.now);
    this.clock.hear(this.heardAt, delta.speed);
    return { parts, ids, whole: false };
  }

  /** Orders leave the server's state an hour after they ended, without a word: so they do here. */
  #forgetEnded(now: number): void {
    for (const { id, ended_at } of this.orders.values()) {
      if (ended_at !== null && now - Date.parse(ended_at) > ENDED_STAY_MS) this.orders.delete(id);
    }
  }

  #setLine(line: LineState): void {
    this.line = line;
    this.#tell({ parts: new Set(["line"]), ids: new Set(), whole: false });
  }

  #tell(change: Change): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
