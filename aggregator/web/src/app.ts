// The page as a whole: where each part stands.

import { html, LitElement, type TemplateResult } from "lit";
import "./detail/panel.ts";
import "./header.ts";
import "./keyboard.ts";
import "./map/legend.ts";
import "./attention/panel.ts";
import "./map/panel.ts";
import "./people/account.ts";
import "./people/log-in.ts";
import "./dispatch/panel.ts";
import { announceFloods } from "./announce.ts";
import type { Tab } from "./choices.ts";
import { listenForKeys } from "./keyboard.ts";
import { openSharedConnection } from "./live/shared-connection.ts";
import { Page } from "./page.ts";

class FloodApp extends LitElement {
  readonly #page = new Page();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#page.choices.watch(() => this.requestUpdate());
    this.#page.live.watch(({ parts }) => {
      if (parts.has("line") || parts.has("city")) this.requestUpdate();
      // It may be that the session has ended.
      if (parts.has("line") && this.#page.live.line.state === "lost")
        void this.#page.session.read();
    });
    const hurry = openSharedConnection((message) => void this.#page.live.take(message));
    let wasOut = false;
    this.#page.session.watch(() => {
      // The line was refused to whoever was not known.
      const { isOut } = this.#page.session;
      if (wasOut && !isOut) hurry();
      wasOut = isOut;
    });
    listenForKeys(this.#page);
    this.#page.session.start();
    void this.#readDistricts();
  }

  protected override firstUpdated(): void {
    const region = this.querySelector<HTMLElement>("#news");
    if (region) announceFloods(this.#page, region);
  }

  protected override render(): TemplateResult {
    const page = this.#page;
    const { choices, words: w } = page;
    const tab = (name: Tab): TemplateResult => html`<button
      aria-current=${choices.tab === name ? "page" : "false"} @click=${() => choices.show(name)}>${w.tabs[name]}</button>`;
    return html`
      <a class="skip" href="#list" @click=${(e: Event) => this.#skip(e)}>${w.skipToList}</a>
      <flood-header .page=${page}></flood-header>
      <main class="desk" data-tab=${choices.tab} data-detail=${choices.selection ? "open" : "closed"}>
        <flood-attention .page=${page}></flood-attention>
        <div class="middle">
          <flood-map .page=${page}></flood-map>
          <flood-detail .page=${page}></flood-detail>
        </div>
        <flood-dispatch .page=${page}></flood-dispatch>
      </main>
      <nav class="tabs" aria-label=${w.app}>${tab("list")}${tab("plan")}${tab("map")}</nav>
      <flood-keyboard .page=${page}></flood-keyboard>
      <flood-account .page=${page}></flood-account>
      <flood-log-in .page=${page}></flood-log-in>
      <div id="news" class="unseen" aria-live="polite"></div>
    `;
  }

  #skip(event: Event): void {
    event.preventDefault();
    this.querySelector<HTMLElement>("#list .row")?.focus();
  }

  async #readDistricts(): Promise<void> {
    const { features } = await this.#page.layers.get("districts");
    for (const { id, properties } of features) {
      if (typeof id === "string")
        this.#page.districts.set(id, { zh: properties.name, en: properties.name_en });
    }
    this.#page.tell();
  }
}

customElements.define("flood-app", FloodApp);
