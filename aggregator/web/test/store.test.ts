import { expect, test } from "vitest";
import type { State } from "../src/model.ts";
import { Store } from "../src/store.ts";
import { at, delta, order, point } from "./examples.ts";

/** A store whose snapshot is given out when the test says so. */
function storeWithLateSnapshot() {
  let give: (snapshot: State) => void = () => {};
  const store = new Store(
    () => new Promise((done) => (give = done)),
    () => 0,
  );
  return { store, give: (snapshot: State) => give(snapshot) };
}

test("a delta that the snapshot already contains is dropped, a newer one is applied after it", async () => {
  const { store, give } = storeWithLateSnapshot();
  const opened = store.take({ kind: "open", resumed: false });
  await store.take({ kind: "delta", delta: delta(4, { points: [point({ depth_m: 0.1 })] }) });
  await store.take({ kind: "delta", delta: delta(6, { points: [point({ depth_m: 0.3 })] }) });
  give(delta(5, { points: [point({ depth_m: 0.2 })] }));
  await opened;
  expect([store.seq, store.points.get("wp-01")?.depth_m]).toEqual([6, 0.3]);
});

test("a delta that tells nothing of a point leaves what was known of it", async () => {
  const store = new Store(
    async () => delta(1, { points: [point()] }),
    () => 0,
  );
  await store.take({ kind: "open", resumed: false });
  await store.take({ kind: "delta", delta: delta(2, { orders: [order()] }) });
  expect(store.points.get("wp-01")?.name.en).toBe("Dock underpass");
});

test("a resumed line fetches nothing", async () => {
  let fetched = 0;
  const store = new Store(
    async () => delta(++fetched),
    () => 0,
  );
  await store.take({ kind: "open", resumed: false });
  await store.take({ kind: "lost" });
  await store.take({ kind: "open", resumed: true });
  expect([fetched, store.line.state]).toEqual([1, "open"]);
});

test("the moment of loss is the first one, however often the line fails after it", async () => {
  let now = 5;
  const store = new Store(
    async () => delta(1),
    () => now,
  );
  await store.take({ kind: "open", resumed: false });
  await store.take({ kind: "lost" });
  now = 9;
  await store.take({ kind: "lost" });
  expect(store.line).toEqual({ state: "lost", at: 5 });
});

test("a snapshot that fails is asked for again, and what is gone by then is gone here", async () => {
  const answers = [
    async () => delta(1, { points: [point()] }),
    async () => Promise.reject(new Error("503")),
    async () => delta(9),
  ];
  const store = new Store(
    () => (answers.shift() ?? answers[0]!)(),
    () => 0,
    async () => {},
  );
  await store.take({ kind: "open", resumed: false });
  await store.take({ kind: "reset" });
  expect([store.seq, store.points.size]).toEqual([9, 0]);
});

test("storm time runs at the storm's speed between two messages", async () => {
  let now = 0;
  const store = new Store(
    async () => delta(1, { speed: 60 }),
    () => now,
  );
  await store.take({ kind: "open", resumed: false });
  now = 10_000;
  expect(new Date(store.clock.now()).toISOString()).toBe(at(10));
});
