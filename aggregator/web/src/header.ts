// The top of the page: which city, which time, whether it is live, and what kind of run it is.

import { html, nothing, type TemplateResult } from "lit";
import { isFlooded } from "./model.ts";
import { Part } from "./page.ts";

export class FloodHeader extends Part {
  protected override render(): TemplateResult {
    const { page } = this;
    const { words: w, store, desk } = page;
    const city = store.city ? page.name(store.city.name, "") : "";
    return html`
      ${this.#band()}
      <header class="top">
        <div class="brand">
          <img src="/icon.svg" width="26" height="26" alt="" />
          <h1>${w.app}${city ? html`<span class="city">${city}</span>` : nothing}</h1>
        </div>
        ${this.#clock()}
        <div class="tools">
          <button class="tool" lang=${desk.lang === "zh" ? "en" : "zh-Hans"} data-do="language"
            title=${w.header.languageTitle} @click=${() => desk.switchLanguage()}>
            ${w.header.language}
          </button>
          <button class="tool" data-do="theme" title=${w.header.themeTitle} @click=${() => desk.switchTheme()}>
            ${desk.theme === "light" ? w.header.dark : w.header.light}
          </button>
          <button class="tool wide-only" title="?" @click=${() => desk.help(true)}>
            ${w.header.help}
          </button>
        </div>
      </header>
      ${this.#loss()}
    `;
  }

  #band(): TemplateResult | typeof nothing {
    const { store, words: w } = this.page;
    if (store.seq < 0 || store.mode === "actual") return nothing;
    const speed = store.clock.speed === 1 ? "" : `×${Number(store.clock.speed.toFixed(1))}`;
    const [name, hint] =
      store.mode === "exercise"
        ? [w.mode.exercise(speed), w.mode.exerciseHint]
        : [w.mode.replay(speed), w.mode.replayHint];
    return html`<div class="band ${store.mode}" role="note">
      <strong>${name}</strong><span>${hint}</span>
    </div>`;
  }

  #clock(): TemplateResult {
    const { page } = this;
    const { store, words: w, times, now } = page;
    if (store.seq < 0) return html`<div class="clock"><span>${w.line.starting}…</span></div>`;
    const lost = page.isLost;
    return html`<div class="clock">
      <span class="line ${lost ? "lost" : "live"}">
        <i aria-hidden="true"></i>${lost ? w.line.lost : w.line.live}
      </span>
      <time class="now">${times.seconds(now)}</time>
      <span class="date">${times.date(now)} <small>${times.offset(now)}</small></span>
    </div>`;
  }

  #loss(): TemplateResult | typeof nothing {
    const { page } = this;
    const { store, words: w, times } = page;
    if (!page.isLost) return nothing;
    if (store.heardAt === null) {
      return html`<div class="loss" role="alert">${w.line.lost}. ${w.line.starting}…</div>`;
    }
    const ago = page.age(new Date(store.heardAt).toISOString());
    return html`<div class="loss" role="alert">
      ${w.line.lostBanner(times.seconds(store.heardAt), ago)}
    </div>`;
  }

  /** The window's title tells the number of flooded points to those who look elsewhere. */
  protected override updated(): void {
    const { store, words: w, desk } = this.page;
    let flooded = 0;
    for (const point of store.points.values()) if (isFlooded(point.status)) flooded += 1;
    const city = store.city ? ` · ${this.page.name(store.city.name, "")}` : "";
    document.title = `${flooded > 0 ? `(${flooded}) ` : ""}${w.app}${city}`;
    document.documentElement.lang = desk.lang === "zh" ? "zh-Hans" : "en";
    document.documentElement.dataset["theme"] = desk.theme;
    document.documentElement.dataset["mode"] = store.mode;
  }
}

customElements.define("flood-header", FloodHeader);
