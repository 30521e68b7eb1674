// What the parts about people have in common.

import { html, nothing, type TemplateResult } from "lit";
import type { Refused } from "../live/session.ts";
import type { Page } from "../page.ts";

/** `city`, `district/d-01`, `district/d-01/street/s-1`, as people say it. */
export function areaName(page: Page, area: string): string {
  const { people } = page.words;
  const [, district, , street] = area.split("/");
  if (!district) return people.city;
  const name = page.name(page.districts.get(district), district);
  return street ? people.street(name, street) : name;
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
