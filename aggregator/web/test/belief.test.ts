import { expect, test } from "vitest";
import { allClear } from "../src/belief.ts";
import { ClosedRoads } from "../src/live/closed-roads.ts";
import { labelFeatures, pointState } from "../src/map/features.ts";
import type { Point } from "../src/model.ts";
import { at, NOON, point } from "./examples.ts";

const silent = (was: Point["last_class"]) =>
  point({ id: `was-${was}`, status: "unknown", cause: "stale", last_class: was, depth_m: 0.3 });

/** So many points, so many of them unknown. */
const city = (all: number, unknown: number) =>
  Array.from({ length: all }, (_, i) => (i < unknown ? silent("dry") : point()));

test("an all-clear is given only where every point is known", () => {
  expect(allClear(city(8, 0))).toEqual({ kind: "clear", all: 8 });
});

test("with a few silent gauges it holds for the others, and says how many are unknown", () => {
  expect(allClear(city(8, 3))).toEqual({ kind: "partly", known: 5, unknown: 3, all: 8 });
});

test.each([
  ["every", 8],
  ["most", 5],
  ["half", 4],
])("with %s gauge silent nothing is said of the city", (_, unknown) => {
  expect(allClear(city(8, unknown))).toEqual({ kind: "unknown", unknown, all: 8 });
});

test("a high reading that is not believed forbids the all-clear as silence does", () => {
  const points = [point({ suspect_depth_m: 0.9, cause: "suspect" }), point(), point()];
  expect(allClear(points).kind).toBe("partly");
});

test("on the map an unknown point that was wet keeps its class and is hatched, one that was dry does not", () => {
  expect(["severe", "notice", "dry", null].map((was) => pointState(silent(was as never)))).toEqual([
    { status: 4, drawn: "doubt" },
    { status: 1, drawn: "doubt" },
    { status: -1, drawn: "plain" },
    { status: -1, drawn: "plain" },
  ]);
});

test("on the map a flood on doubtful readings is hatched, and water that goes is marked", () => {
  const flood = { status: "closure", depth_m: 0.3 } as const;
  const doubted = point({ ...flood, cause: "suspect" });
  const leaving = point({ ...flood, depth_m: 0.1, is_clearing: true });
  expect([doubted, leaving].map(pointState)).toEqual([
    { status: 3, drawn: "doubt" },
    { status: 3, drawn: "clearing" },
  ]);
});

test("a depth on the map that may not be so any more has a question mark", () => {
  const { features } = labelFeatures([silent("closure")], "en");
  expect(features[0]?.properties?.depth).toBe("30\u00a0cm ?");
});

test("a road that was closed is listed for reopening for an hour after its water has gone", () => {
  const closed = new ClosedRoads();
  const dry = point({ status_since: at(30) });
  const see = (p: Point, minute: number) => {
    closed.note([p]);
    const listed = closed.reopening(new Map([[p.id, p]]), NOON + minute * 60_000);
    return listed.map((one) => one.was);
  };
  expect([
    see(point(), 0),
    see(point({ status: "closure" }), 1),
    see(point({ status: "severe" }), 2),
    see(point({ status: "closure", is_clearing: true, depth_m: 0 }), 25),
    see(dry, 31),
    see(dry, 90),
    see(dry, 91),
  ]).toEqual([[], [], [], [], ["severe"], ["severe"], []]);
});

test("water that falls class by class is still told by the worst that it was", () => {
  const closed = new ClosedRoads();
  closed.note([point({ status: "severe" })]);
  const low = point({ status: "waterlogged", is_clearing: true, depth_m: 0.02 });
  closed.note([low]);
  expect(closed.worst(low)).toBe("severe");
});
