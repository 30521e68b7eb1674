import { expect, test } from "vitest";
import type { Point, Reason, UnservedCode } from "../src/model.ts";
import * as format from "../src/text/format.ts";
import { dictionaries, type Words } from "../src/text/languages.ts";
import * as outlook from "../src/text/outlook.ts";
import * as pointWords from "../src/text/point-words.ts";
import * as sentences from "../src/text/sentences.ts";
import { summary } from "../src/text/summary.ts";
import { at, forecast, NOON, point } from "./examples.ts";

const speaker = {
  words: dictionaries.en,
  now: NOON,
  worst: (p: Point) => p.status,
  at: (instant: string) => instant.slice(11, 16),
  ago: (instant: string) => `${(NOON - Date.parse(instant)) / 60_000} min ago`,
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

const plain = (text: string) => text.replaceAll("\u00a0", " ");
const both = (say: (words: Words) => string) =>
  [dictionaries.en, dictionaries.zh].map((words) => plain(say(words)));

test("a silent point is told as unknown with what it was, and never as dry, in both languages", () => {
  const silent = point({
    status: "unknown",
    last_class: "closure",
    depth_m: 0.3,
    cause: "stale",
    observed_at: at(-7),
  });
  expect(both((words) => summary(silent, { ...speaker, words }))).toEqual([
    "Depth now unknown: was 30 cm 7 min ago; gauge silent. This does not mean dry. No forecast.",
    expect.stringMatching(/^现在水深不明：.*水深 30 cm；水位计失联。不等于没有积水。/),
  ]);
});

test("a rising flood that falls silent says how deep, which way, how long ago and why", () => {
  const p = point({
    status: "unknown",
    last_class: "waterlogged",
    depth_m: 0.22,
    rate_m_per_h: 0.4,
    cause: "stale",
    observed_at: at(-7),
  });
  expect([pointWords.status(p, speaker.words), plain(pointWords.was(p, speaker))]).toEqual([
    "Waterlogged, in doubt",
    "was 22 cm, rising, 7 min ago; gauge silent",
  ]);
});

test("a gauge above its span is in doubt for that, not for being silent", () => {
  const p = point({
    status: "unknown",
    last_class: "severe",
    depth_m: 4.5,
    rate_m_per_h: null,
    cause: "suspect",
    doubt_tests: ["gross-range"],
    suspect_depth_m: 5.2,
    observed_at: at(-3),
  });
  expect(plain(pointWords.was(p, speaker))).toBe(
    "was 450 cm 3 min ago; gauge in doubt: above its span",
  );
});

test("draining water says what it was and what must happen, never that the road is closed at 0 cm", () => {
  const held = { status: "closure", is_clearing: true, rate_m_per_h: -0.2 } as const;
  const said = [0.21, 0].map((depth_m) => {
    const p = point({ ...held, depth_m });
    return both(
      (words) =>
        `${pointWords.status(p, words)} · ${pointWords.clearing(p, { ...speaker, words })}`,
    );
  });
  expect(said).toEqual([
    [
      "Draining · was at closure depth (27 cm or more); road to be inspected",
      "退水中 · 曾达封路水深（≥ 27 cm）；道路待检查",
    ],
    [
      "No water left · was at closure depth (27 cm or more); may reopen after inspection",
      "已退尽 · 曾达封路水深（≥ 27 cm）；检查后可恢复通行",
    ],
  ]);
});

test("a peak is told only while it lies ahead and above what stands", () => {
  const peak = (peak_m: number, minutes: number) =>
    outlook.peakAhead({ depth_m: 0.2, forecast: forecast({ peak_m, peak_at: at(minutes) }) }, NOON);
  expect([peak(0.3, 20), peak(0.3, -1), peak(0.3, 0), peak(0.205, 20)]).toEqual([
    { depth_m: 0.3, at: at(20) },
    null,
    null,
    null,
  ]);
});

test("a range that is wider than from some water to severe is told as uncertain", () => {
  const hour = (p10_m: number, p90_m: number) => {
    const f = forecast({ horizons: [{ minutes: 60, p10_m, p50_m: p10_m, p90_m }] });
    return both((words) => summary(point({ forecast: f }), { ...speaker, words }));
  };
  expect(hour(0, 2.28)[0]).toContain("In 60 min uncertain: between dry and over 2 m.");
  expect(hour(0, 2.28)[1]).toContain("60 分钟后难以预报：可能无积水，也可能超过 2 m。");
  expect(hour(0.34, 0.95)[0]).toContain("between 30 cm and over 90 cm");
  expect(hour(0.1, 0.4)[0]).toContain("10–40 cm");
});

test("a rate that no water has is told without a number", () => {
  const say = (rate: number) => sentences.trend(rate, speaker.words);
  expect([say(524), say(-524), plain(say(1.2))]).toEqual([
    "rising very fast",
    "falling very fast",
    "rising 120 cm/h",
  ]);
});

test("what comes less what drains is called net, and nothing is called an inflow of zero", () => {
  const fits = (inflow_m3h: number) =>
    sentences.reason({ code: "capacity-fits", params: { capacity_m3h: 900, inflow_m3h } }, speaker);
  expect(plain(fits(300))).toContain("net inflow (rain less drainage) of 300 m³/h");
  expect(plain(fits(0.2))).toBe("Pumps 900 m³/h; forecast: no more comes in than drains away");
});

test("a depth in doubt speaks against sending a truck, in both languages", () => {
  const against = { code: "depth-in-doubt", params: { minutes: 7 } } as const;
  const said = both((words) => sentences.objection(against, { ...speaker, words }));
  expect(said).toEqual([
    "Depth in doubt: the last trusted reading was 7 min ago",
    "水深存疑：最近一次可信读数在 7 分钟前",
  ]);
  expect([
    sentences.reason(against as unknown as Reason, speaker),
    sentences.unserved(against as unknown as UnservedCode, speaker),
  ]).toEqual([said[0], said[0]]);
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
