import { expect, test } from "vitest";
import { CityLayers, RETRY_MS } from "../src/live/city-layers.ts";

const DISTRICTS = { type: "FeatureCollection", features: [{ type: "Feature", id: "d-01" }] };

/** Layers of a server that gives these answers in turn, and what was asked and waited for. */
function layersWith(...answers: (() => Promise<Response>)[]) {
  const asked: string[] = [];
  const waited: number[] = [];
  const layers = new CityLayers(
    (url) => {
      asked.push(url);
      return (answers.shift() ?? (() => Promise.reject(new Error("asked too often"))))();
    },
    async (ms) => void waited.push(ms),
  );
  return { layers, asked, waited };
}

const cut = () => Promise.reject(new TypeError("failed to fetch"));
const status = (code: number) => () => Promise.resolve(new Response("{}", { status: code }));
const told = () => Promise.resolve(Response.json(DISTRICTS));

test("a layer that failed is asked for again, and never kept as an empty one", async () => {
  const { layers, asked, waited } = layersWith(status(503), cut, told);
  expect(await layers.get("districts")).toEqual(DISTRICTS);
  expect([asked.length, waited]).toEqual([3, [RETRY_MS, RETRY_MS]]);
});

test("a layer that was told is asked for once, by however many", async () => {
  const { layers, asked } = layersWith(told);
  await Promise.all([layers.get("districts"), layers.get("districts")]);
  await layers.get("districts");
  expect(asked).toEqual(["/layers/districts.geojson"]);
});

test("a layer that the city does not have is empty, and not asked for again", async () => {
  const { layers, asked } = layersWith(status(404));
  expect((await layers.get("sewers")).features).toEqual([]);
  await layers.get("sewers");
  expect(asked.length).toBe(1);
});

test("routes that cannot be had are an error, not an empty map", async () => {
  await expect(layersWith(status(503)).layers.routes()).rejects.toThrow("routes: 503");
});
