// What this dispatcher looks at and prefers: selection, language, theme, layers. None of it is
// the flood's state; live data never changes any of it.

import type { Lang } from "./model.ts";
import { firstLanguage } from "./text/languages.ts";

export interface Selection {
  kind: "point" | "gauge" | "truck";
  id: string;
}

export type Tab = "list" | "plan" | "map";
export type Theme = "light" | "dark";

/** Layers that can be switched off. Waterlogging points cannot. */
const LAYERS = [
  "trucks",
  "routes",
  "rain-gauges",
  "level-gauges",
  "pump-stations",
  "shelters",
  "communities",
  "districts",
  "roads",
  "canals",
  "sewers",
] as const;
export type Layer = (typeof LAYERS)[number];

const HIDDEN_AT_FIRST: readonly Layer[] = ["sewers"];

export class Choices {
  lang: Lang;
  theme: Theme;
  hidden: Set<Layer>;
  selection: Selection | null;
  /** The truck whose route is shown strongly. */
  pointedTruck: string | null = null;
  tab: Tab = "list";
  query = "";
  showsHelp = false;
  /** Set with a selection that a person made outside the map: bring it into view. */
  wantsReveal = false;

  #watchers = new Set<() => void>();

  constructor(private readonly storage: Storage | null) {
    this.lang = firstLanguage(this.#recall("lang"), navigator.languages);
    this.theme = this.#recall("theme") === "dark" ? "dark" : "light";
    const hidden = this.#recall("hidden-layers")?.split(",") ?? HIDDEN_AT_FIRST;
    this.hidden = new Set(LAYERS.filter((layer) => hidden.includes(layer)));
    this.selection = readHash(location.hash);
    this.wantsReveal = this.selection !== null;
  }

  watch(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  switchLanguage(): void {
    this.lang = this.lang === "zh" ? "en" : "zh";
    this.#keep("lang", this.lang);
    this.#tell();
  }

  switchTheme(): void {
    this.theme = this.theme === "light" ? "dark" : "light";
    this.#keep("theme", this.theme);
    this.#tell();
  }

  toggleLayer(layer: Layer): void {
    if (!this.hidden.delete(layer)) this.hidden.add(layer);
    this.#keep("hidden-layers", [...this.hidden].join(","));
    this.#tell();
  }

  select(selection: Selection | null, reveal = true): void {
    this.selection = selection;
    this.wantsReveal = selection !== null && reveal;
    const hash = selection ? `#${selection.kind}/${selection.id}` : "";
    history.replaceState(null, "", location.pathname + location.search + hash);
    this.#tell();
  }

  pointAtTruck(truck: string | null): void {
    if (this.pointedTruck === truck) return;
    this.pointedTruck = truck;
    this.#tell();
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.#tell();
  }

  search(query: string): void {
    this.query = query;
    this.#tell();
  }

  help(shown: boolean): void {
    this.showsHelp = shown;
    this.#tell();
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #keep(name: string, value: string): void {
    try {
      this.storage?.setItem(`flood.${name}`, value);
    } catch {
      // A browser that keeps nothing still shows everything.
    }
  }

  #recall(name: string): string | null {
    try {
      return this.storage?.getItem(`flood.${name}`) ?? null;
    } catch {
      return null;
    }
  }
}

function readHash(hash: string): Selection | null {
  const match = /^#(point|gauge|truck)\/([a-z0-9-]{1,63})$/.exec(hash);
  if (!match?.[1] || !match[2]) return null;
  return { kind: match[1] as Selection["kind"], id: match[2] };
}
