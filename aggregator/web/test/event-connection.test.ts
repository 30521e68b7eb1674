import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventConnection, type LineMessage } from "../src/live/event-connection.ts";

const LONGER_THAN_ANY_PAUSE_MS = 5_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("a line that was refused for long is tried at once when that may be over", async () => {
  const asked = vi.fn(async () => new Response(null, { status: 401 }));
  vi.stubGlobal("fetch", asked);
  const told: LineMessage[] = [];
  const connection = new EventConnection("/events", (message) => told.push(message));
  const running = connection.run();
  // Its pauses have grown to the longest.
  for (let i = 0; i < 6; i++) await vi.advanceTimersByTimeAsync(LONGER_THAN_ANY_PAUSE_MS);
  const before = asked.mock.calls.length;
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.mock.calls.length).toBe(before);
  connection.hurry();
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.mock.calls.length).toBe(before + 1);
  expect(told.every(({ kind }) => kind === "lost")).toBe(true);
  connection.stop();
  connection.hurry();
  await running;
});
