// Codes of the API as sentences in the dispatcher's language. A code that this page does not
// know is shown as it came: better odd than silent.

import * as format from "./format.ts";
import type { Words } from "./i18n/index.ts";
import { type Coded, type Gauge, type Point, type Skill, isRain } from "./model.ts";

/** What a sentence needs besides its code. */
export interface Speaker {
  words: Words;
  at(instant: string): string;
  districtName(id: string): string;
}

function number(coded: Coded, name: string): number | null {
  const value = coded.params[name];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function string(coded: Coded, name: string): string {
  const value = coded.params[name];
  return typeof value === "string" ? value : "";
}

function whole(value: number | null): string {
  return value === null ? format.NO_NUMBER : format.count(value);
}

function rate(value: number | null): string {
  return value === null ? format.NO_NUMBER : format.text(format.rate(value));
}

export function reason(coded: Coded, { words, at }: Speaker): string {
  const say = words.plan.reason;
  switch (coded.code) {
    case "depth-now":
      return say["depth-now"](format.text(format.depth(number(coded, "depth_m"))));
    case "rising":
      return say.rising(rate(number(coded, "rate_m_per_h")));
    case "forecast-peak":
      return say["forecast-peak"](
        format.text(format.depth(number(coded, "depth_m"))),
        at(string(coded, "at")),
      );
    case "reaches-closure":
      return say["reaches-closure"](at(string(coded, "at")));
    case "important-place":
      return say["important-place"](whole(number(coded, "weight")));
    case "nearest-free":
      return say["nearest-free"](whole(number(coded, "eta_minutes")));
    case "capacity-fits":
      return say["capacity-fits"](
        format.text(format.flow(number(coded, "capacity_m3h"))),
        format.text(format.flow(number(coded, "inflow_m3h"))),
      );
    case "heavy-rain":
      return say["heavy-rain"](format.text(format.intensity(number(coded, "mm_per_h"))));
    case "already-there":
      return say["already-there"]();
    default:
      return unknownCode(coded);
  }
}

export function objection(coded: Coded, { words, districtName, at }: Speaker): string {
  const say = words.plan.objection;
  switch (coded.code) {
    case "arrives-after-closure":
      return say["arrives-after-closure"](whole(number(coded, "minutes")));
    case "cannot-win":
      return say["cannot-win"](
        format.text(format.flow(number(coded, "inflow_m3h"))),
        format.text(format.flow(number(coded, "capacity_m3h"))),
      );
    case "district-left-without-reserve":
      return say["district-left-without-reserve"](districtName(string(coded, "district")));
    case "gauge-stale":
      return say["gauge-stale"](whole(number(coded, "minutes")));
    case "straight-line-estimate":
      return say["straight-line-estimate"]();
    case "forecast-unverified":
      return say["forecast-unverified"]();
    case "truck-not-heard": {
      const since = coded.params["since"];
      return say["truck-not-heard"](typeof since === "string" ? at(since) : null);
    }
    default:
      return unknownCode(coded);
  }
}

export function unserved(coded: Coded, { words }: Speaker): string {
  return words.plan.unservedReason[coded.code] ?? unknownCode(coded);
}

export function tests(codes: readonly string[], words: Words): string[] {
  return codes.map((code) => words.tests[code] ?? code);
}

/** How fast and which way: `rising 12 cm/h`. */
export function trend(metresPerHour: number | null, words: Words): string {
  const way = format.trend(metresPerHour);
  if (way === null || metresPerHour === null) return format.NO_NUMBER;
  if (way === "steady") return words.trend.steady;
  return words.rateOf(words.trend[way], format.text(format.rate(metresPerHour)));
}

/** What the past says of the forecasts of a point. */
export function skill(skill: Skill | null, words: Words): string {
  if (!skill || skill.verified === 0 || skill.mae_m === null) return words.detail.unverified;
  const { mae_m: error, mae_persistence_m: persistence } = skill;
  const said = words.detail.skill(
    format.count(skill.verified),
    skill.horizon_minutes,
    format.text(format.depth(error)),
    format.text(format.depth(persistence)),
  );
  const worse = persistence !== null && error >= persistence ? words.detail.skillWorse : "";
  const events =
    skill.hits + skill.misses + skill.false_alarms > 0
      ? words.detail.skillEvents(skill.hits, skill.misses, skill.false_alarms)
      : "";
  return `${said}${worse}${events}${words.fullStop}`;
}

/** A point's state and outlook in one or two sentences, for those who cannot see the chart. */
export function summary(point: Point, speaker: Speaker): string {
  const { words } = speaker;
  const parts = [nowSentence(point, speaker)];
  if (point.suspect_depth_m !== null) {
    parts.push(words.detail.summarySuspect(format.text(format.depth(point.suspect_depth_m))));
  }
  parts.push(outlookSentence(point, speaker));
  return parts.filter(Boolean).join(words.sentenceGap);
}

function nowSentence(point: Point, { words, at }: Speaker): string {
  if (point.status === "unknown" || point.depth_m === null || point.observed_at === null) {
    return words.detail.summaryUnknown(words.cause[point.cause ?? "no-data"]);
  }
  const depth = format.text(format.depth(point.depth_m));
  return words.detail.summary(depth, at(point.observed_at), trend(point.rate_m_per_h, words));
}

function outlookSentence(point: Point, { words, at }: Speaker): string {
  const forecast = point.forecast;
  if (!forecast || forecast.method === "none") return words.detail.summaryNoForecast;
  if (forecast.peak_m === null || forecast.peak_at === null) return "";
  const peak = format.text(format.depth(forecast.peak_m));
  const hour = forecast.horizons.find((h) => h.minutes === 60);
  if (!hour) return words.detail.summaryPeakOnly(peak, at(forecast.peak_at));
  const low = format.depth(hour.p10_m).number;
  const high = format.text(format.depth(hour.p90_m));
  return words.detail.summaryPeak(peak, at(forecast.peak_at), low, high);
}

/** What a gauge measures, short. */
export function gaugeKind(gauge: Gauge, words: Words): string {
  return isRain(gauge.parameter) ? words.legend.rain : words.legend.level;
}

function unknownCode(coded: Coded): string {
  const params = Object.entries(coded.params).map(([name, value]) => `${name} ${String(value)}`);
  return [coded.code, ...params].join(", ");
}
