// Codes of the API as sentences in the dispatcher's language. A code that this page does not
// know is shown as it came: better odd than silent.

import type { Against, Point, PointStatus, Reason, Skill, UnservedCode } from "../model.ts";
import * as format from "./format.ts";
import type { Words } from "./languages.ts";

/** What a sentence needs besides its code. */
export interface Speaker {
  words: Words;
  at(instant: string): string;
  /** `7 min ago`, or `at 02:10`. */
  ago(instant: string): string;
  now: number;
  /** The worst that a point was, as far as this window knows. */
  worst(point: Point): PointStatus;
  districtName(id: string): string;
}

export function reason(reason: Reason, speaker: Speaker): string {
  const { words, at } = speaker;
  const say = words.plan.reason;
  switch (reason.code) {
    case "depth-now":
      return say["depth-now"](format.text(format.depth(reason.params.depth_m)));
    case "rising":
      return say.rising(rateText(reason.params.rate_m_per_h));
    case "forecast-peak":
      return say["forecast-peak"](
        format.text(format.depth(reason.params.depth_m)),
        at(reason.params.at),
      );
    case "reaches-closure":
      return say["reaches-closure"](at(reason.params.at));
    case "important-place":
      return say["important-place"](format.count(reason.params.weight));
    case "nearest-free":
      return say["nearest-free"](format.count(reason.params.eta_minutes));
    case "capacity-fits":
      return say["capacity-fits"](
        format.text(format.flow(reason.params.capacity_m3h)),
        Math.round(reason.params.inflow_m3h) > 0
          ? format.text(format.flow(reason.params.inflow_m3h))
          : null,
      );
    case "heavy-rain":
      return say["heavy-rain"](format.text(format.intensity(reason.params.mm_per_h)));
    default:
      // A newer server may give as a reason what this page knows as an objection.
      return objection(reason, speaker);
  }
}

export function objection(against: Against, { words, districtName, at }: Speaker): string {
  const say = words.plan.objection;
  switch (against.code) {
    case "arrives-after-closure":
      return say["arrives-after-closure"](format.count(against.params.minutes));
    case "cannot-win":
      return say["cannot-win"](
        format.text(format.flow(against.params.inflow_m3h)),
        format.text(format.flow(against.params.capacity_m3h)),
      );
    case "district-left-without-reserve":
      return say["district-left-without-reserve"](districtName(against.params.district));
    case "straight-line-estimate":
      return say["straight-line-estimate"]();
    case "forecast-unverified":
      return say["forecast-unverified"]();
    case "truck-not-heard": {
      const { since } = against.params;
      return say["truck-not-heard"](since === null ? null : at(since));
    }
    case "depth-in-doubt":
      return say["depth-in-doubt"](format.count(against.params.minutes));
    default:
      return unknownCode(against);
  }
}

export function unserved(why: UnservedCode, speaker: Speaker): string {
  const say = speaker.words.plan.unservedReason;
  switch (why.code) {
    case "no-truck-left": {
      // A plan of an older server does not count them.
      const { trucks = 0, capacity_m3h = 0 } = why.params;
      return say["no-truck-left"](
        trucks > 0 ? format.count(trucks) : null,
        format.text(format.flow(capacity_m3h)),
      );
    }
    case "gain-below-switch": {
      const { gain_m3h = 0, sending_m3h = 0 } = why.params;
      return say["gain-below-switch"](format.count(gain_m3h), format.count(sending_m3h));
    }
    case "too-late":
      return say["too-late"](format.count(why.params.minutes));
    case "no-room":
      return say["no-room"]();
    default:
      // A newer server may give as a reason what this page knows as an objection.
      return objection(why, speaker);
  }
}

/** Tests that were not passed; that its source corrected a reading is no test. */
export function tests(codes: readonly string[], words: Words): string[] {
  return codes.filter((code) => code !== "corrected").map((code) => textOf(code, words.tests));
}

/** How fast and which way: `rising 12 cm/h`. */
export function trend(metresPerHour: number | null, words: Words): string {
  const way = format.trend(metresPerHour);
  if (way === null || metresPerHour === null) return format.NO_NUMBER;
  if (way === "steady") return words.trend.steady;
  const rate = rateText(metresPerHour);
  return rate === null ? words.trendFast[way] : words.rateOf(words.trend[way], rate);
}

/** How fast; null where a number would not be believed. */
function rateText(metresPerHour: number): string | null {
  return format.isTellable(metresPerHour) ? format.text(format.rate(metresPerHour)) : null;
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

/** The text of a code; the code itself where the server is newer than this page. */
export function textOf(code: string, texts: Readonly<Record<string, string>>): string {
  return texts[code] ?? code;
}

/** A code of a server that is newer than this page. */
function unknownCode(coded: { code: string; params: object }): string {
  const params = Object.entries(coded.params).map(([name, value]) => `${name} ${String(value)}`);
  return [coded.code, ...params].join(", ");
}
