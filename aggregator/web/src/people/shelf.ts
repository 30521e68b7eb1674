// A part of the account that shows lists of the server and changes them.

import { nothing, type TemplateResult } from "lit";
import type { Refused } from "../live/session.ts";
import type { OpenSession, Token } from "../model.ts";
import { Part } from "../page.ts";
import { refusal } from "./words.ts";

export abstract class Shelf extends Part {
  #refused: Refused | null = null;
  #wasOut = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.refresh();
  }

  /** Whoever was out and is in again sees what is there now. */
  protected override updated(): void {
    const { isOut } = this.page.session;
    if (this.#wasOut && !isOut) void this.refresh();
    this.#wasOut = isOut;
  }

  /** Reads the lists anew. */
  protected abstract read(): Promise<void>;

  async refresh(): Promise<void> {
    await this.read();
    this.requestUpdate();
  }

  /** Asks for a change and reads anew; the answer, or null where it was refused. */
  protected async change(method: string, url: string, body?: unknown): Promise<Response | null> {
    const answer = await this.page.session.send(method, url, body);
    this.#refused = answer instanceof Response ? null : answer;
    if (this.#refused?.status === 401) await this.#whoIsThere();
    else await this.read();
    this.requestUpdate();
    return answer instanceof Response ? answer : null;
  }

  /** It may be that the session has ended: then nothing is lost, and whoever sits here logs in first. */
  async #whoIsThere(): Promise<void> {
    await this.page.session.read();
    if (this.page.session.isOut) this.page.askLogIn(true);
  }

  protected refusal(): TemplateResult | typeof nothing {
    // Whoever is out is asked to log in.
    return this.page.session.isOut ? nothing : refusal(this.page, this.#refused);
  }

  protected endSession(s: OpenSession): void {
    void this.change("DELETE", `/api/v1/sessions/${s.id}`);
  }

  protected endToken(t: Token): void {
    if (!confirm(this.page.words.people.endTokenSure(t.name))) return;
    void this.change("DELETE", `/api/v1/tokens/${t.name}`);
  }
}
