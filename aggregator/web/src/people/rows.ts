// A session and a key as lists show them: whose, what it may, when it was used, and how to end it.

import { html, nothing, type TemplateResult } from "lit";
import type { OpenSession, Token } from "../model.ts";
import type { Page } from "../page.ts";
import { areaName, roleName } from "./words.ts";

/** `whose` is null in one's own list. */
export function sessionRow(
  page: Page,
  s: OpenSession,
  whose: string | null,
  end: () => void,
): TemplateResult {
  const w = page.words.people;
  return html`<li data-session=${s.id}>
    <span>${whose === null ? nothing : html`<b>${whose}</b> `}${browserName(s.browser) || w.program}
      ${s.is_this ? html`<em>${w.thisSession}</em>` : nothing}
      <small>${s.from ?? ""} · ${w.begun(page.day(s.begun_at))} · ${w.seen(page.day(s.seen_at))}</small></span>
    ${
      s.is_this
        ? nothing
        : html`<button class="small" data-do="end-session" @click=${end}>${w.end}</button>`
    }
  </li>`;
}

export function tokenRow(
  page: Page,
  t: Token,
  whose: string | null,
  end: () => void,
): TemplateResult {
  const w = page.words.people;
  const used = t.used_at === null ? w.neverUsed : w.seen(page.day(t.used_at));
  return html`<li data-token=${t.name}>
    <span><b>${t.name}</b>${whose === null ? nothing : html` ${whose}`}
      <small>${w.may(roleName(page, t.role), areaName(page, t.area))} · ${w.until(page.day(t.expires_at))} · ${used}</small></span>
    <button class="small" data-do="end-token" @click=${end}>${w.end}</button>
  </li>`;
}

/** `Firefox 140 · Linux` of what a browser says that it is; what is not known as one stays short. */
export function browserName(said: string): string {
  const brands = [
    ["Edg", "Edge"],
    ["OPR", "Opera"],
    ["Firefox", "Firefox"],
    ["Chrome", "Chrome"],
    ["HeadlessChrome", "Chrome"],
    ["Version", "Safari"],
  ] as const;
  const systems = ["Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"];
  const brand = brands
    .map(([word, name]) => [name, new RegExp(`\\b${word}/(\\d+)`).exec(said)?.[1]])
    .find(([, version]) => version !== undefined);
  const system = systems.find((name) => said.includes(name))?.replace("Mac OS X", "macOS");
  if (!brand) return said.slice(0, 30);
  return `${brand[0]} ${brand[1]}${system ? ` · ${system}` : ""}`;
}
