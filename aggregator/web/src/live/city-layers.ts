// Layers of the flood map as the page itself reads them. What never changes is fetched once; a
// failure is not an answer: it is asked again until there is one.

import type { FeatureCollection, Geometry, LineString } from "geojson";
import type { LayerName, LayerProperties, RouteProperties } from "../model.ts";

type LayerFeatures = FeatureCollection<Geometry, LayerProperties>;
type RouteFeatures = FeatureCollection<LineString, RouteProperties>;
type Ask = (url: string, how?: RequestInit) => Promise<Response>;

/** Least time between two attempts at one layer. */
export const RETRY_MS = 5_000;

export class CityLayers {
  readonly #asked = new Map<LayerName, Promise<LayerFeatures>>();

  constructor(
    private readonly ask: Ask = (url, how) => fetch(url, how),
    private readonly pause: (ms: number) => Promise<void> = (ms) =>
      new Promise((wake) => setTimeout(wake, ms)),
  ) {}

  /** A layer that never changes; empty where the city has none of that name. */
  get(name: LayerName): Promise<LayerFeatures> {
    const asked = this.#asked.get(name) ?? this.#fetch(name);
    this.#asked.set(name, asked);
    return asked;
  }

  /**
   * The routes as they are now, which nobody keeps.
   *
   * Throws where they cannot be had.
   */
  async routes(): Promise<RouteFeatures> {
    const response = await this.ask("/layers/routes.geojson", { cache: "no-cache" });
    if (!response.ok) throw new Error(`routes: ${response.status}`);
    return (await response.json()) as RouteFeatures;
  }

  async #fetch(name: LayerName): Promise<LayerFeatures> {
    for (;;) {
      try {
        const response = await this.ask(`/layers/${name}.geojson`);
        if (response.ok) return (await response.json()) as LayerFeatures;
        if (response.status === 404) return { type: "FeatureCollection", features: [] };
      } catch {
        // The line is cut: the header says so, and the layer comes when it is back.
      }
      await this.pause(RETRY_MS);
    }
  }
}
