// Nothing moves under the pointer. While a list is held, which is while the pointer is on it, rows
// keep their places and take new values; rows that have gone stay as ghosts; rows that have come
// wait and are counted.

export interface ShownRows<T> {
  rows: { key: string; item: T; gone: boolean }[];
  waiting: number;
}

export class SteadyRows<T> {
  #rows: { key: string; item: T }[] = [];

  constructor(private readonly keyOf: (item: T) => string) {}

  /** The rows to show for `items` (in their proper order), held or not. */
  show(items: readonly T[], held: boolean): ShownRows<T> {
    const fresh = items.map((item) => ({ key: this.keyOf(item), item }));
    if (!held || this.#rows.length === 0) {
      this.#rows = fresh;
      return { rows: fresh.map((row) => ({ ...row, gone: false })), waiting: 0 };
    }
    const byKey = new Map(fresh.map((row) => [row.key, row.item]));
    const rows = this.#rows.map(({ key, item }) => {
      const now = byKey.get(key);
      return { key, item: now ?? item, gone: now === undefined };
    });
    this.#rows = rows.map(({ key, item }) => ({ key, item }));
    const shown = new Set(rows.map((row) => row.key));
    return { rows, waiting: fresh.filter((row) => !shown.has(row.key)).length };
  }
}
