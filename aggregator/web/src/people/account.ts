// One's own account: where one is logged in, which programs have a token; and for administrators who
// else has an account, and whom they invite.

import { html, nothing, type TemplateResult } from "lit";
import type { Refused } from "../live/session.ts";
import type { NewLink, OpenSession, People, PersonRole, Token } from "../model.ts";
import { Part } from "../page.ts";
import { areaName, refusal } from "./words.ts";

const ROLES: readonly PersonRole[] = ["viewer", "crew", "dispatcher", "administrator"];

class AccountDialog extends Part {
  #sessions: OpenSession[] = [];
  #tokens: Token[] = [];
  #people: People | null = null;
  #link: string | null = null;
  #refused: Refused | null = null;
  #isRead = false;

  protected override render(): TemplateResult | typeof nothing {
    const { page } = this;
    const who = page.session.session?.who;
    if (!page.showsAccount || who?.kind !== "person") {
      this.#isRead = false;
      return nothing;
    }
    if (!this.#isRead) {
      this.#isRead = true;
      this.#link = null;
      void this.#read();
    }
    const w = page.words.people;
    return html`<dialog class="ask wide" aria-labelledby="account-title" @cancel=${() => page.showAccount(false)}>
      <h2 id="account-title">${w.mine}: ${who.shown ?? who.name}</h2>
      <p class="fine">${w.may(w.role[who.role], areaName(page, who.area))}</p>
      ${refusal(page, this.#refused)}
      ${who.may_appoint ? this.#appointing() : nothing}
      <h3>${w.sessions}</h3>
      <ul class="entries">${this.#sessions.map((s) => this.#session(s))}</ul>
      ${
        this.#tokens.length === 0
          ? nothing
          : html`<h3>${w.tokens}</h3><ul class="entries">${this.#tokens.map((t) => this.#token(t))}</ul>`
      }
      <div class="actions"><button class="confirm" autofocus @click=${() => page.showAccount(false)}>${w.close}</button></div>
    </dialog>`;
  }

  #session(s: OpenSession): TemplateResult {
    const { page } = this;
    const w = page.words.people;
    return html`<li>
      <span><b>${s.person ?? w.exerciseWho}</b> ${s.is_this ? html`<em>${w.thisSession}</em>` : nothing}
        <small>${s.from ?? ""} · ${w.seen(page.day(s.seen_at))}</small></span>
      ${
        s.is_this
          ? nothing
          : html`<button class="small" @click=${() => void this.#change("DELETE", `/api/v1/sessions/${s.id}`)}>${w.end}</button>`
      }
    </li>`;
  }

  #token(t: Token): TemplateResult {
    const { page } = this;
    const w = page.words.people;
    return html`<li>
      <span><b>${t.name}</b> <small>${w.may(w.role[t.role], areaName(page, t.area))} · ${w.until(page.day(t.expires_at))}</small></span>
      <button class="small" @click=${() => void this.#change("DELETE", `/api/v1/tokens/${t.name}`)}>${w.end}</button>
    </li>`;
  }

  #appointing(): TemplateResult {
    const { page } = this;
    const w = page.words.people;
    const own = page.session.session?.who;
    const { people, invitations } = this.#people ?? { people: [], invitations: [] };
    const may = (p: { role: PersonRole; area: string }): string =>
      w.may(w.role[p.role], areaName(page, p.area));
    const areas = [own?.area ?? "city"];
    if (own?.area === "city") areas.push(...[...page.districts.keys()].map((d) => `district/${d}`));
    return html`<h3>${w.people}</h3>
      <ul class="entries">${people.map(
        (p) => html`<li><span><b>${p.shown}</b> ${p.name} <small>${may(p)}</small></span>
          ${
            p.name === own?.name
              ? nothing
              : html`<button class="small" @click=${() => this.#remove(p.name)}>${w.remove}</button>`
          }</li>`,
      )}</ul>
      ${
        invitations.length === 0
          ? nothing
          : html`<h4>${w.invitations}</h4><ul class="entries">${invitations.map(
              (
                i,
              ) => html`<li><span>${i.account ? html`<b>${i.account}</b> ` : nothing}<small>${may(i)} · ${w.until(page.day(i.expires_at))}</small></span>
                <button class="small" @click=${() => void this.#change("DELETE", `/api/v1/invitations/${i.id}`)}>${w.withdraw}</button></li>`,
            )}</ul>`
      }
      <form class="invite" @submit=${(e: SubmitEvent) => void this.#invite(e)}>
        <select name="role" aria-label=${page.words.people.people}>
          ${ROLES.map((role) => html`<option value=${role}>${w.role[role]}</option>`)}
        </select>
        <select name="area" aria-label=${w.area}>
          ${areas.map((area) => html`<option value=${area}>${areaName(page, area)}</option>`)}
        </select>
        <button class="small" data-do="invite">${w.invite}</button>
      </form>
      ${
        this.#link
          ? html`<label class="link-told">${w.inviteHint}<input readonly .value=${this.#link} @focus=${(e: Event) => (e.target as HTMLInputElement).select()} /></label>`
          : nothing
      }`;
  }

  protected override updated(): void {
    const dialog = this.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  #remove(name: string): void {
    if (!confirm(this.page.words.people.removeSure(name))) return;
    void this.#change("DELETE", `/api/v1/people/${name}`);
  }

  async #invite(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const wish = { role: data.get("role"), area: data.get("area") };
    const answer = await this.#change("POST", "/api/v1/people", wish);
    if (answer) {
      this.#link = ((await answer.json()) as NewLink).link;
      this.requestUpdate();
    }
  }

  async #change(method: string, url: string, body?: unknown): Promise<Response | null> {
    const answer = await this.page.session.send(method, url, body);
    this.#refused = answer instanceof Response ? null : answer;
    await this.#read();
    return answer instanceof Response ? answer : null;
  }

  async #read(): Promise<void> {
    const { session } = this.page;
    const mayAppoint = session.session?.who?.may_appoint ?? false;
    const [sessions, tokens, people] = await Promise.all([
      session.list<OpenSession[]>("/api/v1/sessions"),
      session.list<Token[]>("/api/v1/tokens"),
      mayAppoint ? session.list<People>("/api/v1/people") : null,
    ]);
    this.#sessions = sessions ?? [];
    this.#tokens = tokens ?? [];
    this.#people = people;
    this.requestUpdate();
  }
}

customElements.define("flood-account", AccountDialog);
