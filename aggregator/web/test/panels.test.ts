import { expect, test } from "vitest";
import { observed, tableRows } from "../src/detail/chart-columns.ts";
import { isOver, worth } from "../src/dispatch/recommendation-card.ts";
import { timelineOf } from "../src/dispatch/timeline.ts";
import { commonThreshold } from "../src/map/legend.ts";
import { PendingChanges } from "../src/map/pending-changes.ts";
import type { Point } from "../src/model.ts";
import { SteadyRows } from "../src/steady-rows.ts";
import { at, forecast, NOON, point } from "./examples.ts";

const MINUTE = 60_000;

test("a suspect reading is a dot beside the line, never on it", () => {
  const [, trusted, suspect] = observed(
    [
      [NOON, 0.1, 1],
      [NOON + MINUTE, 0.9, 3],
      [NOON + 2 * MINUTE, 0.1, 1],
    ],
    100,
    60,
  );
  expect(trusted).toEqual([10, undefined, 10]);
  expect(suspect).toEqual([undefined, 90, undefined]);
});

test("silence longer than three intervals breaks the line", () => {
  const [times, trusted] = observed(
    [
      [NOON, 0.1, 1],
      [NOON + 4 * MINUTE, 0.1, 1],
    ],
    100,
    60,
  );
  expect(trusted).toEqual([10, null, 10]);
  expect(times[1]).toBe(NOON / 1000 + 60);
});

test("the table begins with the newest and keeps the step", () => {
  const series = Array.from(
    { length: 10 },
    (_, i) => [NOON + i * MINUTE, i, 1] as [number, number, 1],
  );
  expect(tableRows(series, 300, 9).map(([, value]) => value)).toEqual([9, 4]);
});

test("an alternative's worth is its share of what the recommendation achieves, within 0 and 100", () => {
  const of = (saved: number, regret: number) => worth({ saved_m3h: saved }, { regret_m3h: regret });
  expect([of(100, 25), of(100, 130), of(100, -5), of(0, 0)]).toEqual([75, 0, 100, null]);
});

test("a forecast moment that has passed, or a peak that stands already, is no reason to send a truck", () => {
  const peak = (depth_m: number, minutes: number) =>
    isOver({ code: "forecast-peak", params: { depth_m, at: at(minutes) } }, flood, NOON);
  const closes = (minutes: number) =>
    isOver({ code: "reaches-closure", params: { at: at(minutes) } }, flood, NOON);
  const flood = point({ status: "closure", depth_m: 0.3, forecast: forecast() });
  expect([peak(0.4, 5), peak(0.4, -5), peak(0.3, 5), closes(5), closes(-5)]).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
});

test("without a forecast no inflow of nothing speaks for a truck", () => {
  const params = { capacity_m3h: 900, inflow_m3h: 0 };
  const fits = (p: Point) => isOver({ code: "capacity-fits", params }, p, NOON);
  expect([fits(point()), fits(point({ forecast: forecast() }))]).toEqual([true, false]);
});

test("a threshold stands in the legend only where all points share it", () => {
  const other = point({ thresholds: { ...point().thresholds, closure_m: 0.3 } });
  expect([
    commonThreshold("severe", [point(), other]),
    commonThreshold("closure", [point(), other]),
  ]).toEqual([0.4, null]);
});

test("changes that wait are drawn once, as one", () => {
  const pending = new PendingChanges();
  pending.add({ parts: new Set(["points"]), ids: new Set(["a"]), whole: false });
  pending.add({ parts: new Set(["trucks"]), ids: new Set(["b"]), whole: true });
  const change = pending.take();
  expect([[...change.parts], [...change.ids], change.whole, pending.isEmpty]).toEqual([
    ["points", "trucks"],
    ["a", "b"],
    true,
    true,
  ]);
});

test("the timeline places arrival before the deadline that it beats", () => {
  const r = { arrives_at: at(10), sets_up_until: at(20), drained_at: at(40) };
  const { drive, setUp, pump, deadline } = timelineOf(NOON, r, at(20), NOON);
  expect([drive, setUp, pump, deadline]).toEqual([[0, 25], [25, 50], [50, 100], 50]);
});

test("a held list keeps its rows, marks the one that went and counts the one that came", () => {
  const rows = new SteadyRows<string>((id) => id);
  rows.show(["a", "b"], false);
  const shown = rows.show(["c", "b"], true);
  expect([shown.rows.map((r) => [r.key, r.gone]), shown.waiting]).toEqual([
    [
      ["a", true],
      ["b", false],
    ],
    1,
  ]);
});
