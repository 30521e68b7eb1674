// What needs attention, worst first; or what a search found.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { allClear, isInDoubt } from "../belief.ts";
import type { Reopening } from "../live/closed-roads.ts";
import type { Gauge, Point } from "../model.ts";
import { Part } from "../page.ts";
import { SteadyRows } from "../steady-rows.ts";
import { type Attention, type GaugeGroup, needsAttention } from "./needs-attention.ts";
import * as rows from "./rows.ts";
import { find } from "./search.ts";

/** Gauges or agents listed by name in one group; the rest is counted. */
const LISTED = 12;

class AttentionPanel extends Part {
  #held = false;
  readonly #flooded = new SteadyRows<Point>((p) => p.id);
  readonly #draining = new SteadyRows<Point>((p) => p.id);
  readonly #coming = new SteadyRows<Point>((p) => p.id);
  readonly #doubtful = new SteadyRows<Point>((p) => p.id);
  readonly #levels = new SteadyRows<Gauge>((g) => g.id);

  protected override render(): TemplateResult {
    const { page } = this;
    const w = page.words;
    const found = page.choices.query.trim() ? this.#found() : null;
    return html`<section class="panel" aria-label=${w.attention.title}
      @pointerenter=${() => this.#hold(true)} @pointerleave=${() => this.#hold(false)}>
      <div class="panel-head">
        <h2>${w.attention.title}</h2>
        ${this.#search()}
      </div>
      <div class="scroll" id="list">
        ${page.live.seq < 0 ? html`<p class="quiet">${w.loading}</p>` : (found ?? this.#sections())}
      </div>
    </section>`;
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.requestUpdate();
  }

  #search(): TemplateResult {
    const { choices, words: w } = this.page;
    return html`<div class="search">
      <input id="search" type="search" autocomplete="off" spellcheck="false"
        aria-label=${w.search.label} placeholder=${w.search.placeholder} .value=${choices.query}
        @input=${(e: InputEvent) => choices.search((e.target as HTMLInputElement).value)} />
    </div>`;
  }

  #found(): TemplateResult {
    const { page } = this;
    const found = find(page.choices.query, page.live);
    return html`<p class="count" role="status">${page.words.search.results(found.total)}</p>
      <ul class="rows">
        ${found.points.map((p) => rows.pointRow(page, p))}
        ${found.trucks.map((t) => rows.truckRow(page, t))}
        ${found.gauges.map((g) => rows.gaugeRow(page, g))}
      </ul>`;
  }

  #sections(): TemplateResult {
    const { page } = this;
    const { live, words: w, now } = page;
    const seen = needsAttention({
      points: live.points.values(),
      gauges: live.gauges.values(),
      agents: live.agents.values(),
      counters: live.counters,
      now,
    });
    const reopening = page.closed.reopening(live.points, now);
    const inDoubt = seen.flooded.filter(isInDoubt).length;
    return html`
      ${seen.flooded.length === 0 ? this.#calm(seen.draining.length) : nothing}
      ${this.#section("flooded", w.attention.flooded, this.#flooded, seen.flooded, rows.pointRow, inDoubt)}
      ${this.#section("draining", w.attention.draining, this.#draining, seen.draining, rows.pointRow)}
      ${this.#reopening(reopening)}
      ${this.#section("coming", w.attention.coming, this.#coming, seen.coming, rows.comingRow)}
      ${this.#section("doubtful", w.attention.doubtful, this.#doubtful, seen.doubtful, rows.pointRow)}
      ${this.#section("levels", w.attention.levels, this.#levels, seen.levels, rows.levelRow)}
      ${this.#problems(seen)}
    `;
  }

  /** No point is flooded; but only what is known can be called dry. */
  #calm(draining: number): TemplateResult {
    const { page } = this;
    const { live, words: w, outage, deafness } = page;
    if (outage !== null && live.heardAt !== null) {
      return html`<p class="quiet">${w.attention.notHeard(page.at(live.heardAt))}</p>`;
    }
    if (deafness !== null) {
      return html`<p class="quiet"><b>${w.attention.deaf(page.at(deafness.since))}</b></p>`;
    }
    const clear = allClear(live.points.values());
    if (clear.kind === "unknown") {
      return html`<p class="quiet"><b>${w.attention.notKnown(clear.unknown, clear.all)}</b></p>`;
    }
    const unknown = clear.kind === "partly" ? clear.unknown : 0;
    if (draining > 0) {
      return html`<p class="quiet">${w.attention.onlyDraining(draining)}${
        unknown > 0 ? html`<br />${w.attention.unknownToo(unknown)}` : nothing
      }</p>`;
    }
    return clear.kind === "partly"
      ? html`<p class="quiet">${w.attention.noneKnown(clear.known, clear.unknown)}</p>`
      : html`<p class="quiet">${w.attention.none}<br />${w.attention.noneAll(clear.all)}</p>`;
  }

  #reopening(reopening: Reopening[]): TemplateResult | typeof nothing {
    if (reopening.length === 0) return nothing;
    const { page } = this;
    return html`<section class="group reopening" aria-labelledby="group-reopening">
      <h3 id="group-reopening">${page.words.attention.reopening}<span class="badge">${reopening.length}</span></h3>
      <ul class="rows">${reopening.map((r) => rows.reopeningRow(page, r))}</ul>
    </section>`;
  }

  #section<T>(
    id: string,
    title: string,
    steady: SteadyRows<T>,
    items: T[],
    row: (page: AttentionPanel["page"], item: T, gone: boolean) => TemplateResult,
    inDoubt = 0,
  ): TemplateResult | typeof nothing {
    const { rows: shown, waiting } = steady.show(items, this.#held);
    if (shown.length === 0 && waiting === 0) return nothing;
    return html`<section class="group ${id}" aria-labelledby="group-${id}">
      <h3 id="group-${id}">${title}<span class="badge">${items.length}</span>${
        inDoubt > 0
          ? html`<span class="doubt-count">${this.page.words.doubt.count(inDoubt)}</span>`
          : nothing
      }</h3>
      <ul class="rows">
        ${repeat(
          shown,
          (r) => r.key,
          (r) => row(this.page, r.item, r.gone),
        )}
      </ul>
      ${waiting > 0 ? html`<p class="waiting">${this.page.words.attention.waiting(waiting)}</p>` : nothing}
    </section>`;
  }

  #problems(seen: Attention): TemplateResult | typeof nothing {
    const { page } = this;
    const w = page.words;
    const n =
      seen.gauges.length + Math.min(seen.agents.length, 1) + Math.min(seen.refused.length, 1);
    if (n === 0) return nothing;
    return html`<section class="group problems" aria-labelledby="group-problems">
      <h3 id="group-problems">${w.attention.problems}</h3>
      ${seen.gauges.map((group) => this.#gaugeGroup(group))}
      ${seen.agents.length > 0 ? this.#agents(seen) : nothing}
      ${seen.refused.length > 0 ? this.#refused(seen) : nothing}
    </section>`;
  }

  #gaugeGroup(group: GaugeGroup): TemplateResult {
    const { page } = this;
    const w = page.words;
    const rest = group.gauges.length - LISTED;
    return html`<details class="fold">
      <summary>
        <span>${w.gaugeStatus[group.status]}</span>
        <b>${w.gaugeGroup(group.gauges.length)}</b>
      </summary>
      <ul class="rows">
        ${group.gauges.slice(0, LISTED).map((g) => rows.gaugeRow(page, g))}
      </ul>
      ${rest > 0 ? html`<p class="waiting">${w.gaugeMore(rest)}</p>` : nothing}
    </details>`;
  }

  #agents(seen: Attention): TemplateResult {
    const { page } = this;
    const w = page.words;
    const rest = seen.agents.length - LISTED;
    return html`<details class="fold" open>
      <summary><span>${w.agent.title}</span><b>${seen.agents.length}</b></summary>
      <ul class="rows plain">${seen.agents.slice(0, LISTED).map((a) => rows.agentRow(page, a))}</ul>
      ${rest > 0 ? html`<p class="waiting">${w.agent.more(rest)}</p>` : nothing}
    </details>`;
  }

  #unknown(ids: string[]): TemplateResult | typeof nothing {
    if (ids.length === 0) return nothing;
    const rest = ids.length - NAMED;
    const named = ids.slice(0, NAMED).join(", ");
    return html`<p class="waiting">${this.page.words.unknownGauges(rest > 0 ? `${named} … (+${rest})` : named)}</p>`;
  }

  #refused(seen: Attention): TemplateResult {
    const { page } = this;
    const w = page.words;
    return html`<details class="fold">
      <summary><span>${w.refusedTitle}</span><b>${sum(seen.refused)}</b></summary>
      <ul class="rows plain">${seen.refused.map((r) => rows.refusedRow(page, r))}</ul>
      ${this.#unknown(page.live.unknownGauges)}
      <p class="waiting"><a href="/api/v1/refused" target="_blank" rel="noopener">${w.refusedLast}</a></p>
    </details>`;
  }
}

/** So many unknown gauges are named; who sends more has a larger problem. */
const NAMED = 6;

function sum(counts: { count: number }[]): string {
  return counts.reduce((total, { count }) => total + count, 0).toLocaleString("en-US");
}

customElements.define("flood-attention", AttentionPanel);
