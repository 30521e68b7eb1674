// Static layers of the city, fetched once each.

import type { FeatureCollection, Geometry, LineString } from "geojson";
import type { LayerName, LayerProperties, RouteProperties } from "../model.ts";

type LayerFeatures = FeatureCollection<Geometry, LayerProperties>;
type Routes = FeatureCollection<LineString, RouteProperties>;

const loaded = new Map<LayerName, Promise<LayerFeatures>>();

const EMPTY: LayerFeatures = { type: "FeatureCollection", features: [] };

/** A layer by its name in the API; empty where it cannot be had. */
export function layer(name: LayerName): Promise<LayerFeatures> {
  let found = loaded.get(name);
  if (!found) {
    found = fetch(`/layers/${name}.geojson`)
      .then((response) => (response.ok ? (response.json() as Promise<LayerFeatures>) : EMPTY))
      .catch(() => {
        loaded.delete(name);
        return EMPTY;
      });
    loaded.set(name, found);
  }
  return found;
}

/** Routes change, so they are never kept. */
export async function routes(): Promise<Routes> {
  const response = await fetch("/layers/routes.geojson", { cache: "no-cache" });
  return response.ok
    ? ((await response.json()) as Routes)
    : { type: "FeatureCollection", features: [] };
}
