import { expect, test } from "vitest";
import type { Reason } from "../src/model.ts";
import * as format from "../src/text/format.ts";
import { dictionaries } from "../src/text/languages.ts";
import * as sentences from "../src/text/sentences.ts";
import { NOON, point } from "./examples.ts";

const speaker = {
  words: dictionaries.en,
  at: (instant: string) => instant.slice(11, 16),
  districtName: (id: string) => id,
};

test("what is not known is a dash, never a zero", () => {
  for (const show of [format.depth, format.level, format.intensity, format.volume, format.flow]) {
    expect(show(null).number).toBe("—");
  }
});

test("depth is told in whole centimetres, and no zero has a sign", () => {
  expect([0.034, -0.001, 1.2].map((m) => format.depth(m).number)).toEqual(["3", "0", "120"]);
  expect([-0.004, -0.5].map((m) => format.level(m).number)).toEqual(["0.00", "−0.50"]);
});

test("times are of the city's zone, with the day where it is not today", () => {
  const times = new format.Times("en", "Asia/Shanghai");
  expect([times.at(NOON, NOON), times.at(NOON + 86_400_000, NOON), times.offset(NOON)]).toEqual([
    "20:00",
    "22 Jul 20:00",
    "UTC+8",
  ]);
});

test("an age is told in seconds, then minutes, then as the time itself", () => {
  expect([0, 59_999, 60_000, 3_599_000, 3_600_000].map(format.ageStep)).toEqual([
    { unit: "s", n: 0 },
    { unit: "s", n: 59 },
    { unit: "min", n: 1 },
    { unit: "min", n: 59 },
    null,
  ]);
});

test("a silent point is described as unknown, in both languages", () => {
  const silent = point({ status: "unknown", depth_m: 0.3, cause: "stale" });
  const said = [dictionaries.en, dictionaries.zh].map((words) =>
    sentences.summary(silent, { ...speaker, words }),
  );
  expect(said[0]).toMatch(/^Depth now unknown/);
  expect(said[1]).toMatch(/未知|不明/);
  expect(said.join()).not.toContain("30");
});

test("a code that the page does not know is shown as it came", () => {
  const newer = { code: "new-reason", params: { depth_m: 0.2 } } as unknown as Reason;
  expect(sentences.reason(newer, speaker)).toBe("new-reason, depth_m 0.2");
});

test("the two languages have the same words", () => {
  const paths = (words: object, above = ""): string[] =>
    Object.entries(words).flatMap(([name, word]) =>
      typeof word === "object" && word !== null
        ? paths(word as object, `${above}${name}.`)
        : [`${above}${name}`],
    );
  const [zh, en] = [paths(dictionaries.zh), paths(dictionaries.en)];
  expect(en).toEqual(zh);
});
