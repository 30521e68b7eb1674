// What is one's own: where one is logged in, the keys of one's programs, one's password.

import { html, nothing, type TemplateResult } from "lit";
import type { MakeToken, NewPassword, NewToken, OpenSession, Token, Who } from "../model.ts";
import { sessionRow, tokenRow } from "./rows.ts";
import { Shelf } from "./shelf.ts";
import { areasOf, ROLES, rank, roleName, textsOf } from "./words.ts";

/** For how many days a key may be good. */
const DAYS = [7, 30, 90, 366] as const;
const USUAL_DAYS = 90;

class Own extends Shelf {
  static override properties = { page: { attribute: false }, who: { attribute: false } };
  declare who: Who;
  #sessions: OpenSession[] = [];
  #tokens: Token[] = [];
  #secret: string | null = null;
  #differ = false;
  #isChanged = false;

  protected override render(): TemplateResult {
    const { page, who } = this;
    const w = page.words.people;
    const own = this.#sessions.filter((s) => s.person === who.name);
    const tokens = this.#tokens.filter((t) => t.owner === who.name);
    return html`${this.refusal()}
      <h3>${w.sessions}</h3>
      <ul class="entries" data-list="sessions">${own.map((s) =>
        sessionRow(page, s, null, () => this.endSession(s)),
      )}</ul>
      <h3>${w.tokens}</h3>
      <p class="fine">${w.tokensHint}</p>
      <ul class="entries" data-list="tokens">${tokens.map((t) =>
        tokenRow(page, t, null, () => this.endToken(t)),
      )}</ul>
      ${this.#make()}
      ${who.has_password ? this.#password() : nothing}`;
  }

  #make(): TemplateResult {
    const { page, who } = this;
    const w = page.words.people;
    const roles = ROLES.filter((role) => rank(role) <= rank(who.role));
    return html`<form class="row-form" data-form="token" @submit=${(e: SubmitEvent) => void this.#makeToken(e)}>
        <label>${w.tokenName}<input name="name" autocomplete="off" autocapitalize="none" spellcheck="false"
          pattern="[a-z0-9\\-]{1,63}" maxlength="63" title=${w.idHint} required /></label>
        <label>${w.may_}<select name="role">
          ${roles.map((role) => html`<option value=${role}>${roleName(page, role)}</option>`)}
        </select></label>
        <label>${w.area}<select name="area">${areasOf(page, who)}</select></label>
        <label>${w.goodFor}<select name="days">
          ${DAYS.map((n) => html`<option value=${n} ?selected=${n === USUAL_DAYS}>${w.days(n)}</option>`)}
        </select></label>
        <button class="small" data-do="make-token">${w.make}</button>
      </form>
      ${
        this.#secret === null
          ? nothing
          : html`<label class="told-once">${w.secretHint}<input readonly data-told="token" .value=${this.#secret}
              @focus=${(e: Event) => (e.target as HTMLInputElement).select()} /></label>`
      }`;
  }

  #password(): TemplateResult {
    const w = this.page.words.people;
    return html`<h3>${w.password}</h3>
      <form class="row-form" data-form="password" @submit=${(e: SubmitEvent) => void this.#choosePassword(e)}>
        <input name="name" type="hidden" autocomplete="username" .value=${this.who.name ?? ""} />
        <label>${w.oldPassword}<input name="old" type="password" autocomplete="current-password" required /></label>
        <label>${w.newPassword}<input name="new" type="password" autocomplete="new-password" minlength="12" maxlength="128" required /></label>
        <label>${w.again}<input name="again" type="password" autocomplete="new-password" required /></label>
        <button class="small" data-do="change-password">${w.change}</button>
      </form>
      ${this.#differ ? html`<p class="refusal" role="alert">${w.notSame}</p>` : nothing}
      ${this.#isChanged ? html`<p class="done" role="status">${w.passwordChanged}</p>` : nothing}`;
  }

  async #makeToken(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const text = textsOf(event);
    const wish: MakeToken = {
      name: text("name"),
      role: text("role") as MakeToken["role"],
      area: text("area"),
      days: Number(text("days")),
    };
    const answer = await this.change("POST", "/api/v1/tokens", wish);
    if (answer === null) return;
    this.#secret = ((await answer.json()) as NewToken).secret;
    form.reset();
    this.requestUpdate();
  }

  async #choosePassword(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const text = textsOf(event);
    this.#differ = text("new") !== text("again");
    this.#isChanged = false;
    if (!this.#differ) {
      const wish: NewPassword = { old: text("old"), new: text("new") };
      this.#isChanged = (await this.change("POST", "/api/v1/session/password", wish)) !== null;
      if (this.#isChanged) form.reset();
    }
    this.requestUpdate();
  }

  protected override async read(): Promise<void> {
    const { session } = this.page;
    const [sessions, tokens] = await Promise.all([
      session.list<OpenSession[]>("/api/v1/sessions"),
      session.list<Token[]>("/api/v1/tokens"),
    ]);
    this.#sessions = sessions ?? this.#sessions;
    this.#tokens = tokens ?? this.#tokens;
  }
}

customElements.define("flood-own", Own);
