import { expect, test } from "vitest";
import { LiveState } from "../src/live/state.ts";
import type { State } from "../src/model.ts";
import { at, delta, order, point, truck } from "./examples.ts";

/** A live state whose snapshot is given out when the test says so. */
function liveWithLateSnapshot() {
  let give: (snapshot: State) => void = () => {};
  const live = new LiveState(
    () => new Promise((done) => (give = done)),
    () => 0,
  );
  return { live, give: (snapshot: State) => give(snapshot) };
}

test("a delta that the snapshot already contains is dropped, a newer one is applied after it", async () => {
  const { live, give } = liveWithLateSnapshot();
  const opened = live.take({ kind: "open", resumed: false });
  await live.take({ kind: "delta", delta: delta(4, { points: [point({ depth_m: 0.1 })] }) });
  await live.take({ kind: "delta", delta: delta(6, { points: [point({ depth_m: 0.3 })] }) });
  give(delta(5, { points: [point({ depth_m: 0.2 })] }));
  await opened;
  expect([live.seq, live.points.get("wp-01")?.depth_m]).toEqual([6, 0.3]);
});

test("a delta that tells nothing of a point leaves what was known of it", async () => {
  const live = new LiveState(
    async () => delta(1, { points: [point()] }),
    () => 0,
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "delta", delta: delta(2, { orders: [order()] }) });
  expect(live.points.get("wp-01")?.name.en).toBe("Dock underpass");
});

test("an order that ended more than an hour ago is forgotten, as it leaves the server's state", async () => {
  const live = new LiveState(
    async () => delta(1, { orders: [order()] }),
    () => 0,
  );
  await live.take({ kind: "open", resumed: false });
  const ended = order({ state: "done", ended_at: at(10) });
  await live.take({ kind: "delta", delta: delta(2, { now: at(10), orders: [ended] }) });
  expect(live.orders.size).toBe(1);
  await live.take({ kind: "delta", delta: delta(3, { now: at(71) }) });
  expect(live.orders.size).toBe(0);
});

test("numbers of deltas only need to grow: a gap is no loss, a number that was is dropped", async () => {
  let fetched = 0;
  const live = new LiveState(
    async () => delta(++fetched, { points: [point()] }),
    () => 0,
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "delta", delta: delta(9, { points: [point({ depth_m: 0.3 })] }) });
  await live.take({ kind: "delta", delta: delta(4, { points: [point({ depth_m: 0.1 })] }) });
  expect([live.seq, live.points.get("wp-01")?.depth_m, fetched]).toEqual([9, 0.3, 1]);
});

test("a resumed line fetches nothing", async () => {
  let fetched = 0;
  const live = new LiveState(
    async () => delta(++fetched),
    () => 0,
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "lost" });
  await live.take({ kind: "open", resumed: true });
  expect([fetched, live.line.state]).toEqual([1, "open"]);
});

test("the moment of loss is the first one, however often the line fails after it", async () => {
  let now = 5;
  const live = new LiveState(
    async () => delta(1),
    () => now,
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "lost" });
  now = 9;
  await live.take({ kind: "lost" });
  expect(live.line).toEqual({ state: "lost", at: 5 });
});

test("a snapshot that fails is asked for again, and what is gone by then is gone here", async () => {
  const answers = [
    async () => delta(1, { points: [point()] }),
    async () => Promise.reject(new Error("503")),
  ];
  const live = new LiveState(
    () => (answers.shift() ?? (async () => delta(9)))(),
    () => 0,
    async () => {},
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "reset" });
  expect([live.seq, live.points.size]).toEqual([9, 0]);
});

test("storm time runs at the storm's speed between two messages", async () => {
  let now = 0;
  const live = new LiveState(
    async () => delta(1, { speed: 60 }),
    () => now,
  );
  await live.take({ kind: "open", resumed: false });
  now = 10_000;
  expect(new Date(live.clock.now()).toISOString()).toBe(at(10));
});

test("what the server says of its broker stands until it says another, over a lost line too", async () => {
  const live = new LiveState(async () => delta(1));
  const parts: string[] = [];
  await live.take({ kind: "open", resumed: false });
  live.watch((change) => parts.push(...change.parts));
  await live.take({ kind: "broker", broker: { state: "lost", since: at(3) } });
  await live.take({ kind: "lost" });
  expect([live.broker, parts]).toEqual([{ state: "lost", since: at(3) }, ["line", "line"]]);
});

test("a server that hangs is told as such until it is heard, and not as a line that is lost", async () => {
  let now = 5;
  const live = new LiveState(
    async () => delta(1),
    () => now,
  );
  await live.take({ kind: "open", resumed: false });
  await live.take({ kind: "quiet" });
  expect(live.line).toEqual({ state: "quiet", at: 5 });
  await live.take({ kind: "heard" });
  expect(live.line).toEqual({ state: "open" });
  await live.take({ kind: "quiet" });
  now = 9;
  await live.take({ kind: "lost" });
  expect(live.line).toEqual({ state: "lost", at: 5 });
});

test("a truck that left the part of the city that is seen is no longer there", async () => {
  const live = new LiveState(
    async () => delta(1, { trucks: [truck()] }),
    () => 0,
  );
  const told: string[] = [];
  await live.take({ kind: "open", resumed: false });
  live.watch(({ parts, ids }) => told.push(...parts, ...ids));
  const { id } = truck();
  await live.take({ kind: "delta", delta: delta(2, { gone_trucks: [id] }) });
  expect([live.trucks.size, told]).toEqual([0, ["trucks", id]]);
});

test("who is told of no counters any more does not keep those that were", async () => {
  const counters = { forbidden: 1 };
  const snapshots = [delta(1, { counters }), delta(2, { counters: undefined })];
  const live = new LiveState(
    async () => snapshots.shift() ?? delta(3),
    () => 0,
  );
  await live.take({ kind: "open", resumed: false });
  expect(live.counters).toEqual(counters);
  await live.take({ kind: "reset" });
  expect(live.counters).toEqual({});
});
