// Who sits before this page, and what he may: as the server knows him by his cookie.

import type { Invited, LogIn, Problem, ProviderAnswer, ProviderWay, Session } from "../model.ts";

/** What the server said to somebody who wanted in; `status` is 0 when nobody answered. */
export type Refused = Pick<Problem, "status" | "detail"> & { title: string };

type Ask = (url: string, how?: RequestInit) => Promise<Response>;

const ANSWER_WITHIN_MS = 10_000;
/** A session that ended elsewhere is noticed after this long at the latest. */
const LOOK_MS = 30_000;

export class SessionKeeper {
  /** Null until the server has told. */
  session: Session | null = null;
  /** What stands behind `#join=` in the address: a link that somebody was given. */
  readonly link: string | null;
  /** Why the provider of log-ins, from where the browser has come back, let nobody in. */
  fromProvider: Refused | null = null;
  #watchers = new Set<() => void>();
  #reading: Promise<void> | null = null;

  constructor(
    link: string | null = null,
    private readonly answer: ProviderAnswer | null = null,
    private readonly ask: Ask = (url, how) => fetch(url, how),
  ) {
    this.link = link;
  }

  watch(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  /** Looks who is logged in, now and from now on. */
  start(): void {
    void this.#comeBack();
    setInterval(() => void this.read(), LOOK_MS);
  }

  /** Nothing is shown to whoever is not logged in. */
  get isOut(): boolean {
    return this.session !== null && this.session.who === null;
  }

  /** Whether orders may be given; a server that tells nothing of people takes them from everybody. */
  get mayOrder(): boolean {
    return this.session === null || (this.session.who?.may_order ?? false);
  }

  /** Looks who is logged in. A server that does not answer changes nothing. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const response = await this.ask("/api/v1/session", {
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (response.ok) this.#take((await response.json()) as Session);
    } catch {
      // The header says that the line is lost; who sits here has not changed by it.
    }
  }

  #take(session: Session): void {
    this.session = session;
    for (const watcher of this.#watchers) watcher();
  }

  /** Logs in; null once he is in, else why not. */
  async logIn(name: string, password: string): Promise<Refused | null> {
    return this.#enter("/api/v1/session", { name, password } satisfies LogIn);
  }

  async logInToExercise(): Promise<Refused | null> {
    return this.#enter("/api/v1/session/exercise", undefined);
  }

  /** Where to log in by the provider, or why nowhere. */
  async provider(): Promise<string | Refused> {
    const answer = await this.send("POST", "/api/v1/session/provider", undefined);
    return answer instanceof Response ? ((await answer.json()) as ProviderWay).url : answer;
  }

  /** Tells what the provider has answered, if that is where the browser comes from. */
  async #comeBack(): Promise<void> {
    if (this.answer) {
      this.fromProvider = await this.#enter("/api/v1/session/provider/answer", this.answer);
      if (this.fromProvider === null) return;
    }
    await this.read();
    // Any page can send a browser here with an answer that is none: whoever is in need not hear of it.
    if (!this.isOut) this.fromProvider = null;
  }

  /** Accepts an invitation. */
  async accept(name: string, shown: string, password: string): Promise<Refused | null> {
    return this.#enter("/api/v1/invitation/accept", { link: this.link, name, shown, password });
  }

  async #enter(url: string, body: unknown): Promise<Refused | null> {
    this.fromProvider = null;
    const answer = await this.send("POST", url, body);
    if (!(answer instanceof Response)) return answer;
    this.#take((await answer.json()) as Session);
    return null;
  }

  /** What the link in the address is good for, or why for nothing. */
  async invited(): Promise<Invited | Refused> {
    const answer = await this.send("POST", "/api/v1/invitation", { link: this.link });
    return answer instanceof Response ? ((await answer.json()) as Invited) : answer;
  }

  async logOut(): Promise<void> {
    await this.send("DELETE", "/api/v1/session", undefined);
    await this.read();
  }

  /** Asks for a change; the answer, or why there is none. */
  async send(method: string, url: string, body: unknown): Promise<Response | Refused> {
    try {
      const response = await this.ask(url, {
        method,
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
        ...(body === undefined
          ? {}
          : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
      if (response.ok) return response;
      const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
      return { title: response.statusText, ...problem, status: response.status };
    } catch {
      return { status: 0, title: "" };
    }
  }

  /** A list that is for whoever is logged in; null where it cannot be had. */
  async list<T>(url: string): Promise<T | null> {
    try {
      const response = await this.ask(url, { cache: "no-store" });
      return response.ok ? ((await response.json()) as T) : null;
    } catch {
      return null;
    }
  }
}

/** The link in an address like `#join=…`. It is taken out of the address bar by whoever reads it. */
export function linkOf(hash: string): string | null {
  return /^#join=([\w-]{20,100})$/.exec(hash)?.[1] ?? null;
}

/** The provider's answer in an address like `/?state=…&code=…`; taken out of there like a link. */
export function answerOf(search: string): ProviderAnswer | null {
  const said = new URLSearchParams(search);
  const state = said.get("state");
  const [code, error, iss] = [said.get("code"), said.get("error"), said.get("iss")];
  if (state === null || (code === null && error === null)) return null;
  return {
    state,
    ...(code === null ? {} : { code }),
    ...(error === null ? {} : { error }),
    ...(iss === null ? {} : { iss }),
  };
}
