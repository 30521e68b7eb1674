// What every part of the page works with.

import { LitElement } from "lit";
import { Choices } from "./choices.ts";
import { CityLayers } from "./live/city-layers.ts";
import { ClosedRoads } from "./live/closed-roads.ts";
import { OrderRequests } from "./live/order-requests.ts";
import { answerOf, linkOf, SessionKeeper } from "./live/session.ts";
import { LiveState } from "./live/state.ts";
import type { Instant, Name, State } from "./model.ts";
import * as format from "./text/format.ts";
import { dictionaries, type Words } from "./text/languages.ts";
import type { Speaker } from "./text/sentences.ts";

/** A lost line is said after this long, so that a blink of the network stays silent. */
const LOSS_IS_SAID_AFTER_MS = 1000;

export interface Deafness {
  state: "lost" | "refused" | "thrown-out";
  since: Instant;
}

export class Page {
  readonly live = new LiveState(fetchState);
  readonly choices = new Choices(globalThis.localStorage ?? null);
  readonly orders = new OrderRequests(this.live);
  readonly session: SessionKeeper;
  readonly layers = new CityLayers();
  readonly closed = new ClosedRoads();
  readonly districts = new Map<string, Name>();
  /** Asked for by a person; whoever is out is asked anyway. */
  wantsLogIn = false;
  showsAccount = false;
  #watchers = new Set<() => void>();
  #times = new format.Times("en", "UTC");

  constructor() {
    const answer = answerOf(location.search);
    this.session = new SessionKeeper(linkOf(location.hash), answer);
    const tell = (): void => this.tell();
    this.live.watch(({ parts }) => {
      if (parts.has("points")) this.closed.note(this.live.points.values());
      tell();
    });
    this.choices.watch(tell);
    this.orders.watch(() => {
      const refusals = [...this.orders.refusals.values()];
      if (refusals.some(({ status }) => status === 401)) void this.session.read();
      tell();
    });
    this.session.watch(tell);
    // What is good once does not stay in the address bar.
    const { pathname, search, hash } = location;
    if (answer) history.replaceState(null, "", pathname + hash);
    else if (this.session.link) history.replaceState(null, "", pathname + search);
    setInterval(tell, 1000);
  }

  /** Calls `watcher` when anything changed, and once a second because ages grow. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  tell(): void {
    for (const watcher of this.#watchers) watcher();
  }

  askLogIn(asked: boolean): void {
    this.wantsLogIn = asked;
    this.tell();
  }

  showAccount(shown: boolean): void {
    this.showsAccount = shown;
    this.tell();
  }

  /** Whether buttons that give or recall orders are there at all. */
  get mayOrder(): boolean {
    return this.session.mayOrder;
  }

  get words(): Words {
    return dictionaries[this.choices.lang];
  }

  get times(): format.Times {
    const zone = this.live.city?.time_zone ?? "UTC";
    if (this.#times.zone !== zone || this.#times.lang !== this.choices.lang) {
      this.#times = new format.Times(this.choices.lang, zone);
    }
    return this.#times;
  }

  get now(): number {
    return this.live.clock.now();
  }

  /** What is wrong with the line, once it is to be said; null while the page is live. */
  get outage(): "lost" | "quiet" | null {
    const { line } = this.live;
    if (line.state === "quiet") return "quiet";
    if (line.state !== "lost") return null;
    return performance.now() - line.at > LOSS_IS_SAID_AFTER_MS ? "lost" : null;
  }

  /** Why the server itself hears nothing of the gauges, or not all, and since when; else null. */
  get deafness(): Deafness | null {
    const { broker } = this.live;
    if (broker === null || broker.state === "up" || broker.state === "quiet") return null;
    return { state: broker.state, since: broker.since };
  }

  /** Why no order can be given now; null if it can. */
  get lock(): string | null {
    const { state } = this.live.line;
    if (state === "lost") return this.words.plan.lostLocked;
    return state === "quiet" ? this.words.plan.quietLocked : null;
  }

  get speaker(): Speaker {
    return {
      words: this.words,
      at: (instant) => this.at(instant),
      ago: (instant) => this.ago(instant),
      now: this.now,
      worst: (point) => this.closed.worst(point),
      districtName: (id) => this.name(this.districts.get(id), id),
    };
  }

  name(name: Name | undefined, id: string): string {
    return name ? name[this.choices.lang] || name.zh || id : id;
  }

  pointName(id: string): string {
    return this.name(this.live.points.get(id)?.name, id);
  }

  truckName(id: string): string {
    return this.name(this.live.trucks.get(id)?.name, id);
  }

  /** A time of day, with its day where that is not today. */
  at(instant: Instant | number): string {
    const ms = typeof instant === "number" ? instant : Date.parse(instant);
    return Number.isNaN(ms) ? format.NO_NUMBER : this.times.at(ms, this.now);
  }

  /** A day and time of the real world, whatever storm is played. */
  day(instant: Instant): string {
    return new Date(instant).toLocaleString(this.words.locale, {
      dateStyle: "medium",
      timeStyle: "short",
    });
  }

  /** `3 min ago`; past an hour the time itself. */
  age(instant: Instant | null): string {
    if (instant === null) return this.words.age.never;
    const at = Date.parse(instant);
    const step = format.ageStep(this.now - at);
    if (!step) return this.at(at);
    return step.unit === "s" ? this.words.age.seconds(step.n) : this.words.age.minutes(step.n);
  }

  /** The same within a sentence: `7 min ago`, `at 02:10`. */
  ago(instant: Instant): string {
    const isRecent = format.ageStep(this.now - Date.parse(instant)) !== null;
    return isRecent ? this.age(instant) : this.words.age.at(this.at(instant));
  }

  inMinutes(instant: Instant): string {
    return this.words.inMinutes(format.minutesUntil(Date.parse(instant), this.now));
  }
}

async function fetchState(): Promise<State> {
  const response = await fetch("/api/v1/state", { cache: "no-store" });
  if (!response.ok) throw new Error(`state: ${response.status}`);
  return (await response.json()) as State;
}

/** A part of the page: renders into the document itself, whenever anything changed. */
export abstract class Part extends LitElement {
  static override properties = { page: { attribute: false } };
  declare page: Page;
  #stop: (() => void) | null = null;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = this.page.watch(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }
}
