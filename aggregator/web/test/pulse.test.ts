import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ANSWER_WITHIN_MS, ASKED_AFTER_MS, NEWS_WITHIN_MS, Pulse } from "../src/live/pulse.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<boolean>(() => {});

/** A pulse, and what it told: true for "lives". */
function watched(ask: () => Promise<boolean>) {
  const told: boolean[] = [];
  const pulse = new Pulse(ask, (lives) => void told.push(lives));
  pulse.news();
  return { pulse, told };
}

test("a server that says nothing and answers nothing is told as quiet within two seconds", async () => {
  const { told } = watched(never);
  await vi.advanceTimersByTimeAsync(1_900);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(100);
  expect(told).toEqual([false]);
  expect(ASKED_AFTER_MS + ANSWER_WITHIN_MS).toBe(2_000);
});

test("a quiet city whose server answers is not told as quiet before its news is due", async () => {
  const { told } = watched(async () => true);
  await vi.advanceTimersByTimeAsync(NEWS_WITHIN_MS - 1);
  expect(told).toEqual([]);
});

test("a server that answers and only beats, but tells no news of the city, stands still", async () => {
  const { pulse, told } = watched(async () => true);
  for (let second = 0; second < 9; second += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    pulse.beat();
  }
  expect(told).toEqual([false]);
});

test("the first news after the silence heals it", async () => {
  const { pulse, told } = watched(never);
  await vi.advanceTimersByTimeAsync(5_000);
  pulse.news();
  expect(told).toEqual([false, true]);
});

test("a server that refuses to answer is asked again, and lives once it does", async () => {
  const answers = [true, false];
  const { told } = watched(async () => answers.pop() ?? true);
  await vi.advanceTimersByTimeAsync(ASKED_AFTER_MS + ANSWER_WITHIN_MS);
  expect(told).toEqual([false]);
  await vi.advanceTimersByTimeAsync(ASKED_AFTER_MS);
  expect(told).toEqual([false, true]);
});

test("of a line that is gone nothing more is told", async () => {
  const { pulse, told } = watched(never);
  pulse.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual([]);
});
