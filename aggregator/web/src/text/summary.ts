// A point's state and outlook in a few sentences, beside the chart and for those who cannot see it.

import { isClearing } from "../belief.ts";
import type { Point } from "../model.ts";
import * as format from "./format.ts";
import * as outlook from "./outlook.ts";
import * as pointWords from "./point-words.ts";
import { type Speaker, trend } from "./sentences.ts";

export function summary(point: Point, speaker: Speaker): string {
  const { words } = speaker;
  const parts = [nowSentence(point, speaker)];
  if (point.suspect_depth_m !== null) {
    parts.push(words.detail.summarySuspect(format.text(format.depth(point.suspect_depth_m))));
  }
  parts.push(outlookSentence(point, speaker));
  return parts.filter(Boolean).join(words.sentenceGap);
}

function nowSentence(point: Point, speaker: Speaker): string {
  const { words, at } = speaker;
  if (point.status === "unknown" || point.depth_m === null || point.observed_at === null) {
    return words.detail.summaryUnknown(pointWords.was(point, speaker));
  }
  const depth = format.text(format.depth(point.depth_m));
  const now = words.detail.summary(depth, at(point.observed_at), trend(point.rate_m_per_h, words));
  const more = isClearing(point)
    ? pointWords.clearing(point, speaker)
    : pointWords.doubt(point, words);
  return more === null ? now : `${now}${words.sentenceGap}${words.sentence(more)}`;
}

function outlookSentence(point: Point, { words, at, now }: Speaker): string {
  const { forecast } = point;
  if (!forecast) return words.detail.summaryNoForecast;
  const peak = outlook.peakAhead(point, now);
  const hour = outlook.inAnHour(forecast, point.thresholds);
  const said = [
    peak ? words.detail.summaryPeak(format.text(format.depth(peak.depth_m)), at(peak.at)) : "",
    hour === null
      ? ""
      : hour.kind === "range"
        ? words.detail.summaryHour(hour.low, hour.high)
        : words.detail.summaryUncertain(hour.low, hour.high),
  ];
  return said.filter(Boolean).join(words.sentenceGap);
}
