// What the symbols mean, how many there are of each, and which layers are shown.

import { html, nothing, type TemplateResult } from "lit";
import { isShownInDoubt, shownAs } from "../belief.ts";
import type { Layer } from "../choices.ts";
import {
  CLASSES,
  isRain,
  type Point,
  type PointStatus,
  type Shown,
  type Thresholds,
} from "../model.ts";
import { Part } from "../page.ts";
import {
  classSymbol,
  communitySymbol,
  levelSymbol,
  lineSymbol,
  rainSymbol,
  shelterSymbol,
  stationSymbol,
  truckSymbol,
} from "../symbols.ts";
import * as format from "../text/format.ts";

class Legend extends Part {
  protected override render(): TemplateResult {
    const { page } = this;
    const { words: w, live } = page;
    const points = [...live.points.values()];
    return html`<section class="legend" aria-label=${w.legend.title}>
      <ul class="classes" aria-label=${w.legend.points}>${this.#classes(points)}</ul>
      <details class="layers">
        <summary>${w.legend.layers}</summary>
        <div class="sheet"><ul>
          ${this.#toggle("trucks", truckSymbol("driving"), w.legend.trucks, this.#trucks())}
          ${this.#toggle("routes", lineSymbol("proposed"), w.legend.routes, "")}
          ${this.#toggle("rain-gauges", rainSymbol(), w.legend.rain, this.#gauges(true))}
          ${this.#toggle("level-gauges", levelSymbol(), w.legend.level, this.#gauges(false))}
          ${this.#toggle("pump-stations", stationSymbol(), w.legend.stations, "")}
          ${this.#toggle("shelters", shelterSymbol(), w.legend.shelters, "")}
          ${this.#toggle("communities", communitySymbol(), w.legend.communities, "")}
          ${this.#toggle("canals", lineSymbol("canal"), w.legend.canals, "")}
          ${this.#toggle("sewers", lineSymbol("sewer"), w.legend.sewers, "")}
          ${this.#toggle("roads", lineSymbol("road"), w.legend.roads, "")}
          ${this.#toggle("districts", lineSymbol("district"), w.legend.districts, "")}
        </ul>
        <p class="fine">${lineSymbol("proposed")} ${w.legend.routeProposed}</p>
        <p class="fine">${lineSymbol("ordered")} ${w.legend.routeOrdered}</p>
        </div>
      </details>
    </section>`;
  }

  /** Every point stands in one of these; that water goes or is in doubt only where it is so. */
  #classes(points: Point[]): (TemplateResult | typeof nothing)[] {
    const { words: w } = this.page;
    const inDoubt = points.filter(isShownInDoubt).length;
    return [
      ...CLASSES.map((status) => this.#class(status, points)),
      points.some((p) => shownAs(p) === "clearing") ? this.#class("clearing", points) : nothing,
      inDoubt > 0
        ? html`<li>${classSymbol("waterlogged", true)}
          <span>${w.legend.inDoubt} ${inDoubt}<small>${w.legend.inDoubtHint}</small></span></li>`
        : nothing,
    ];
  }

  #class(shown: Shown, points: Point[]): TemplateResult {
    const { words: w } = this.page;
    const n = points.filter((p) => shownAs(p) === shown).length;
    const isClearing = shown === "clearing";
    return html`<li class=${n === 0 ? "none" : ""}>
      ${classSymbol(shown)}
      <span>${isClearing ? w.clearing.draining : w.status[shown]} <b>${n}</b>
        <small>${isClearing ? w.legend.clearingHint : this.#range(shown, points)}</small></span>
    </li>`;
  }

  #range(status: PointStatus, points: Point[]): string {
    const { words: w } = this.page;
    if (status === "unknown") return w.legend.unknownHint;
    const metres = commonThreshold(status === "dry" ? "notice" : status, points);
    if (metres === null) return w.legend.varies;
    const depth = format.text(format.depth(metres));
    return status === "dry" ? w.legend.belowDepth(depth) : w.legend.fromDepth(depth);
  }

  #trucks(): string {
    const { words: w, live } = this.page;
    const away = new Set(["driving", "setting-up", "pumping", "packing-up"]);
    const n = [...live.trucks.values()].filter((t) => away.has(t.state)).length;
    return `${live.trucks.size} · ${w.legend.working(n)}`;
  }

  #gauges(rain: boolean): string {
    const { words: w, live } = this.page;
    const all = [...live.gauges.values()].filter((g) => isRain(g.parameter) === rain);
    const dead = all.filter((g) => g.status !== "ok" && g.status !== "suspect").length;
    return dead > 0 ? `${all.length} · ${w.legend.noData(dead)}` : String(all.length);
  }

  #toggle(layer: Layer, symbol: TemplateResult, name: string, count: string): TemplateResult {
    const { choices } = this.page;
    return html`<li><label>
      <input type="checkbox" .checked=${!choices.hidden.has(layer)} @change=${() => choices.toggleLayer(layer)} />
      ${symbol}<span>${name}</span><b>${count}</b>
    </label></li>`;
  }
}

/** The threshold that all points share; null where they differ. */
export function commonThreshold(
  status: Exclude<PointStatus, "dry" | "unknown">,
  points: Point[],
): number | null {
  const key: keyof Thresholds = `${status}_m`;
  const values = new Set(points.map((p) => p.thresholds[key]));
  const [only] = values;
  return values.size === 1 && only !== undefined ? only : null;
}

customElements.define("flood-legend", Legend);
