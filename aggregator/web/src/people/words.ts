// What the parts about people have in common.

import { html, nothing, type TemplateResult } from "lit";
import type { Refused } from "../live/session.ts";
import type { PersonRole, Who } from "../model.ts";
import type { Page } from "../page.ts";

/** `city`, `district/d-01`, `district/d-01/street/s-1`, as people say it. */
export function areaName(page: Page, area: string): string {
  const { people } = page.words;
  const [, district, , street] = area.split("/");
  if (!district) return people.city;
  const name = page.name(page.districts.get(district), district);
  return street ? people.street(name, street) : name;
}

/** Each may what those before it may. */
export const ROLES: readonly PersonRole[] = ["viewer", "crew", "dispatcher", "administrator"];

export function rank(role: PersonRole): number {
  return ROLES.indexOf(role);
}

export function roleName(page: Page, role: PersonRole): string {
  return page.words.people.role[role];
}

/** Choices of an area: one's own, and the districts in it. */
export function areasOf(page: Page, who: Who): TemplateResult[] {
  const areas = [who.area];
  if (who.area === "city") areas.push(...[...page.districts.keys()].map((d) => `district/${d}`));
  return areas.map((area) => html`<option value=${area}>${areaName(page, area)}</option>`);
}

/** What was typed into a form. */
export function textsOf(event: SubmitEvent): (name: string) => string {
  const data = new FormData(event.target as HTMLFormElement);
  return (name) => String(data.get(name) ?? "");
}

/** A dialog stands before the switch at the top of the page; so each has its own. */
export function languageSwitch(page: Page): TemplateResult {
  const { choices, words: w } = page;
  return html`<button class="tool" type="button" lang=${choices.lang === "zh" ? "en" : "zh-Hans"} data-do="language"
    title=${w.header.languageTitle} @click=${() => choices.switchLanguage()}>${w.header.language}</button>`;
}

/** Why somebody was refused. */
export function refusal(page: Page, refused: Refused | null): TemplateResult | typeof nothing {
  if (!refused) return nothing;
  const { people } = page.words;
  const texts: Readonly<Record<string, string>> = people.refused;
  const said = refused.status === 0 ? people.noAnswer : texts[refused.title];
  const text = said ?? html`<span lang="en">${refused.title} ${refused.detail ?? ""}</span>`;
  return html`<p class="refusal" role="alert">${text}</p>`;
}
