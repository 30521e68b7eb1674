// What was done, by whom, the newest first: by name and kind, a page at a time.

import { html, nothing, type TemplateResult } from "lit";
import type { AuditDeed, AuditEntry, AuditPage, DeedKind, PersonRole } from "../model.ts";
import { Part } from "../page.ts";
import { NO_NUMBER } from "../text/format.ts";
import { areaName, ROLES, roleName, textsOf } from "./words.ts";

const AT_ONCE = 50;

/** What the log says of somebody's rights. */
const RIGHTS = new RegExp(`^(${ROLES.join("|")}) of ([a-z0-9/-]+)(?: until (\\S+))?$`);

class Deeds extends Part {
  #entries: AuditEntry[] = [];
  #before: number | null = null;
  #name = "";
  #what = "";
  #isReading = false;
  #isMissing = false;
  /** Only the newest question is answered. */
  #asked = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.#read(null);
  }

  protected override render(): TemplateResult {
    const w = this.page.words.people;
    const kinds = Object.entries(w.deed);
    return html`<form class="row-form" data-form="deeds" @submit=${(e: SubmitEvent) => this.#find(e)}>
        <label>${w.ofWhom}<input name="name" type="search" autocomplete="off" autocapitalize="none"
          spellcheck="false" maxlength="200" .value=${this.#name} /></label>
        <label>${w.kind}<select name="what" @change=${(e: Event) => (e.target as HTMLSelectElement).form?.requestSubmit()}>
          <option value="">${w.allKinds}</option>
          ${kinds.map(([kind, said]) => html`<option value=${kind} ?selected=${kind === this.#what}>${said}</option>`)}
        </select></label>
        <button class="small" data-do="find">${w.find}</button>
      </form>
      ${this.#isMissing ? html`<p class="refusal" role="alert">${w.noAnswer}</p>` : nothing}
      <ol class="deeds" aria-busy=${this.#isReading}>${this.#entries.map((e) => this.#entry(e))}</ol>
      ${
        this.#entries.length === 0 && !this.#isReading && !this.#isMissing && this.#before === null
          ? html`<p class="fine">${w.noDeeds}</p>`
          : nothing
      }
      ${
        this.#before === null
          ? nothing
          : html`<button class="ghost whole" data-do="older" ?disabled=${this.#isReading}
              @click=${() => void this.#read(this.#before)}>${this.#isReading ? w.waiting : w.older}</button>`
      }`;
  }

  #entry({ number, deed, is_whole }: AuditEntry): TemplateResult {
    const { page } = this;
    const w = page.words.people;
    if (deed === null) return html`<li data-deed=${number}><b>${w.unreadable(number)}</b></li>`;
    const kinds: Readonly<Record<string, string>> = w.deed;
    return html`<li data-deed=${number}>
      <time datetime=${deed.at}>${page.day(deed.at)}</time>
      <div><b>${kinds[deed.what] ?? deed.what}</b> <span>${deed.subject}</span>
        ${this.#changed(deed)}
        <small>${this.#by(deed)}${deed.from === null ? "" : ` · ${deed.from}`}</small>
        ${is_whole ? nothing : html`<em>${w.notWhole}</em>`}</div>
    </li>`;
  }

  /** What was before and after, where there was something. */
  #changed({ before, after }: AuditDeed): TemplateResult | typeof nothing {
    if (before === null && after === null) return nothing;
    const was = before === null ? nothing : html`<del>${this.#rights(before)}</del>`;
    const is = after === null ? nothing : this.#rights(after);
    const between = before === null || after === null ? nothing : " → ";
    return html`<span class="change">${was}${between}${is}</span>`;
  }

  /** `viewer of city until …`, as the log has it, in the reader's words; anything else as it stands. */
  #rights(text: string): string {
    const { page } = this;
    const [, role, area, until] = RIGHTS.exec(text) ?? [];
    if (role === undefined || area === undefined) return text;
    const may = page.words.people.may(roleName(page, role as PersonRole), areaName(page, area));
    return until === undefined ? may : `${may} · ${page.words.people.until(page.day(until))}`;
  }

  #by({ by }: AuditDeed): string {
    const w = this.page.words.people;
    const [kind = "", name = NO_NUMBER] = by.split(" ");
    const said = (w.by as Readonly<Record<string, (name: string) => string>>)[kind];
    return said ? said(name) : by;
  }

  #find(event: SubmitEvent): void {
    event.preventDefault();
    const text = textsOf(event);
    this.#name = text("name").trim();
    this.#what = text("what") satisfies string as DeedKind | "";
    void this.#read(null);
  }

  async #read(before: number | null): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    this.#isReading = true;
    this.requestUpdate();
    const query = new URLSearchParams({ limit: String(AT_ONCE) });
    if (before !== null) query.set("before", String(before));
    if (this.#name) query.set("name", this.#name);
    if (this.#what) query.set("what", this.#what);
    const found = await this.#page(query);
    if (asked !== this.#asked) return;
    this.#isReading = false;
    this.#isMissing = found === null;
    if (found !== null) {
      this.#entries = before === null ? found.deeds : [...this.#entries, ...found.deeds];
      this.#before = found.before;
    }
    this.requestUpdate();
  }

  /** The next page that has anything: the server looks through so many entries at a time. */
  async #page(query: URLSearchParams): Promise<AuditPage | null> {
    for (;;) {
      const page = await this.page.session.list<AuditPage>(`/api/v1/audit?${query}`);
      if (page === null || page.deeds.length > 0 || page.before === null) return page;
      query.set("before", String(page.before));
    }
  }
}

customElements.define("flood-deeds", Deeds);
