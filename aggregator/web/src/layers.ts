// Static layers of the city, fetched once each.

import type { FeatureCollection, Geometry, LineString } from "geojson";
import type { LayerName, LayerProperties, RouteProperties } from "./model.ts";

type Layer = FeatureCollection<Geometry, LayerProperties>;
type Routes = FeatureCollection<LineString, RouteProperties>;

const loaded = new Map<LayerName, Promise<Layer>>();

const EMPTY: Layer = { type: "FeatureCollection", features: [] };

/** A layer by its name in the API; empty where it cannot be had. */
export function layer(name: LayerName): Promise<Layer> {
  let found = loaded.get(name);
  if (!found) {
    found = fetch(`/layers/${name}.geojson`)
      .then((response) => (response.ok ? (response.json() as Promise<Layer>) : EMPTY))
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
