// Those whom an administrator may appoint: their accounts, who is invited, and where they are in.

import { html, nothing, type TemplateResult } from "lit";
import type { Invite, NewLink, OpenSession, People, Person, Token, Who } from "../model.ts";
import { sessionRow, tokenRow } from "./rows.ts";
import { Shelf } from "./shelf.ts";
import { areaName, areasOf, ROLES, rank, roleName, textsOf } from "./words.ts";

class Staff extends Shelf {
  static override properties = { page: { attribute: false }, who: { attribute: false } };
  declare who: Who;
  #people: People = { people: [], invitations: [] };
  #sessions: OpenSession[] = [];
  #tokens: Token[] = [];
  #link: string | null = null;

  protected override render(): TemplateResult {
    const { page, who } = this;
    const w = page.words.people;
    const { people, invitations } = this.#people;
    const sessions = this.#sessions.filter((s) => s.person !== who.name);
    const tokens = this.#tokens.filter((t) => t.owner !== who.name);
    const shown = (name: string | null): string =>
      name === null ? w.exerciseWho : (people.find((p) => p.name === name)?.shown ?? name);
    const list = (title: string, rows: TemplateResult[], name: string) =>
      rows.length === 0
        ? nothing
        : html`<h3>${title}</h3><ul class="entries" data-list=${name}>${rows}</ul>`;
    return html`${this.refusal()}
      <h3>${w.accounts}</h3>
      <ul class="entries" data-list="people">${people.map((p) => this.#person(p))}</ul>
      ${this.#inviting()}
      ${list(
        w.invitations,
        invitations.map(
          (i) => html`<li><span>${i.account ? html`<b>${i.account}</b> ` : nothing}
            ${w.may(roleName(page, i.role), areaName(page, i.area))} <small>${w.until(page.day(i.expires_at))}</small></span>
            <button class="small" @click=${() => void this.change("DELETE", `/api/v1/invitations/${i.id}`)}>${w.withdraw}</button></li>`,
        ),
        "invitations",
      )}
      ${list(
        w.othersSessions,
        sessions.map((s) => sessionRow(page, s, shown(s.person), () => this.endSession(s))),
        "sessions",
      )}
      ${list(
        w.othersTokens,
        tokens.map((t) => tokenRow(page, t, shown(t.owner), () => this.endToken(t))),
        "tokens",
      )}`;
  }

  #person(p: Person): TemplateResult {
    const { page } = this;
    const w = page.words.people;
    const mayRemove = p.name !== this.who.name && rank(p.role) <= rank(this.who.role);
    return html`<li data-person=${p.name}>
      <span><b>${p.shown}</b> ${p.name}
        <small>${w.may(roleName(page, p.role), areaName(page, p.area))}${p.has_password ? "" : ` · ${w.ofProvider}`}</small></span>
      ${
        mayRemove
          ? html`<button class="small" data-do="remove" @click=${() => this.#remove(p.name)}>${w.remove}</button>`
          : nothing
      }
    </li>`;
  }

  #inviting(): TemplateResult {
    const { page, who } = this;
    const w = page.words.people;
    return html`<form class="row-form" data-form="invite" @submit=${(e: SubmitEvent) => void this.#invite(e)}>
        <label>${w.may_}<select name="role">
          ${ROLES.map((role) => html`<option value=${role}>${roleName(page, role)}</option>`)}
        </select></label>
        <label>${w.area}<select name="area">${areasOf(page, who)}</select></label>
        <button class="small" data-do="invite">${w.invite}</button>
      </form>
      ${
        this.#link === null
          ? nothing
          : html`<label class="told-once">${w.inviteHint}<input readonly data-told="link" .value=${this.#link}
              @focus=${(e: Event) => (e.target as HTMLInputElement).select()} /></label>`
      }`;
  }

  #remove(name: string): void {
    if (!confirm(this.page.words.people.removeSure(name))) return;
    void this.change("DELETE", `/api/v1/people/${name}`);
  }

  async #invite(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const text = textsOf(event);
    const wish: Invite = { role: text("role") as Invite["role"], area: text("area") };
    const answer = await this.change("POST", "/api/v1/people", wish);
    if (answer === null) return;
    this.#link = ((await answer.json()) as NewLink).link;
    this.requestUpdate();
  }

  protected override async read(): Promise<void> {
    const { session } = this.page;
    const [people, sessions, tokens] = await Promise.all([
      session.list<People>("/api/v1/people"),
      session.list<OpenSession[]>("/api/v1/sessions"),
      session.list<Token[]>("/api/v1/tokens"),
    ]);
    this.#people = people ?? this.#people;
    this.#sessions = sessions ?? this.#sessions;
    this.#tokens = tokens ?? this.#tokens;
  }
}

customElements.define("flood-staff", Staff);
