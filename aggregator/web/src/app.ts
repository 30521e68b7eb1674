// The page as a whole: where each part stands.

import { html, LitElement, type TemplateResult } from "lit";
import "./detail/detail.ts";
import "./header.ts";
import "./help.ts";
import "./legend.ts";
import "./list.ts";
import "./map/map.ts";
import "./plan.ts";
import { announceFloods } from "./announce.ts";
import type { Tab } from "./desk.ts";
import { listenForKeys } from "./help.ts";
import { layer } from "./layers.ts";
import { Page } from "./page.ts";
import { openLine } from "./stream/line.ts";

export class FloodApp extends LitElement {
  readonly #page = new Page();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#page.desk.watch(() => this.requestUpdate());
    this.#page.store.watch(({ parts }) => {
      if (parts.has("line") || parts.has("city")) this.requestUpdate();
    });
    openLine((message) => void this.#page.store.take(message));
    listenForKeys(this.#page);
    void this.#readDistricts();
  }

  protected override firstUpdated(): void {
    const region = this.querySelector<HTMLElement>("#news");
    if (region) announceFloods(this.#page, region);
  }

  protected override render(): TemplateResult {
    const page = this.#page;
    const { desk, words: w } = page;
    const tab = (name: Tab): TemplateResult => html`<button
      aria-current=${desk.tab === name ? "page" : "false"} @click=${() => desk.show(name)}>${w.tabs[name]}</button>`;
    return html`
      <a class="skip" href="#list" @click=${(e: Event) => this.#skip(e)}>${w.skipToList}</a>
      <flood-header .page=${page}></flood-header>
      <main class="desk" data-tab=${desk.tab} data-detail=${desk.selection ? "open" : "closed"}>
        <flood-list .page=${page}></flood-list>
        <div class="middle">
          <flood-map .page=${page}></flood-map>
          <flood-detail .page=${page}></flood-detail>
        </div>
        <flood-plan .page=${page}></flood-plan>
      </main>
      <nav class="tabs" aria-label=${w.app}>${tab("list")}${tab("plan")}${tab("map")}</nav>
      <flood-help .page=${page}></flood-help>
      <div id="news" class="unseen" aria-live="polite"></div>
    `;
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.querySelector<HTMLElement>("#list .row")?.focus();
  }

  async #readDistricts(): Promise<void> {
    const { features } = await layer("districts");
    for (const { id, properties } of features) {
      if (typeof id === "string")
        this.#page.districts.set(id, { zh: properties.name, en: properties.name_en });
    }
    this.#page.tell();
  }
}

customElements.define("flood-app", FloodApp);
