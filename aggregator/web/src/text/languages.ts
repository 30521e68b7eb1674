// The page's two languages.

import type { Lang } from "../model.ts";
import { en } from "./en.ts";
import { type Words, zh } from "./zh.ts";

export type { Words };

export const dictionaries: Record<Lang, Words> = { zh, en };

/** The language to begin with: the dispatcher's choice, else the browser's. */
export function firstLanguage(chosen: string | null, browser: readonly string[]): Lang {
  if (chosen === "zh" || chosen === "en") return chosen;
  return browser.some((tag) => tag.toLowerCase().startsWith("zh")) ? "zh" : "en";
}
