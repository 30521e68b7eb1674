// Says new floods aloud to a screen reader: once each, and again only when they get worse.

import * as format from "./format.ts";
import { isFlooded, rank } from "./model.ts";
import type { Page } from "./page.ts";

/** Most floods named in one announcement. */
const NAMED = 3;

export function announceFloods(page: Page, region: HTMLElement): void {
  const worst = new Map<string, number>();
  let primed = false;
  let { lang } = page.desk;
  page.desk.watch(() => {
    // What was said in one language is not left standing in the other.
    if (page.desk.lang !== lang) region.textContent = "";
    lang = page.desk.lang;
  });
  page.store.watch(({ parts, ids, whole }) => {
    if (!parts.has("points")) return;
    const fresh: string[] = [];
    for (const id of whole ? page.store.points.keys() : ids) {
      const point = page.store.points.get(id);
      if (!point) continue;
      const before = worst.get(id) ?? 0;
      const now = rank(point.status);
      worst.set(id, now);
      if (!primed || !isFlooded(point.status) || now <= before) continue;
      const depth = format.text(format.depth(point.depth_m));
      const { words: w } = page;
      fresh.push(w.attention.newFlood(page.name(point.name, id), w.status[point.status], depth));
    }
    primed = true;
    if (fresh.length > 0)
      region.textContent = fresh.slice(0, NAMED).join(page.words.fullStop + " ");
  });
}
