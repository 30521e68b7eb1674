// The top of the page: which city, which time, whether it is live, and what kind of run it is.

import { html, nothing, type TemplateResult } from "lit";
import { isFloodedNow } from "./belief.ts";
import { type Page, Part } from "./page.ts";
import "./people/who.ts";

/** The city, or the part of it that is all that this page is told of. */
const placeName = (page: Page): string => {
  const { city } = page.live;
  return city ? page.name((city.area ?? city).name, "") : "";
};

class Header extends Part {
  protected override render(): TemplateResult {
    const { page } = this;
    const { words: w, choices } = page;
    const city = placeName(page);
    return html`
      ${this.#band()}
      <header class="top">
        <div class="brand">
          <img src="/icon.svg" width="26" height="26" alt="" />
          <h1>${w.app}${city ? html`<span class="city">${city}</span>` : nothing}</h1>
        </div>
        ${this.#clock()}
        <div class="tools">
          <flood-who .page=${page}></flood-who>
          <button class="tool" lang=${choices.lang === "zh" ? "en" : "zh-Hans"} data-do="language"
            title=${w.header.languageTitle} @click=${() => choices.switchLanguage()}>
            ${w.header.language}
          </button>
          <button class="tool" data-do="theme" title=${w.header.themeTitle} @click=${() => choices.switchTheme()}>
            ${choices.theme === "light" ? w.header.dark : w.header.light}
          </button>
          <button class="tool wide-only" title="?" @click=${() => choices.help(true)}>
            ${w.header.help}
          </button>
        </div>
      </header>
      ${this.#loss()}${this.#deafness()}
    `;
  }

  #band(): TemplateResult | typeof nothing {
    const { live, words: w } = this.page;
    if (live.seq < 0 || live.mode === "actual") return nothing;
    const speed = live.clock.speed === 1 ? "" : `×${Number(live.clock.speed.toFixed(1))}`;
    const [name, hint] =
      live.mode === "exercise"
        ? [w.mode.exercise(speed), w.mode.exerciseHint]
        : [w.mode.replay(speed), w.mode.replayHint];
    return html`<div class="band ${live.mode}" role="note">
      <strong>${name}</strong><span>${hint}</span>
    </div>`;
  }

  #clock(): TemplateResult {
    const { page } = this;
    const { live, words: w, times, now } = page;
    if (live.seq < 0) return html`<div class="clock"><span>${w.line.starting}…</span></div>`;
    const { outage } = page;
    return html`<div class="clock">
      <span class="line ${outage ? "lost" : "live"}">
        <i aria-hidden="true"></i>${w.line[outage ?? "live"]}
      </span>
      <time class="now">${times.seconds(now)}</time>
      <span class="date">${times.date(now)} <small>${times.offset(now)}</small></span>
    </div>`;
  }

  #loss(): TemplateResult | typeof nothing {
    const { page } = this;
    const { live, words: w, times } = page;
    const { outage } = page;
    if (!outage) return nothing;
    if (page.session.isOut) {
      if (live.heardAt === null) return nothing;
      const at = times.seconds(live.heardAt);
      const ago = page.age(new Date(live.heardAt).toISOString());
      return html`<div class="loss" role="alert">${w.people.ended(at, ago)}</div>`;
    }
    if (live.heardAt === null) {
      return html`<div class="loss" role="alert">${w.line[outage]}. ${w.line.starting}…</div>`;
    }
    const ago = page.age(new Date(live.heardAt).toISOString());
    return html`<div class="loss" role="alert">
      ${outage === "quiet" ? w.line.quietBanner(times.seconds(live.heardAt), ago) : w.line.lostBanner(times.seconds(live.heardAt), ago)}
    </div>`;
  }

  /** The server is there, but what the gauges say does not come to it. */
  #deafness(): TemplateResult | typeof nothing {
    const { page } = this;
    const { deafness, outage } = page;
    if (deafness === null || outage !== null) return nothing;
    return html`<div class="loss" role="alert">
      ${page.words.line.deaf[deafness.state](page.at(deafness.since))}
    </div>`;
  }

  /** The window's title tells the number of flooded points to those who look elsewhere. */
  protected override updated(): void {
    const { live, words: w, choices } = this.page;
    let flooded = 0;
    for (const point of live.points.values()) if (isFloodedNow(point)) flooded += 1;
    const city = placeName(this.page);
    document.title = `${flooded > 0 ? `(${flooded}) ` : ""}${w.app}${city ? ` · ${city}` : ""}`;
    document.documentElement.lang = choices.lang === "zh" ? "zh-Hans" : "en";
    document.documentElement.dataset.theme = choices.theme;
    document.documentElement.dataset.mode = live.mode;
  }
}

customElements.define("flood-header", Header);
