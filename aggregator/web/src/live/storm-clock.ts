// Storm time between two messages. The server says `now` and `speed`; in between the page counts
// itself, also while the line is cut, so that every age keeps growing.

export class StormClock {
  /** Storm time at monotonic time zero. */
  #offset: number | null = null;
  #speed = 1;

  constructor(private readonly monotonic: () => number = () => performance.now()) {}

  /** Takes the server's word. Late messages never turn the clock back by their delay. */
  hear(now: number, speed: number): void {
    const offset = now - this.monotonic() * speed;
    const jumped = this.#offset === null || Math.abs(offset - this.#offset) > 3000 * speed;
    if (jumped || speed !== this.#speed || offset > (this.#offset ?? 0)) this.#offset = offset;
    this.#speed = speed;
  }

  now(): number {
    return this.#offset === null ? Date.now() : this.#offset + this.monotonic() * this.#speed;
  }

  get speed(): number {
    return this.#speed;
  }
}
