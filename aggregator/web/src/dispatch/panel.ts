// The plan's recommendations and the orders given: what to send where.

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { allClear, believed, isClearing, isDraining, isFloodedNow } from "../belief.ts";
import {
  isOpen,
  type OrderView,
  type Plan,
  type Point,
  type Recommendation,
  rank,
} from "../model.ts";
import { Part } from "../page.ts";
import { SteadyRows } from "../steady-rows.ts";
import * as sentences from "../text/sentences.ts";
import { cardKey } from "./card-parts.ts";
import { orderCard } from "./order-card.ts";
import { recommendationCard } from "./recommendation-card.ts";

class DispatchPanel extends Part {
  #held = false;
  readonly #rows = new SteadyRows<Recommendation>(cardKey);
  /** Cards whose folding a person has changed from what it would be. */
  readonly #toggled = new Set<string>();
  /** Orders shown in the place of the card that they were confirmed on, while that is held. */
  #inPlace = new Set<string>();

  protected override render(): TemplateResult {
    const { page } = this;
    const { words: w, live } = page;
    const plan = live.plan;
    return html`<section class="panel" aria-label=${w.plan.title}
      @pointerenter=${(e: PointerEvent) => this.#hold(e.pointerType === "mouse")}
      @pointerleave=${() => this.#hold(false)}>
      <div class="panel-head">
        <h2>${w.plan.title}</h2>
        ${plan ? this.#madeBy(plan) : nothing}
      </div>
      <div class="scroll">
        ${plan ? this.#proposed(plan) : html`<p class="quiet">${live.seq < 0 ? w.loading : w.plan.noPlan}</p>`}
        ${this.#ordered()}
        ${plan && plan.unserved.length > 0 ? this.#unserved(plan) : nothing}
      </div>
    </section>`;
  }

  #hold(held: boolean): void {
    this.#held = held;
    this.requestUpdate();
  }

  #madeBy(plan: Plan): TemplateResult {
    const { page } = this;
    return html`<p class="fine">${page.words.plan.made(plan.version, page.at(plan.made_at))}</p>`;
  }

  /** Nothing is recommended; whether nothing is needed only those points tell that are known. */
  #none(plan: Plan): string {
    const { live, words, lock, deafness } = this.page;
    const w = words.plan;
    const points = [...live.points.values()];
    if (deafness !== null) return w.deaf(this.page.at(deafness.since));
    if (lock !== null || plan.unserved.length > 0 || points.some(hasWater)) {
      return w.noneRecommended;
    }
    const clear = allClear(points);
    if (clear.kind === "clear") return w.none;
    return clear.kind === "partly"
      ? w.noneKnown(clear.unknown)
      : w.notKnown(clear.unknown, clear.all);
  }

  #proposed(plan: Plan): TemplateResult {
    const { page } = this;
    const w = page.words.plan;
    const free = plan.recommendations.filter((r) => page.orders.openOf(r.truck) === null);
    const urgency = (r: Recommendation): number => {
      const point = page.live.points.get(r.point);
      if (!point) return -1;
      return isClearing(point) ? 0 : rank(believed(point));
    };
    const sorted = [...free].sort((a, b) => urgency(b) - urgency(a));
    const { rows, waiting } = this.#rows.show(sorted, this.#held);
    const became = rows.map(({ item, gone }) => (gone ? this.#orderOf(item)?.id : undefined));
    this.#inPlace = new Set(became.filter((id) => id !== undefined));
    if (rows.length === 0 && waiting === 0) {
      const isQuiet = this.#openOrders().length === 0;
      return isQuiet ? html`<p class="quiet">${this.#none(plan)}</p>` : html``;
    }
    return html`<section class="group" aria-labelledby="group-proposed">
      <h3 id="group-proposed">${w.proposed}<span class="badge">${free.length}</span></h3>
      ${repeat(
        rows,
        (r) => r.key,
        ({ key, item, gone }, i) => {
          const order = gone ? this.#orderOf(item) : null;
          if (order) return orderCard(page, order);
          const open = (i === 0) !== this.#toggled.has(key);
          const toggle = (): void => this.#toggle(key);
          return recommendationCard({ page, plan, recommendation: item, gone, open, toggle });
        },
      )}
      ${waiting > 0 ? html`<p class="waiting">${w.waiting(waiting)}</p>` : nothing}
    </section>`;
  }

  #toggle(key: string): void {
    if (!this.#toggled.delete(key)) this.#toggled.add(key);
    this.requestUpdate();
  }

  #orderOf(r: Recommendation): OrderView | null {
    const order = this.page.orders.openOf(r.truck);
    return order?.point === r.point ? order : null;
  }

  #openOrders(): OrderView[] {
    return [...this.page.live.orders.values()]
      .filter(isOpen)
      .sort((a, b) => (a.issued_at < b.issued_at ? 1 : -1));
  }

  #ordered(): TemplateResult | typeof nothing {
    const { page } = this;
    const open = this.#openOrders();
    const below = open.filter((o) => !this.#inPlace.has(o.id));
    if (below.length === 0) return nothing;
    return html`<section class="group ordered" aria-labelledby="group-ordered">
      <h3 id="group-ordered">${page.words.plan.ordered}<span class="badge">${open.length}</span></h3>
      ${repeat(
        below,
        (o) => o.id,
        (o) => orderCard(page, o),
      )}
    </section>`;
  }

  #unserved(plan: Plan): TemplateResult {
    const { page } = this;
    return html`<section class="group" aria-labelledby="group-unserved">
      <h3 id="group-unserved">${page.words.plan.unserved}<span class="badge">${plan.unserved.length}</span></h3>
      <ul class="rows plain">
        ${plan.unserved.map(
          (u) => html`<li class="row still unserved">
            <button class="link" @click=${() => page.choices.select({ kind: "point", id: u.point })}>${page.pointName(u.point)}</button>
            <span class="line">${sentences.unserved(u, page.speaker)}</span>
          </li>`,
        )}
      </ul>
    </section>`;
  }
}

/** Flooded, or draining. */
function hasWater(p: Point): boolean {
  return isFloodedNow(p) || isDraining(p);
}

customElements.define("flood-dispatch", DispatchPanel);
