// Says new floods aloud to a screen reader: once each, and again only when they get worse.

import { believed, isFloodedNow } from "./belief.ts";
import { rank } from "./model.ts";
import type { Page } from "./page.ts";
import * as pointWords from "./text/point-words.ts";

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
      const now = rank(believed(point));
      worst.set(id, now);
      if (!primed || !isFloodedNow(point) || now <= before) continue;
      fresh.push(`${page.name(point.name, id)}: ${pointWords.brief(point, page.speaker)}`);
    }
    primed = true;
    if (fresh.length > 0)
      region.textContent = fresh.slice(0, NAMED).join(`${page.words.fullStop} `);
  });
}
