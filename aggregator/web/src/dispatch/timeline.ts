// The truck against the water, as a bar: drive, set-up, pumping, and the moment to beat.
// Everything in it is also said in words beside it.

import { html, nothing, type TemplateResult } from "lit";
import type { Plan, Point, Recommendation } from "../model.ts";
import type { Page } from "../page.ts";
import { deadlineOf } from "./deadline.ts";

/** Where each part of the duty lies on the bar. */
export interface Timeline {
  /** Percent of the bar, from the left. */
  drive: [number, number];
  setUp: [number, number];
  pump: [number, number];
  deadline: number | null;
}

export function timelineOf(
  now: number,
  r: Pick<Recommendation, "arrives_at" | "sets_up_until" | "drained_at">,
  deadlineAt: string | null,
  horizonEnd: number,
): Timeline {
  const arrives = Date.parse(r.arrives_at);
  const ready = Date.parse(r.sets_up_until);
  const drained = r.drained_at === null ? horizonEnd : Date.parse(r.drained_at);
  const deadline = deadlineAt === null ? null : Date.parse(deadlineAt);
  const end = Math.max(drained, ready, (deadline ?? now) + 60_000, now + 600_000);
  const place = (at: number): number =>
    Math.round(Math.min(1, Math.max(0, (at - now) / (end - now))) * 1000) / 10;
  return {
    drive: [0, place(arrives)],
    setUp: [place(arrives), place(ready)],
    pump: [place(ready), place(drained)],
    deadline: deadline === null ? null : place(deadline),
  };
}

export function timelineBar(
  page: Page,
  r: Recommendation,
  p: Point | undefined,
  plan: Plan,
): TemplateResult {
  const end = Date.parse(plan.made_at) + plan.horizon_minutes * 60_000;
  // Without a forecast nobody knows when it is drained.
  const drained_at = p?.forecast === null ? null : r.drained_at;
  const c = timelineOf(page.now, { ...r, drained_at }, deadlineOf(p), end);
  const { timeline: w } = page.words.plan;
  const part = (name: string, [from, to]: [number, number], word: string): TemplateResult =>
    html`<i class=${name} .style=${`left:${from}%;width:${Math.max(0, to - from)}%`}>${hasRoom(from, to, c.deadline) ? word : ""}</i>`;
  return html`<div class="timeline" aria-hidden="true" title=${c.deadline === null ? nothing : w.deadline}>
    ${part("drive", c.drive, w.drive)}${part("set-up", c.setUp, w.setUp)}${part("pump", c.pump, w.pump)}
    ${c.deadline === null ? nothing : html`<i class="deadline" .style=${`left:${c.deadline}%`}></i>`}
  </div>`;
}

/** Percent of the bar that a word takes. */
const WORD = 14;

/** Whether a part is wide enough for its word and the deadline does not lie on it. */
function hasRoom(from: number, to: number, deadline: number | null): boolean {
  const isCovered = deadline !== null && deadline > from - 2 && deadline < from + WORD;
  return to - from >= WORD && !isCovered;
}
