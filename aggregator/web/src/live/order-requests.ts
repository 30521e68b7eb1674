// A dispatcher's wishes on their way to the server, and what became of them.

import { type Dispatch, isOpen, type OrderView, type Problem } from "../model.ts";
import type { LiveState } from "./state.ts";

/** What the server said, or what stands between it and us; `status` is 0 when nobody answered. */
export type Refusal = Pick<Problem, "status" | "detail"> & { title: string };

type Post = (url: string, body: unknown) => Promise<Response>;

const ANSWER_WITHIN_MS = 10_000;

export class OrderRequests {
  readonly pending = new Set<string>();
  readonly refusals = new Map<string, Refusal>();
  #watchers = new Set<() => void>();

  constructor(
    private readonly live: LiveState,
    private readonly post: Post = postJson,
  ) {}

  watch(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  /** The order that binds a truck at present. */
  openOf(truck: string): OrderView | null {
    for (const order of this.live.orders.values()) {
      if (order.truck === truck && isOpen(order)) return order;
    }
    return null;
  }

  /** Orders `truck` to `point`; `plan` is the version that recommends it, if one does. */
  async dispatch(card: string, truck: string, point: string, plan: number | null): Promise<void> {
    const wish: Dispatch = { truck, point, plan };
    await this.#ask(card, "/api/v1/orders", wish);
  }

  async recall(order: OrderView): Promise<void> {
    await this.#ask(order.id, `/api/v1/orders/${encodeURIComponent(order.id)}/recall`, undefined);
  }

  async #ask(card: string, url: string, body: unknown): Promise<void> {
    if (this.pending.has(card)) return;
    this.pending.add(card);
    this.refusals.delete(card);
    this.#tell();
    try {
      const response = await this.post(url, body);
      if (response.ok) this.live.takeOrder((await response.json()) as OrderView);
      else this.refusals.set(card, await refusalOf(response));
    } catch {
      this.refusals.set(card, { status: 0, title: "" });
    } finally {
      this.pending.delete(card);
      this.#tell();
    }
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  return { title: response.statusText, ...problem, status: response.status };
}

function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
}
