// The table of keys, and the keys themselves.

import { html, nothing, type TemplateResult } from "lit";
import { type Page, Part } from "./page.ts";

class KeyboardHelp extends Part {
  protected override render(): TemplateResult | typeof nothing {
    const { words: w, choices } = this.page;
    if (!choices.showsHelp) return nothing;
    return html`<div class="veil" @click=${() => choices.help(false)}></div>
      <section class="help" role="dialog" aria-modal="true" aria-labelledby="help-title">
        <h2 id="help-title">${w.help.title}</h2>
        <dl>${w.help.rows.map(([key, meaning]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${meaning}</dd></div>`)}</dl>
        <button class="confirm" autofocus @click=${() => choices.help(false)}>${w.help.close}</button>
      </section>`;
  }

  protected override updated(): void {
    if (this.page.choices.showsHelp) {
      const button = this.querySelector("button");
      if (button && !this.contains(document.activeElement)) button.focus();
    }
  }
}

customElements.define("flood-keyboard", KeyboardHelp);

/** Listens for the page's keys. Nothing is taken from a field that is being typed in. */
export function listenForKeys(page: Page): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") stepBack(page);
    else if (isTyping && event.key === "Enter")
      document.querySelector<HTMLElement>("#list .row")?.click();
    else if (isTyping) return;
    else if (event.key === "/") focusSearch(page);
    else if (event.key === "?") page.choices.help(!page.choices.showsHelp);
    else if (event.key === "j" || event.key === "J") step(1);
    else if (event.key === "k" || event.key === "K") step(-1);
    else return;
    event.preventDefault();
  });
}

/** Closes or clears one thing at a time, the uppermost first. */
function stepBack(page: Page): void {
  const { choices } = page;
  if (choices.showsHelp) choices.help(false);
  else if (choices.query) choices.search("");
  else if (choices.selection) choices.select(null);
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}

function focusSearch(page: Page): void {
  page.choices.show("list");
  document.querySelector<HTMLInputElement>("#search")?.focus();
}

function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("#list button.row")].filter((r) =>
    r.checkVisibility(),
  );
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  next?.focus();
}
