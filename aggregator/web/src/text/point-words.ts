// A waterlogging point in words: what it is, what it was, and why that is in doubt. Pure.

import { believed, isClearing, isDrained, isInDoubt, isShownInDoubt } from "../belief.ts";
import {
  isFlooded,
  isRising,
  type Point,
  type PointStatus,
  type QualityTest,
  rank,
} from "../model.ts";
import * as format from "./format.ts";
import type { Words } from "./languages.ts";
import { type Speaker, textOf } from "./sentences.ts";

/** What it is, in a word or two. */
export function status(p: Point, words: Words): string {
  if (isClearing(p)) return isDrained(p) ? words.clearing.drained : words.clearing.draining;
  const said = words.status[believed(p)];
  if (isShownInDoubt(p)) return words.doubt.status(said);
  if (p.status === "unknown") return words.status.unknown;
  return fallsBelow(p) ? words.clearing.still(said) : said;
}

/** The class is only held, but the depth that is left closes the road all the same. */
function fallsBelow(p: Point): boolean {
  return p.is_clearing && !isRising(p.rate_m_per_h);
}

/** Why what is shown of it is in doubt; null where it is not. */
export function doubt(p: Point, words: Words): string | null {
  if (!isInDoubt(p)) return null;
  const cause = words.cause[p.cause ?? "no-data"];
  const tests = p.cause === "suspect" ? p.doubt_tests : [];
  return tests.length === 0
    ? cause
    : words.doubt.because(cause, tests.map((test) => testOf(test, p, words)).join(words.comma));
}

function testOf(test: QualityTest, p: Point, words: Words): string {
  const isAbove = p.suspect_depth_m !== null && p.suspect_depth_m > (p.depth_m ?? 0);
  return test === "gross-range" && isAbove ? words.doubt.aboveSpan : textOf(test, words.tests);
}

/** `was 22 cm, rising, 7 min ago; gauge silent`: what an unknown point was and why it is unknown. */
export function was(p: Point, { words, ago }: Speaker): string {
  const why = doubt(p, words) ?? words.cause["no-data"];
  if (p.depth_m === null || p.observed_at === null) return why;
  const way = format.trend(p.rate_m_per_h);
  const moves = way === null || way === "steady" ? null : words.trend[way];
  return words.doubt.was(format.text(format.depth(p.depth_m)), moves, ago(p.observed_at), why);
}

/** `was at closure depth (27 cm or more); road to be inspected` */
export function clearing(p: Point, { words, worst }: Speaker): string {
  return afterFlood(p, worst(p), words);
}

/** What a place was, and what must happen before it is as before. */
export function afterFlood(p: Point, worst: PointStatus, words: Words): string {
  const past = wasOf(p, worst, words);
  if (rank(worst) < 3) return past;
  const next = isDrained(p) ? words.clearing.mayReopen : words.clearing.inspect;
  return words.clearing.and(past, next[p.type === "estate" ? "place" : "road"]);
}

function wasOf(p: Point, worst: PointStatus, words: Words): string {
  if (worst === "unknown" || worst === "dry") return words.status[worst];
  return words.clearing.was[worst](format.text(format.depth(p.thresholds[`${worst}_m`])));
}

/** In one line, for the map and for a screen reader. */
export function brief(p: Point, speaker: Speaker): string {
  const { words } = speaker;
  const said = status(p, words);
  if (p.status === "unknown") return `${said} · ${was(p, speaker)}`;
  const depth = format.text(format.depth(p.depth_m));
  const more = isFlooded(p.status) && isClearing(p) ? clearing(p, speaker) : doubt(p, words);
  return [said, depth, more].filter(Boolean).join(" · ");
}
