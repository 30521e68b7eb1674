// The map's place on the page: loads the map library after the lists stand, and says plainly
// where there can be no map.

import { html, nothing, type TemplateResult } from "lit";
import type { Selection } from "../choices.ts";
import { RETRY_MS } from "../live/city-layers.ts";
import type { Change } from "../live/state.ts";
import { isCurrent, type LonLat } from "../model.ts";
import { Part } from "../page.ts";
import * as format from "../text/format.ts";
import * as pointWords from "../text/point-words.ts";
import type { FloodMap } from "./contract.ts";
import { proposedRoutes, type RouteFeature } from "./features.ts";
import { firstView } from "./first-view.ts";

type Condition = "waiting" | "loading" | "shown" | "no-webgl" | "failed";

class MapPanel extends Part {
  #condition: Condition = "waiting";
  #map: FloodMap | null = null;
  #ordered: RouteFeature[] = [];
  #routesRound = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    this.page.live.watch((change) => this.#show(change));
    this.page.choices.watch(() => this.#follow());
  }

  protected override render(): TemplateResult {
    const { words: w, live, choices } = this.page;
    const failed = this.#condition === "no-webgl" || this.#condition === "failed";
    const watermark =
      live.mode === "exercise"
        ? w.mode.watermarkExercise
        : live.mode === "replay"
          ? w.mode.watermarkReplay
          : "";
    return html`<section class="map" aria-label=${w.map.label} data-map=${this.#condition}>
      <div class="canvas"></div>
      ${live.seq >= 0 && watermark ? html`<div class="watermark" aria-hidden="true">${watermark}</div>` : nothing}
      ${failed ? html`<p class="no-map" role="status">${this.#condition === "no-webgl" ? w.map.noWebgl : w.map.failed}</p>` : nothing}
      <flood-legend .page=${this.page}></flood-legend>
      <div class="map-buttons" ?hidden=${this.#condition !== "shown"}>
        <button title=${w.map.zoomIn} aria-label=${w.map.zoomIn} @click=${() => this.#map?.zoom(1)}>+</button>
        <button title=${w.map.zoomOut} aria-label=${w.map.zoomOut} @click=${() => this.#map?.zoom(-1)}>−</button>
        <button class="word" lang=${choices.lang === "zh" ? "zh-Hans" : "en"} @click=${() => this.#map?.wholeCity()}>${w.map.home}</button>
      </div>
    </section>`;
  }

  protected override updated(): void {
    const host = this.querySelector<HTMLElement>(".canvas");
    // On a phone the map is fetched only when it is asked for.
    if (host && this.#condition === "waiting" && this.page.live.city && host.clientWidth > 0) {
      void this.#create(host);
    }
  }

  async #create(host: HTMLElement): Promise<void> {
    const { page } = this;
    const city = page.live.city;
    if (!city) return;
    this.#condition = "loading";
    if (!hasWebgl2()) {
      this.#become("no-webgl");
      return;
    }
    try {
      const { MapLibreMap } = await import("./maplibre.ts");
      this.#map = await MapLibreMap.create({
        host,
        city,
        view: firstView(
          [...page.live.points.values()].map((p) => p.position),
          city,
        ),
        lang: page.choices.lang,
        theme: page.choices.theme,
        label: page.words.map.canvas,
        hidden: page.choices.hidden,
        pick: (selection) => page.choices.select(selection, false),
        describe: (selection) => this.#describe(selection),
        ready: () => this.#become("shown"),
      });
    } catch (error) {
      console.error("the map could not be loaded", error);
      this.#become("failed");
      return;
    }
    const everything = new Set(["city", "gauges", "points", "trucks", "plan", "orders"] as const);
    this.#show({ parts: everything, ids: new Set(), whole: true });
    this.#follow();
  }

  #become(condition: Condition): void {
    this.#condition = condition;
    this.requestUpdate();
  }

  #show(change: Change): void {
    const { live, choices } = this.page;
    this.#map?.show(live, change);
    const { parts } = change;
    if (parts.has("plan") || parts.has("orders")) void this.#showRoutes(parts.has("orders"));
    if (parts.has("trucks") && choices.selection?.kind === "truck") this.#markSelection();
  }

  /** Recommended routes come with the plan; those of orders are a layer, fetched when orders change. */
  async #showRoutes(ordersChanged: boolean): Promise<void> {
    if (!this.#map) return;
    const { live } = this.page;
    if (ordersChanged) {
      const round = ++this.#routesRound;
      const told = await this.page.layers.routes().catch(() => null);
      if (round !== this.#routesRound) return;
      // Where they cannot be had, those that were known stay until they can.
      if (told) this.#ordered = told.features.filter((f) => f.properties.ordered);
      else setTimeout(() => void this.#showRoutes(true), RETRY_MS);
    }
    const features = [...proposedRoutes(live.plan, live.orders.values()), ...this.#ordered];
    this.#map.showRoutes({ type: "FeatureCollection", features });
  }

  #follow(): void {
    const map = this.#map;
    if (!map) return;
    const { choices, words: w } = this.page;
    map.setLanguage(choices.lang, w.map.canvas);
    map.setTheme(choices.theme);
    map.setHidden(choices.hidden);
    map.pointAtTruck(choices.pointedTruck);
    this.#markSelection();
    if (choices.wantsReveal) void this.#reveal();
  }

  #markSelection(): void {
    const { selection } = this.page.choices;
    this.#map?.select(selection, selection && this.#positionOf(selection));
  }

  async #reveal(): Promise<void> {
    const { choices } = this.page;
    // The detail must have taken its place before one can tell what it covers.
    await new Promise(requestAnimationFrame);
    const position =
      choices.wantsReveal && choices.selection && this.#positionOf(choices.selection);
    // A map behind another tab waits until it is seen.
    if (!position || !this.querySelector(".canvas")?.clientHeight) return;
    choices.wantsReveal = false;
    const detail = document.querySelector<HTMLElement>(".detail");
    this.#map?.reveal(position, detail?.offsetHeight ?? 0);
  }

  #positionOf({ kind, id }: Selection): LonLat | null {
    const { live } = this.page;
    const from = kind === "point" ? live.points : kind === "gauge" ? live.gauges : live.trucks;
    return from.get(id)?.position ?? null;
  }

  #describe({ kind, id }: Selection): string {
    const { page } = this;
    const { words: w, live } = page;
    if (kind === "point") {
      const p = live.points.get(id);
      if (!p) return id;
      const said = `${page.name(p.name, id)} · ${pointWords.brief(p, page.speaker)}`;
      return p.status === "unknown" ? said : `${said} · ${page.age(p.observed_at)}`;
    }
    if (kind === "gauge") {
      const g = live.gauges.get(id);
      if (!g) return id;
      const value = isCurrent(g)
        ? format.text(format.observed(g.parameter, g.value, g.interval_s))
        : w.gaugeStatus[g.status];
      return `${page.name(g.name, id)} · ${value} · ${page.age(g.observed_at)}`;
    }
    const t = live.trucks.get(id);
    return t
      ? `${page.name(t.name, id)} · ${w.truckState[t.state]} · ${format.text(format.flow(t.capacity_m3h))}`
      : id;
  }
}

function hasWebgl2(): boolean {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return context !== null;
  } catch {
    return false;
  }
}

customElements.define("flood-map", MapPanel);
