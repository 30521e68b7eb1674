// Whether the server at the other end still lives. What it says is a sign of life; where it says
// nothing it is asked. A city in which nothing happens is quiet too, so silence alone tells
// nothing: silence and no answer tell that the server hangs.

/** So long a silence is nothing. Then the server is asked. */
export const ASKED_AFTER_MS = 1_200;
/** It has so long to answer: after two seconds in all a dispatcher must know. */
export const ANSWER_WITHIN_MS = 800;
/**
 * Without news for so long it stands still, even if it answers: of a city in which nothing
 * changes it tells that much every five seconds.
 */
export const NEWS_WITHIN_MS = 8_000;

type Timer = ReturnType<typeof setTimeout>;

export class Pulse {
  #toAsk: Timer | undefined;
  #toDoubt: Timer | undefined;
  #toMiss: Timer | undefined;
  #gaveNoAnswer = false;
  #standsStill = false;
  #isQuiet = false;
  #round = 0;

  /** `ask`: whether the server answers at all. `tell`: whether it lives, when that changes. */
  constructor(
    private readonly ask: () => Promise<boolean>,
    private readonly tell: (lives: boolean) => void,
  ) {}

  /** It told something of the city. */
  news(): void {
    clearTimeout(this.#toMiss);
    this.#toMiss = setTimeout(() => {
      this.#standsStill = true;
      this.#judge();
    }, NEWS_WITHIN_MS);
    this.#standsStill = false;
    this.beat();
  }

  /** It gave a sign of life. */
  beat(): void {
    this.#gaveNoAnswer = false;
    this.#judge();
    this.#waitAndAsk();
  }

  /** The line is gone: there is nothing to watch. */
  stop(): void {
    this.#round += 1;
    for (const timer of [this.#toAsk, this.#toDoubt, this.#toMiss]) clearTimeout(timer);
    this.#gaveNoAnswer = this.#standsStill = this.#isQuiet = false;
  }

  #waitAndAsk(): void {
    this.#round += 1;
    clearTimeout(this.#toAsk);
    clearTimeout(this.#toDoubt);
    this.#toAsk = setTimeout(() => void this.#ask(), ASKED_AFTER_MS);
  }

  async #ask(): Promise<void> {
    const round = this.#round;
    this.#toDoubt = setTimeout(() => {
      this.#gaveNoAnswer = true;
      this.#judge();
    }, ANSWER_WITHIN_MS);
    const answers = await this.ask();
    if (round !== this.#round) return;
    if (answers) this.beat();
    else this.#toAsk = setTimeout(() => void this.#ask(), ASKED_AFTER_MS);
  }

  #judge(): void {
    const isQuiet = this.#gaveNoAnswer || this.#standsStill;
    if (isQuiet === this.#isQuiet) return;
    this.#isQuiet = isQuiet;
    this.tell(!isQuiet);
  }
}
