// One connection to `/events` that comes back by itself and resumes where it stopped.
//
// Read by `fetch` rather than `EventSource`: so the heartbeat comments are seen, which tells a
// dead line from a quiet one, and `Last-Event-ID` survives a refused attempt.

import type { Instant, State } from "../model.ts";
import { EventParser } from "./event-parser.ts";
import { Pulse } from "./pulse.ts";

/** The server's line to the broker that the observations come over. */
export interface Broker {
  /** `quiet`: the broker is inside the server. */
  state: "quiet" | "up" | "lost" | "refused" | "thrown-out";
  since: Instant;
}

export type LineMessage =
  /** The line stands. Unless resumed, what went before must be fetched as a snapshot. */
  | { kind: "open"; resumed: boolean }
  | { kind: "delta"; delta: State }
  | { kind: "broker"; broker: Broker }
  /** The server cannot continue from where we were: fetch the snapshot. */
  | { kind: "reset" }
  /** The line stands, but the server does not live; then that it does again. */
  | { kind: "quiet" }
  | { kind: "heard" }
  | { kind: "lost" };

/** The server sends a comment every 5 s; after longer silence than this the line is made anew. */
const SILENCE_MS = 8_000;
/** A question that is not answered by then is asked again. */
const ANSWER_TIMEOUT_MS = 4_000;
const FIRST_PAUSE_MS = 400;
const LONGEST_PAUSE_MS = 4_000;

export class EventConnection {
  #lastId = "";
  #stopped = false;
  #pause = FIRST_PAUSE_MS;
  #wake = (): void => {};
  #abort = new AbortController();
  readonly #pulse: Pulse;

  constructor(
    private readonly url: string,
    private readonly tell: (message: LineMessage) => void,
    ask: () => Promise<boolean> = askWhetherAlive,
  ) {
    this.#pulse = new Pulse(ask, (lives) => tell({ kind: lives ? "heard" : "quiet" }));
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const opened = await this.#once();
      if (this.#stopped) return;
      this.tell({ kind: "lost" });
      this.#pause = opened ? FIRST_PAUSE_MS : Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
      await new Promise<void>((wake) => {
        const pausing = setTimeout(wake, this.#pause);
        this.#wake = () => {
          clearTimeout(pausing);
          wake();
        };
      });
    }
  }

  /** What refused the line may be over: tries at once instead of pausing. */
  hurry(): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#abort.abort();
  }

  /** Reads one connection to its end; whether it had been opened. */
  async #once(): Promise<boolean> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    let watchdog = this.#watch();
    const alive = (): void => {
      clearTimeout(watchdog);
      watchdog = this.#watch();
      this.#pulse.beat();
    };
    let opened = false;
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (this.#lastId) headers["last-event-id"] = this.#lastId;
      const response = await fetch(this.url, { headers, signal, cache: "no-store" });
      if (!response.ok || !response.body) return false;
      opened = true;
      this.tell({ kind: "open", resumed: this.#lastId !== "" });
      this.#pulse.news();
      await this.#read(response.body, alive);
    } catch {
      // Cut, refused or silent: the same to the dispatcher, and said by "lost".
    } finally {
      clearTimeout(watchdog);
      this.#pulse.stop();
      this.#abort.abort();
    }
    return opened;
  }

  #watch(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#abort.abort(), SILENCE_MS);
  }

  async #read(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const parser = new EventParser();
    const text = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      for (const event of parser.push(text.decode(value, { stream: true }))) {
        if (event.id) this.#lastId = event.id;
        if (event.name === "reset") {
          this.#lastId = "";
          this.tell({ kind: "reset" });
        } else if (event.name === "delta") {
          this.#pulse.news();
          this.tell({ kind: "delta", delta: JSON.parse(event.data) as State });
        } else if (event.name === "broker") {
          this.tell({ kind: "broker", broker: JSON.parse(event.data) as Broker });
        }
      }
    }
  }
}

async function askWhetherAlive(): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  return fetch("/healthz", { cache: "no-store", signal }).then(
    (response) => response.ok,
    () => false,
  );
}
