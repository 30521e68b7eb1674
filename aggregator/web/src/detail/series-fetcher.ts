// Fetches a series once and again whenever a newer observation is known, not more often than
// every few seconds; keeps the last good one when a fetch fails.

/** Least time between two fetches of one series. */
const PAUSE_MS = 3_000;

export type Fetched<T> = { state: "loading" } | { state: "ready"; data: T } | { state: "failed" };

export class SeriesFetcher<T> {
  #url = "";
  #version = "";
  #busy = false;
  #next = 0;
  #data: T | null = null;
  #failed = false;

  constructor(private readonly changed: () => void) {}

  /** The series at `url`, which is fetched anew when `version` changes. */
  get(url: string, version: string): Fetched<T> {
    if (url !== this.#url) {
      this.#url = url;
      this.#version = "";
      this.#data = null;
      this.#failed = false;
      this.#busy = false;
      this.#next = 0;
    }
    const isOld = version !== this.#version || this.#failed;
    if (isOld && !this.#busy && performance.now() >= this.#next) void this.#fetch(url, version);
    if (this.#data !== null) return { state: "ready", data: this.#data };
    return { state: this.#failed ? "failed" : "loading" };
  }

  async #fetch(url: string, version: string): Promise<void> {
    this.#busy = true;
    this.#next = performance.now() + PAUSE_MS;
    const data = await fetch(url, { cache: "no-store" })
      .then((response) => (response.ok ? (response.json() as Promise<T>) : null))
      .catch(() => null);
    if (url !== this.#url) return;
    this.#busy = false;
    this.#failed = data === null;
    if (data !== null) {
      this.#data = data;
      this.#version = version;
    }
    this.changed();
  }
}
