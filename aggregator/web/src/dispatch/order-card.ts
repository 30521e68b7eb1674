// An order that binds a truck: how far it is, and the way back.

import { html, nothing, type TemplateResult } from "lit";
import { isOpen, type OrderView, type Truck } from "../model.ts";
import type { Page } from "../page.ts";
import * as format from "../text/format.ts";
import { cardHead, refusalNote, situation } from "./card-parts.ts";

export function orderCard(page: Page, order: OrderView): TemplateResult {
  const { words: w } = page;
  const point = page.live.points.get(order.point);
  const truck = page.live.trucks.get(order.truck);
  return html`<article class="card ordered" data-order=${order.id}
    aria-label=${`${page.truckName(order.truck)} ${w.plan.to} ${page.pointName(order.point)}`}
    @pointerenter=${() => page.choices.pointAtTruck(order.truck)}
    @pointerleave=${() => page.choices.pointAtTruck(null)}>
    ${cardHead(page, order.truck, order.point, point)}
    ${steps(page, order, truck)}
    <p class="fine">
      ${w.orderState[order.state]} · ${w.plan.issued(page.at(order.issued_at))}${
        isUnderway(order, truck)
          ? ` · ${w.plan.eta(page.at(order.eta_at), page.inMinutes(order.eta_at))}`
          : ""
      }${truck && truck.pumped_m3 > 0 ? ` · ${w.plan.pumped(format.text(format.volume(truck.pumped_m3)))}` : ""}
    </p>
    ${point ? situation(page, point) : nothing}
    ${refusalNote(page, order.id, w.plan.recallRefused)}
    ${page.mayOrder ? recallButton(page, order) : nothing}
  </article>`;
}

function recallButton(page: Page, order: OrderView): TemplateResult {
  const { words: w, orders } = page;
  const pending = orders.pending.has(order.id);
  return html`<div class="actions">
      <button class="ghost" data-do="recall" ?disabled=${pending || page.lock !== null || !isOpen(order)}
        @click=${() => orders.recall(order)}>
        ${pending ? w.plan.recalling : (page.lock ?? w.plan.recall)}
      </button>
    </div>`;
}

function isUnderway(order: OrderView, truck: Truck | undefined): boolean {
  return order.state === "sent" || truck?.state === "driving" || truck?.state === "idle";
}

/** Sent, received, driving, set-up, pumping: the last step that is reached. */
function reached(order: OrderView, truck: Truck | undefined): number {
  if (order.state === "sent") return 0;
  switch (truck?.state) {
    case "driving":
      return 2;
    case "setting-up":
      return 3;
    case "pumping":
      return 4;
    default:
      return 1;
  }
}

function steps(page: Page, order: OrderView, truck: Truck | undefined): TemplateResult {
  const at = reached(order, truck);
  return html`<ol class="steps">
    ${page.words.plan.steps.map(
      (step, i) =>
        html`<li class=${i < at ? "done" : i === at ? "at" : ""} aria-current=${i === at ? "step" : nothing}>${step}</li>`,
    )}
  </ol>`;
}
