// One recommendation, in the order in which a dispatcher decides: where and how bad, whether the
// truck makes it in time, what it brings, why, what speaks against it, what else could be done.

import { html, nothing, type TemplateResult } from "lit";
import { isClearing } from "../belief.ts";
import type { Alternative, Plan, Point, Reason, Recommendation } from "../model.ts";
import type { Page } from "../page.ts";
import * as format from "../text/format.ts";
import * as outlook from "../text/outlook.ts";
import * as sentences from "../text/sentences.ts";
import { cardHead, cardKey, refusalNote, situation } from "./card-parts.ts";
import { deadlineOf, isClosed } from "./deadline.ts";
import { timelineBar } from "./timeline.ts";

export interface Card {
  page: Page;
  plan: Plan;
  recommendation: Recommendation;
  /** No longer in the plan; kept in place under the pointer. */
  gone: boolean;
  open: boolean;
  toggle: () => void;
}

export function recommendationCard(c: Card): TemplateResult {
  const { page, recommendation: r, gone, open } = c;
  const { words: w } = page;
  const point = page.live.points.get(r.point);
  const key = cardKey(r);
  const isChosen =
    page.choices.selection?.kind === "point" && page.choices.selection.id === r.point;
  return html`<article class="card ${gone ? "gone" : ""} ${isChosen ? "chosen" : ""}" data-card=${key}
    aria-label=${`${page.truckName(r.truck)} ${w.plan.to} ${page.pointName(r.point)}`}
    @pointerenter=${() => page.choices.pointAtTruck(r.truck)}
    @pointerleave=${() => page.choices.pointAtTruck(null)}
    @focusin=${() => page.choices.pointAtTruck(r.truck)}>
    ${cardHead(page, r.truck, r.point, point)}
    ${gone ? html`<p class="note">${w.plan.gone}</p>` : nothing}
    ${point ? situation(page, point) : nothing}
    ${timelineBar(page, r, point, c.plan)}
    ${timing(page, r, point)}
    ${against(page, r, point)}
    ${open ? more(c) : nothing}
    ${refusalNote(page, key, w.plan.refusedTitle)}
    <div class="actions">
      ${page.mayOrder ? confirmButton(c) : nothing}
      <button class="ghost" aria-expanded=${open} @click=${c.toggle}>
        ${open ? "▴" : "▾"} ${w.plan.why}
      </button>
    </div>
  </article>`;
}

function timing(page: Page, r: Recommendation, p: Point | undefined): TemplateResult {
  const { words: w } = page;
  return html`<dl class="facts">
    <div><dt>${w.plan.arrives}</dt>
      <dd><b>${page.at(r.arrives_at)}</b> ${page.inMinutes(r.arrives_at)}
        <small>${w.plan.pumpsFrom(page.at(r.sets_up_until))}</small>
        <small>${format.distance(r.distance_m)}${r.routed_by === "straight-line" ? ` · ${w.plan.straightLine}` : ""}</small></dd></div>
    <div><dt>${w.plan.deadline}</dt><dd>${deadline(page, r, p)}</dd></div>
  </dl>`;
}

/** Whether the truck beats it: a truck that has arrived but does not pump yet keeps no road open. */
function deadline(page: Page, r: Recommendation, p: Point | undefined): TemplateResult | string {
  const { words: w } = page;
  if (!p) return format.NO_NUMBER;
  if (isClosed(p)) return p.status === "unknown" ? w.plan.wasClosure : w.plan.alreadyClosure;
  if (isClearing(p)) return w.plan.drains;
  if (!p.forecast) return w.plan.noForecast;
  const at = deadlineOf(p);
  if (at === null) return w.plan.noDeadline;
  const margin = Math.round((Date.parse(at) - Date.parse(r.sets_up_until)) / 60_000);
  const verdict =
    margin >= 0
      ? html`<span class="verdict">${w.plan.early(margin)}</span>`
      : html`<span class="verdict late">${w.plan.late(-margin)}</span>`;
  return html`<b>${page.at(at)}</b> ${verdict}
    <small>${w.plan.closureDepth(format.text(format.depth(p.thresholds.closure_m)))}</small>`;
}

/** Codes that say what stands elsewhere on the card, and here would hide the rest. */
function saidAlready(p: Point | undefined): Set<string> {
  // How the distance was found stands beside it; that the road is closed, at the deadline.
  const wasReached = p !== undefined && isClosed(p);
  return new Set([
    "straight-line-estimate",
    ...(wasReached ? ["arrives-after-closure", "reaches-closure"] : []),
    // What an unknown point was, and when, is said with why it is in doubt.
    ...(p?.status === "unknown" ? ["depth-now", "rising"] : []),
  ]);
}

/**
 * A forecast moment that has passed, a peak no higher than what stands, or what comes of a forecast
 * that there is not, is no reason.
 */
export function isOver(reason: Reason, p: Point | undefined, now: number): boolean {
  // Without a forecast an inflow of nothing is none that is known.
  if (reason.code === "capacity-fits") return p?.forecast === null;
  if (reason.code === "reaches-closure") return outlook.ahead(reason.params.at, now) === null;
  if (reason.code !== "forecast-peak") return false;
  return !outlook.isAhead(reason.params, p?.depth_m ?? null, now);
}

function against(
  page: Page,
  r: Recommendation,
  p: Point | undefined,
): TemplateResult | typeof nothing {
  const { words: w, speaker } = page;
  const said = saidAlready(p);
  const objections = r.against.filter((a) => !said.has(a.code));
  if (objections.length === 0) {
    return r.against.length === 0
      ? html`<p class="against none">${w.plan.nothingAgainst}</p>`
      : nothing;
  }
  return html`<div class="against">
    <h5>${w.plan.against}</h5>
    <ul>${objections.map((a) => html`<li>${sentences.objection(a, speaker)}</li>`)}</ul>
  </div>`;
}

function more({ page, plan, recommendation: r, gone }: Card): TemplateResult {
  const { words: w, speaker } = page;
  const hours = String(Number((plan.horizon_minutes / 60).toFixed(1)));
  const point = page.live.points.get(r.point);
  const drained = (at: string | null): string => {
    if (point?.forecast === null) return w.plan.notForecast;
    return at === null ? w.plan.notWithin(hours) : page.at(at);
  };
  const said = saidAlready(point);
  const reasons = r.reasons.filter((one) => !said.has(one.code) && !isOver(one, point, page.now));
  return html`
    <dl class="facts">
      <div><dt>${w.plan.onSite}</dt><dd><b>${format.text(format.volume(r.volume_on_arrival_m3))}</b></dd></div>
      <div><dt>${w.plan.capacity}</dt><dd><b>${format.text(format.flow(r.capacity_m3h))}</b></dd></div>
      <div><dt>${w.plan.drained}</dt><dd><b>${drained(r.drained_at)}</b></dd></div>
      <div><dt>${w.plan.without}</dt><dd><b>${drained(r.drained_without_at)}</b></dd></div>
    </dl>
    <div class="why">
      <h5>${w.plan.whyAt(page.at(plan.made_at))}</h5>
      <ul>${reasons.map((reason) => html`<li>${sentences.reason(reason, speaker)}</li>`)}</ul>
      <p class="fine">${w.plan.saved(format.count(r.saved_m3h))}${r.standing ? ` · ${w.plan.standing}` : ""}</p>
    </div>
    <div class="instead">
      <h5>${w.plan.alternatives}</h5>
      ${
        r.alternatives.length === 0
          ? html`<p class="fine">${w.plan.noAlternative}</p>`
          : html`<ul>${r.alternatives.map((a) => alternative(page, r, a, gone))}</ul>`
      }
    </div>`;
}

function alternative(page: Page, r: Recommendation, a: Alternative, gone: boolean): TemplateResult {
  const { words: w, orders, lock } = page;
  const name = page.truckName(a.truck);
  const key = cardKey(r);
  const blocked =
    gone || lock !== null || orders.pending.has(key) || orders.openOf(a.truck) !== null;
  const said = w.plan.alternative(
    w.inMinutes(Math.round(a.eta_minutes)),
    format.text(format.flow(a.capacity_m3h)),
    worth(r, a),
  );
  const title = w.plan.sendInsteadTitle(name);
  // The plan does not recommend this truck here, so the order names no plan.
  const send = html`<button class="small" title=${title} aria-label=${title}
    ?disabled=${blocked} @click=${() => orders.dispatch(key, a.truck, r.point, null)}>${w.plan.sendInstead}</button>`;
  return html`<li><span><b>${name}</b> ${said}</span> ${page.mayOrder ? send : nothing}</li>`;
}

/** What the alternative achieves of what the recommendation does, in percent. */
export function worth(
  r: Pick<Recommendation, "saved_m3h">,
  a: Pick<Alternative, "regret_m3h">,
): number | null {
  if (r.saved_m3h <= 0) return null;
  return Math.min(100, Math.max(0, Math.round((1 - a.regret_m3h / r.saved_m3h) * 100)));
}

function confirmButton({ page, plan, recommendation: r, gone }: Card): TemplateResult {
  const { words: w, orders, lock } = page;
  const key = cardKey(r);
  const pending = orders.pending.has(key);
  return html`<button class="confirm" data-do="confirm" ?disabled=${gone || pending || lock !== null}
    @click=${() => orders.dispatch(key, r.truck, r.point, plan.version)}>
    ${pending ? w.plan.confirming : (lock ?? w.plan.confirm[page.live.mode])}
  </button>`;
}
