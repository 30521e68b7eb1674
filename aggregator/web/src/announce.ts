// Says new floods aloud to a screen reader: once each, and again only when they get worse.

import { isFlooded, rank } from "./model.ts";
import type { Page } from "./page.ts";
import * as format from "./text/format.ts";

/** Most floods named in one announcement. */
const NAMED = 3;

export function announceFloods(page: Page, region: HTMLElement): void {
  const worst = new Map<string, number>();
  let primed = false;
  let { lang } = page.choices;
  page.choices.watch(() => {
    // What was said in one language is not left standing in the other.
    if (page.choices.lang !== lang) region.textContent = "";
    lang = page.choices.lang;
  });
  page.live.watch(({ parts, ids, whole }) => {
    if (!parts.has("points")) return;
    const fresh: string[] = [];
    for (const id of whole ? page.live.points.keys() : ids) {
      const point = page.live.points.get(id);
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
      region.textContent = fresh.slice(0, NAMED).join(`${page.words.fullStop} `);
  });
}
