import { expect, test } from "vitest";
import { firstView } from "../src/map/first-view.ts";
import type { City, LonLat } from "../src/model.ts";

const city = { bounds: [120, 30, 122, 32] } as City;

test("the first view holds the heart of the points and leaves a far one out", () => {
  const heart: LonLat[] = Array.from({ length: 30 }, (_, k) => [
    121.4 + k * 0.001,
    31.2 + (k % 6) * 0.01,
  ]);
  const [w, s, e, n] = firstView([...heart, [121.9, 30.8]], city);
  expect(w).toBeGreaterThan(121.39);
  expect(e).toBeLessThan(121.45);
  expect(s).toBeGreaterThan(31.18);
  expect(n).toBeLessThan(31.27);
});

test("with a handful of points the whole city is shown", () => {
  expect(
    firstView(
      [
        [121.4, 31.2],
        [121.5, 31.3],
      ],
      city,
    ),
  ).toEqual(city.bounds);
});
