import { expect, test } from "vitest";
import { isTroubled, needsAttention, type Seen } from "../src/attention/needs-attention.ts";
import { at, forecast, gauge, NOON, point } from "./examples.ts";

const seen = (given: Partial<Seen>) =>
  needsAttention({ points: [], gauges: [], agents: [], counters: {}, now: NOON, ...given });
const ids = (all: { id: string }[]) => all.map((one) => one.id);

test("flooded points come worst first: by class, then by depth", () => {
  const points = [
    point({ id: "a", status: "waterlogged", depth_m: 0.2 }),
    point({ id: "b", status: "severe", depth_m: 0.5 }),
    point({ id: "c", status: "waterlogged", depth_m: 0.25 }),
    point({ id: "d", status: "notice", depth_m: 0.1 }),
  ];
  expect(ids(seen({ points }).flooded)).toEqual(["b", "c", "a"]);
});

test("a silent point that was dry is doubtful, never among the dry or the flooded", () => {
  const points = [point({ status: "unknown", last_class: "dry", cause: "stale" })];
  const { flooded, coming, doubtful } = seen({ points });
  expect([flooded, coming, ids(doubtful)]).toEqual([[], [], ["wp-01"]]);
});

test("a flood whose gauge falls silent or into doubt stays first among its like", () => {
  const points = [
    point({ id: "calm", status: "waterlogged", depth_m: 0.2 }),
    point({
      id: "silent",
      status: "unknown",
      cause: "stale",
      last_class: "waterlogged",
      depth_m: 0.22,
    }),
    point({
      id: "off-span",
      status: "unknown",
      cause: "suspect",
      last_class: "severe",
      depth_m: 4.5,
    }),
    point({ id: "known", status: "severe", depth_m: 0.5 }),
  ];
  const { flooded, doubtful } = seen({ points });
  expect([ids(flooded), doubtful]).toEqual([["off-span", "known", "silent", "calm"], []]);
});

test("of two floods of one class and depth the more important place comes first", () => {
  const flood = { status: "closure", depth_m: 0.3 } as const;
  const points = [point({ id: "a", ...flood }), point({ id: "b", ...flood, weight: 5 })];
  expect(ids(seen({ points }).flooded)).toEqual(["b", "a"]);
});

test("what was only wet leads the unknown, as it may be flooded by now", () => {
  const silent = { status: "unknown", cause: "stale" } as const;
  const points = [
    point({ id: "dry", ...silent, last_class: "dry", weight: 5 }),
    point({ id: "wet", ...silent, last_class: "notice", depth_m: 0.12 }),
  ];
  expect(ids(seen({ points }).doubtful)).toEqual(["wet", "dry"]);
});

test("a silent point that is forecast to flood is still coming", () => {
  const silent = { status: "unknown", cause: "stale", last_class: "notice" } as const;
  const points = [point({ ...silent, forecast: forecast({ reaches_waterlogged_at: at(9) }) })];
  const { coming, doubtful } = seen({ points });
  expect([ids(coming), doubtful]).toEqual([["wp-01"], []]);
});

test("water that goes is counted apart from what is flooded, by the depth that is left", () => {
  const held = { status: "severe", is_clearing: true, rate_m_per_h: -0.3 } as const;
  const points = [
    point({ id: "low", ...held, depth_m: 0.21 }),
    point({ id: "none", ...held, depth_m: 0 }),
    point({ id: "still-closed", ...held, depth_m: 0.33 }),
    point({ id: "rises-again", ...held, depth_m: 0.21, rate_m_per_h: 0.4 }),
    point({ id: "unseen", ...held, status: "unknown", last_class: "severe", depth_m: 0.21 }),
  ];
  const { flooded, draining } = seen({ points });
  expect([ids(flooded), ids(draining)]).toEqual([
    ["still-closed", "rises-again", "unseen"],
    ["low", "none"],
  ]);
});

test("a suspect reading above notice is shown as doubtful and raises nothing", () => {
  const points = [point({ suspect_depth_m: 0.3 })];
  const { flooded, doubtful } = seen({ points });
  expect([flooded, ids(doubtful)]).toEqual([[], ["wp-01"]]);
});

test("only what floods within the hour is coming, the soonest first", () => {
  const floodsIn = (id: string, minutes: number) =>
    point({ id, forecast: forecast({ reaches_waterlogged_at: at(minutes) }) });
  const points = [floodsIn("late", 61), floodsIn("second", 40), floodsIn("first", 5)];
  expect(ids(seen({ points }).coming)).toEqual(["first", "second"]);
});

test("a river gauge counts as above its alert level only while it is believed", () => {
  const over = { parameter: "water-level", alert_m: 3, value: 3.2 } as const;
  const gauges = [gauge({ id: "a", ...over }), gauge({ id: "b", ...over, status: "stale" })];
  expect(ids(seen({ gauges }).levels)).toEqual(["a"]);
});

test("counters of work done are no trouble; refusals are, the most frequent first", () => {
  const counters = { observations: 900, duplicates: 4, "unknown-gauge": 2, unreadable: 7 };
  expect(seen({ counters }).refused.map((r) => r.code)).toEqual(["unreadable", "unknown-gauge"]);
});

test("a gateway with one silent source is in trouble, a busy one is not", () => {
  const well = {
    id: "gw-1",
    online: true,
    last_seen: at(0),
    spooled_batches: 9,
    dropped: 0,
    failed_readings: 0,
    silent_sources: [],
    faults: [],
    holes: 0,
    backfill_until: null,
  };
  const fault = { kind: "unit", subject: "unit 1 on bus-a", since: at(0), cause: "no answer" };
  const troubled = [{ silent_sources: ["lg-0001"] }, { faults: [fault] }, { failed_readings: 9 }];
  expect(isTroubled(well)).toBe(false);
  // What failed once and is read again is nobody's work any more.
  expect(troubled.map((more) => isTroubled({ ...well, ...more }))).toEqual([true, true, false]);
});
