// The flood map as GeoJSON, judged by a validator that knows nothing of it.
//
//   FLOOD_URL   a running aggregator; without it nothing is served that could be judged, so it fails

import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "@placemarkio/check-geojson";

const url = process.env.FLOOD_URL;

async function collection(path) {
  assert.ok(url, "FLOOD_URL names no aggregator");
  const response = await fetch(`${url}${path}`);
  assert.equal(response.status, 200, path);
  assert.match(response.headers.get("content-type") ?? "", /^application\/geo\+json/);
  return check(await response.text());
}

test("/map.geojson is valid GeoJSON, and every feature has its kind", async () => {
  const map = await collection("/map.geojson");
  assert.equal(map.type, "FeatureCollection");
  const kinds = new Set(map.features.map((f) => f.properties?.kind));
  assert.ok(!kinds.has(undefined), "a feature without a kind");
  for (const kind of ["gauge", "waterlogging-point", "pump-truck"]) assert.ok(kinds.has(kind), kind);
});

test("every layer is valid GeoJSON", async () => {
  for (const layer of ["gauges", "waterlogging-points", "pump-trucks", "routes", "roads", "districts"]) {
    const { features } = await collection(`/layers/${layer}.geojson`);
    assert.ok(Array.isArray(features), layer);
  }
});
