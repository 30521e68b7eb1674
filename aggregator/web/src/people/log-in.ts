// The dialogs of whoever is not in yet: log in, make an account, choose a new password. They stand
// over what is known; nothing of it goes away for them.

import { html, nothing, type TemplateResult } from "lit";
import type { Refused } from "../live/session.ts";
import type { Invited } from "../model.ts";
import { Part } from "../page.ts";
import { areaName, languageSwitch, refusal, textsOf } from "./words.ts";

class LogInDialog extends Part {
  #refused: Refused | null = null;
  #differ = false;
  #busy = false;
  /** Put off by a person who wants to look at what is still there. */
  #later = false;
  #invited: Invited | null = null;
  #asked = false;
  #joined = false;

  protected override render(): TemplateResult | typeof nothing {
    const { session } = this.page;
    if (session.link && !this.#joined) return this.#join();
    const isAsked = this.page.wantsLogIn || session.fromProvider !== null;
    if (!isAsked && (!session.isOut || this.#later)) return nothing;
    return this.#logIn();
  }

  #logIn(): TemplateResult {
    const { words, live, session } = this.page;
    const w = words.people;
    const provider = session.session?.provider ?? null;
    const wasIn = this.page.session.isOut && live.seq >= 0;
    return html`<dialog class="ask" aria-labelledby="log-in-title" @cancel=${(e: Event) => this.#putOff(e)}>
      <form @submit=${(e: SubmitEvent) => void this.#enter(e)}>
        <div class="account-head">
          <h2 id="log-in-title">${wasIn ? w.endedTitle : w.logInTitle}</h2>${languageSwitch(this.page)}
        </div>
        ${wasIn ? html`<p class="fine">${w.endedHint}</p>` : nothing}
        <label>${w.name}<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus /></label>
        <label>${w.password}<input name="password" type="password" autocomplete="current-password" required /></label>
        ${refusal(this.page, this.#refused ?? session.fromProvider)}
        <div class="actions">
          <button class="confirm" data-do="log-in" ?disabled=${this.#busy}>${this.#busy ? w.waiting : w.logIn}</button>
          <button class="ghost" type="button" data-do="later" @click=${(e: Event) => this.#putOff(e)}>${w.later}</button>
        </div>
        ${
          provider === null
            ? nothing
            : html`<p class="or"><span>${w.or}</span></p>
              <button class="ghost whole" type="button" data-do="provider" ?disabled=${this.#busy}
                @click=${() => void this.#toProvider()}>${w.byProvider(provider)}</button>`
        }
      </form>
    </dialog>`;
  }

  #join(): TemplateResult | typeof nothing {
    const { words } = this.page;
    const w = words.people;
    if (!this.#asked) {
      this.#asked = true;
      void this.#ask();
    }
    const invited = this.#invited;
    if (!invited) {
      if (!this.#refused) return nothing;
      return html`<dialog class="ask" aria-labelledby="join-title" @cancel=${() => this.#leave()}>
        <h2 id="join-title">${w.joinTitle}</h2>
        ${refusal(this.page, this.#refused)}
        <div class="actions"><button class="confirm" autofocus @click=${() => this.#leave()}>${w.close}</button></div>
      </dialog>`;
    }
    const known = invited.account;
    return html`<dialog class="ask" aria-labelledby="join-title" @cancel=${(e: Event) => e.preventDefault()}>
      <form @submit=${(e: SubmitEvent) => void this.#accept(e)}>
        <div class="account-head">
          <h2 id="join-title">${known ? w.resetTitle(known) : w.joinTitle}</h2>${languageSwitch(this.page)}
        </div>
        <p class="fine">${w.joinAs(w.role[invited.role], areaName(this.page, invited.area))}</p>
        ${
          known
            ? html`<input name="name" type="hidden" autocomplete="username" .value=${known} />`
            : html`<label>${w.joinName}<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false"
                  pattern="[a-z0-9\\-]{1,63}" maxlength="63" required autofocus /></label>
                <label>${w.shown}<input name="shown" autocomplete="name" maxlength="60" required /></label>`
        }
        <label>${w.newPassword}<input name="password" type="password" autocomplete="new-password" minlength="12" maxlength="128" required /></label>
        <label>${w.again}<input name="again" type="password" autocomplete="new-password" required /></label>
        ${this.#differ ? html`<p class="refusal" role="alert">${w.notSame}</p>` : refusal(this.page, this.#refused)}
        <div class="actions">
          <button class="confirm" data-do="join" ?disabled=${this.#busy}>
            ${this.#busy ? w.waiting : known ? w.reset : w.join}
          </button>
        </div>
      </form>
    </dialog>`;
  }

  protected override updated(): void {
    const dialog = this.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
    if (!this.page.session.isOut) this.#later = false;
  }

  #putOff(event: Event): void {
    event.preventDefault();
    this.#later = true;
    this.#refused = null;
    this.page.session.fromProvider = null;
    this.page.askLogIn(false);
  }

  #leave(): void {
    this.#joined = true;
    this.#refused = null;
    this.requestUpdate();
  }

  async #ask(): Promise<void> {
    const told = await this.page.session.invited();
    if ("status" in told) this.#refused = told;
    else this.#invited = told;
    this.requestUpdate();
  }

  async #enter(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const text = textsOf(event);
    await this.#try(() => this.page.session.logIn(text("name").trim(), text("password")));
    if (!this.#refused) this.page.askLogIn(false);
  }

  /** Goes there; the browser comes back to this page. */
  async #toProvider(): Promise<void> {
    await this.#try(async () => {
      const way = await this.page.session.provider();
      if (typeof way !== "string") return way;
      location.assign(way);
      return null;
    });
  }

  async #accept(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const text = textsOf(event);
    this.#differ = text("password") !== text("again");
    if (!this.#differ) {
      const name = text("name");
      const shown = text("shown") || name;
      await this.#try(() => this.page.session.accept(name, shown, text("password")));
      this.#joined = this.#refused === null;
    }
    this.requestUpdate();
  }

  async #try(enter: () => Promise<Refused | null>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.requestUpdate();
    this.#refused = await enter();
    this.#busy = false;
    this.requestUpdate();
  }
}

customElements.define("flood-log-in", LogInDialog);
