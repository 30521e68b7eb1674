// At the top of the page: who sits here, and the way in and out.

import { html, nothing, type TemplateResult } from "lit";
import { Part } from "../page.ts";
import { areaName } from "./words.ts";

class Who extends Part {
  protected override render(): TemplateResult | typeof nothing {
    const { page } = this;
    const { session, words } = page;
    const w = words.people;
    const told = session.session;
    if (!told) return nothing;
    const { who, login } = told;
    if (who?.kind === "person" || who?.kind === "exercise" || who?.kind === "token") {
      const name = who.kind === "exercise" ? w.exerciseWho : (who.shown ?? who.name ?? "");
      const may = w.may(w.role[who.role], areaName(page, who.area));
      return html`<span class="who" title=${may}><b>${name}</b> <small>${may}</small></span>
        ${
          who.kind === "person"
            ? html`<button class="tool" data-do="account" @click=${() => page.showAccount(true)}>${w.account}</button>`
            : nothing
        }
        <button class="tool" data-do="log-out" @click=${() => void session.logOut()}>${w.logOut}</button>`;
    }
    if (login === "open") {
      return html`<span class="who open" title=${w.openTitle}>${w.open}</span>`;
    }
    return html`${
      login === "exercise"
        ? html`<button class="tool strong" data-do="exercise-login" title=${w.exerciseTitle}
            @click=${() => void session.logInToExercise()}>${w.exercise}</button>`
        : html`<button class="tool strong" data-do="open-log-in" @click=${() => page.askLogIn(true)}>${w.logIn}</button>`
    }`;
  }
}

customElements.define("flood-who", Who);
