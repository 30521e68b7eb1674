// Changes that wait to be drawn, folded into one.

import type { Change, StatePart } from "../live/state.ts";

export class PendingChanges {
  #parts = new Set<StatePart>();
  #ids = new Set<string>();
  #whole = false;

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  add({ parts, ids, whole }: Change): void {
    for (const part of parts) this.#parts.add(part);
    for (const id of ids) this.#ids.add(id);
    this.#whole ||= whole;
  }

  take(): Change {
    const change = { parts: this.#parts, ids: this.#ids, whole: this.#whole };
    this.#parts = new Set();
    this.#ids = new Set();
    this.#whole = false;
    return change;
  }
}
