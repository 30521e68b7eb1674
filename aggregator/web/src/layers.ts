// Static layers of the city, fetched once each.

import type { FeatureCollection } from "geojson";

const loaded = new Map<string, Promise<FeatureCollection>>();

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** A layer by its name in the API; empty where it cannot be had. */
export function layer(name: string): Promise<FeatureCollection> {
  let found = loaded.get(name);
  if (!found) {
    found = fetch(`/layers/${name}.geojson`)
      .then((response) => (response.ok ? (response.json() as Promise<FeatureCollection>) : EMPTY))
      .catch(() => {
        loaded.delete(name);
        return EMPTY;
      });
    loaded.set(name, found);
  }
  return found;
}

/** Routes change, so they are never kept. */
export async function routes(): Promise<FeatureCollection> {
  const response = await fetch("/layers/routes.geojson", { cache: "no-cache" });
  return response.ok ? ((await response.json()) as FeatureCollection) : EMPTY;
}
