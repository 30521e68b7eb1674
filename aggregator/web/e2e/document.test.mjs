// What the aggregator tells, judged by what it says of itself: its OpenAPI document; and its flood
// map by a validator of GeoJSON that knows nothing of it.
//
//   FLOOD_URL   a running aggregator; without it nothing is served that could be judged, so it fails

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { check } from "@placemarkio/check-geojson";
import { judge } from "../dev/document.mjs";
import { until } from "./browser.mjs";

const url = process.env.FLOOD_URL;
let wrong;

async function get(path) {
  assert.ok(url, "FLOOD_URL names no aggregator");
  const response = await fetch(`${url}${path}`);
  assert.equal(response.status, 200, path);
  return response;
}

const json = async (path) => (await get(path)).json();

async function collection(path) {
  const response = await get(path);
  assert.match(response.headers.get("content-type") ?? "", /^application\/geo\+json/);
  return check(await response.text());
}

/** The data of the first `n` deltas of the event stream. */
async function deltas(n) {
  const found = [];
  let text = "";
  for await (const piece of (await get("/events")).body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const frames = text.split("\n\n");
    text = frames.pop();
    for (const frame of frames)
      if (/^event: delta$/m.test(frame)) found.push(JSON.parse(/^data: (.*)$/m.exec(frame)[1]));
    if (found.length >= n) return found;
  }
  return found;
}

before(async () => {
  wrong = judge(await json("/api/v1/openapi.json"));
});

test("the state and its deltas are as the document says, field by field", async () => {
  const state = await until("no forecast and no plan yet", async () => {
    const now = await json("/api/v1/state");
    return now.points.some((p) => p.forecast) && now.plan ? now : null;
  });
  assert.deepEqual(wrong("State", state), []);
  const seen = await deltas(4);
  assert.deepEqual(
    seen.flatMap((delta) => wrong("State", delta)),
    [],
  );
  assert.ok(
    seen.every((delta, i) => i === 0 || delta.seq > seen[i - 1].seq),
    "seq grows",
  );
});

test("single answers are as the document says", async () => {
  const { points, gauges } = await json("/api/v1/state");
  const wet = points.find((p) => p.forecast) ?? points[0];
  const answers = [
    ["Point", `/api/v1/points/${wet.id}`],
    ["Hydrograph", `/api/v1/points/${wet.id}/hydrograph`],
    ["Gauge", `/api/v1/gauges/${gauges[0].id}`],
    ["Observations", `/api/v1/gauges/${gauges[0].id}/observations`],
    ["Plan", "/api/v1/plan"],
    ["Counters", "/api/v1/counters"],
  ];
  for (const [schema, path] of answers) assert.deepEqual(wrong(schema, await json(path)), [], path);
  const problem = await fetch(`${url}/api/v1/points/nowhere`);
  assert.equal(problem.status, 404);
  assert.deepEqual(wrong("Problem", await problem.json()), []);
});

test("/map.geojson is valid GeoJSON, and every feature has its kind", async () => {
  const map = await collection("/map.geojson");
  assert.equal(map.type, "FeatureCollection");
  const kinds = new Set(map.features.map((f) => f.properties?.kind));
  assert.ok(!kinds.has(undefined), "a feature without a kind");
  for (const kind of ["gauge", "waterlogging-point", "pump-truck"])
    assert.ok(kinds.has(kind), kind);
});

test("every layer is valid GeoJSON, and its properties are as the document says", async () => {
  const { LayerName } = (await json("/api/v1/openapi.json")).components.schemas;
  const live = {
    gauges: "GaugeProperties",
    "waterlogging-points": "PointProperties",
    "pump-trucks": "TruckProperties",
    routes: "RouteProperties",
  };
  for (const layer of LayerName.enum) {
    const { features } = await collection(`/layers/${layer}.geojson`);
    for (const { properties } of features)
      assert.deepEqual(wrong(live[layer] ?? "LayerProperties", properties), [], layer);
  }
});
