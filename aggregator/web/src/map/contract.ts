// What the page asks of a map. Any map library can stand behind it.

import type { FeatureCollection } from "geojson";
import type { Layer, Selection, Theme } from "../choices.ts";
import type { Change, LiveState } from "../live/state.ts";
import type { City, Lang, LonLat } from "../model.ts";

export interface MapSetting {
  host: HTMLElement;
  city: City;
  /** West, south, east, north of what is shown first. */
  view: [number, number, number, number];
  lang: Lang;
  theme: Theme;
  label: string;
  hidden: ReadonlySet<Layer>;
  /** A person chose something on the map. */
  pick: (selection: Selection | null) => void;
  /** What to say about a feature under the pointer. */
  describe: (selection: Selection) => string;
  /** The first complete picture stands. */
  ready: () => void;
}

export interface FloodMap {
  /** Brings the live features up to date. Never moves the camera. */
  show(live: LiveState, change: Change): void;
  showRoutes(routes: FeatureCollection): void;
  setLanguage(lang: Lang, label: string): void;
  setTheme(theme: Theme): void;
  setHidden(hidden: ReadonlySet<Layer>): void;
  select(selection: Selection | null, position: LonLat | null): void;
  /** Draws one truck's route strongly, or all alike. */
  pointAtTruck(truck: string | null): void;
  /** Moves only if the place is not in plain sight; `coveredBelow` pixels at the bottom are not. */
  reveal(position: LonLat, coveredBelow: number): void;
  zoom(by: number): void;
  wholeCity(): void;
  remove(): void;
}
