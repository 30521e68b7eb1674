// What the cards of recommendations and of orders have in common.

import { html, nothing, type TemplateResult } from "lit";
import { isClearing, isShownInDoubt, shownAs } from "../belief.ts";
import type { Refusal } from "../live/order-requests.ts";
import type { Point } from "../model.ts";
import type { Page } from "../page.ts";
import * as format from "../text/format.ts";
import * as outlook from "../text/outlook.ts";
import * as pointWords from "../text/point-words.ts";
import * as sentences from "../text/sentences.ts";

/** One truck to one point: the same card, whatever plan says so. */
export function cardKey(r: { truck: string; point: string }): string {
  return `${r.truck}>${r.point}`;
}

/** Which truck, which point, and how bad it is there. */
export function cardHead(
  page: Page,
  truck: string,
  id: string,
  point: Point | undefined,
): TemplateResult {
  const { words: w, choices } = page;
  return html`<header>
    <h4>
      <button class="link" @click=${() => choices.select({ kind: "truck", id: truck })}>${page.truckName(truck)}</button>
      <span class="to" aria-label=${w.plan.to}>→</span>
      <button class="link" @click=${() => choices.select({ kind: "point", id })}>${page.pointName(id)}</button>
    </h4>
    ${point ? html`<span class="chip ${chipClasses(point)}">${pointWords.status(point, w)}</span>` : nothing}
  </header>`;
}

function chipClasses(p: Point): string {
  const doubt = isShownInDoubt(p) ? " in-doubt" : "";
  return `${isClearing(p) ? "clearing" : shownAs(p)}${doubt}`;
}

/** The depth now, or what it was and why it is in doubt, and what is to come. */
export function situation(page: Page, p: Point): TemplateResult {
  const { words: w, speaker } = page;
  const peak = outlook.peakAhead(p, page.now);
  const doubt = pointWords.doubt(p, w);
  const now =
    p.status === "unknown"
      ? html`<b class="was">${pointWords.was(p, speaker)}</b>`
      : html`<label>${w.plan.now}</label> <b>${format.text(format.depth(p.depth_m))}</b> <span>${sentences.trend(p.rate_m_per_h, w)}</span>
        <small class="age">${page.age(p.observed_at)}</small>${doubt === null ? nothing : html` <span>${doubt}</span>`}`;
  return html`<p class="situation">
    <span>${now}</span>
    ${isClearing(p) ? html`<span>${pointWords.clearing(p, speaker)}</span>` : nothing}
    ${
      peak
        ? html`<span><label>${w.plan.peak}</label> <b>${format.text(format.depth(peak.depth_m))}</b> <span>${page.at(peak.at)}</span></span>`
        : nothing
    }
  </p>`;
}

/** Why the server refused what was asked on this card, if it did. */
export function refusalNote(
  page: Page,
  key: string,
  title: string,
): TemplateResult | typeof nothing {
  const refusal = page.orders.refusals.get(key);
  if (!refusal) return nothing;
  return html`<p class="refusal" role="alert"><b>${title}</b>${refusalText(page, refusal)}</p>`;
}

function refusalText(page: Page, refusal: Refusal): TemplateResult | string {
  const { plan } = page.words;
  if (refusal.status === 0) return plan.noAnswer;
  const texts: Readonly<Record<string, string>> = plan.refusal;
  const said = texts[refusal.title];
  if (said !== undefined) return said;
  // Not foreseen: as the server says it.
  return html`<span lang="en">${refusal.title}${refusal.detail ? html`: ${refusal.detail}` : nothing}</span>`;
}
