// One's own account, and for administrators the accounts of others and what was done. What was typed
// here stays when the session ends meanwhile: the log-in stands over it.

import { html, nothing, type TemplateResult } from "lit";
import type { Who } from "../model.ts";
import { type Page, Part } from "../page.ts";
import "./deeds.ts";
import "./own.ts";
import "./staff.ts";
import { areaName, languageSwitch } from "./words.ts";

type Leaf = "own" | "staff" | "deeds";

class AccountDialog extends Part {
  #leaf: Leaf = "own";
  /** Whose account is shown, also while he is out. */
  #who: Who | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { page } = this;
    this.#who = whose(page, this.#who);
    const who = this.#who;
    if (!page.showsAccount || who === null) return nothing;
    const w = page.words.people;
    const leaves: Leaf[] = ["own"];
    if (who.may_appoint) leaves.push("staff");
    if (who.may_audit) leaves.push("deeds");
    if (!leaves.includes(this.#leaf)) this.#leaf = "own";
    const named = { own: w.mine, staff: w.people, deeds: w.deeds } satisfies Record<Leaf, string>;
    return html`<dialog class="ask wide account" aria-labelledby="account-title"
        @cancel=${() => page.showAccount(false)}>
      <div class="account-head">
        <div><h2 id="account-title">${who.shown ?? who.name}</h2>
          <p class="fine">${w.may(w.role[who.role], areaName(page, who.area))}</p></div>
        <span class="account-tools">${languageSwitch(page)}
        <button class="close" aria-label=${w.close} autofocus @click=${() => page.showAccount(false)}>✕</button></span>
      </div>
      ${
        leaves.length === 1
          ? nothing
          : html`<nav class="leaves">${leaves.map(
              (
                leaf,
              ) => html`<button data-leaf=${leaf} aria-current=${leaf === this.#leaf ? "page" : "false"}
                @click=${() => this.#turn(leaf)}>${named[leaf]}</button>`,
            )}</nav>`
      }
      <flood-own .page=${page} .who=${who} ?hidden=${this.#leaf !== "own"}></flood-own>
      ${
        who.may_appoint
          ? html`<flood-staff .page=${page} .who=${who} ?hidden=${this.#leaf !== "staff"}></flood-staff>`
          : nothing
      }
      ${
        who.may_audit
          ? html`<flood-deeds .page=${page} ?hidden=${this.#leaf !== "deeds"}></flood-deeds>`
          : nothing
      }
    </dialog>`;
  }

  protected override updated(): void {
    const dialog = this.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  #turn(leaf: Leaf): void {
    this.#leaf = leaf;
    this.requestUpdate();
  }
}

/** Who sits here and has an account; whoever is out is still he until another comes in. */
function whose(page: Page, before: Who | null): Who | null {
  const told = page.session.session;
  if (told === null || told.who === null) return page.showsAccount ? before : null;
  return told.who.kind === "person" ? told.who : null;
}

customElements.define("flood-account", AccountDialog);
