// Where a window gets its messages: from the shared worker, else from a connection of its own.

import { EventConnection, type LineMessage } from "./event-connection.ts";

/** Opens it; what is returned lets it try at once where it pauses. */
export function openSharedConnection(tell: (message: LineMessage) => void): () => void {
  let own: EventConnection | null = null;
  const openOwn = (): void => {
    own = new EventConnection("/events", tell);
    void own.run();
  };
  if (!("SharedWorker" in globalThis)) {
    openOwn();
    return () => own?.hurry();
  }
  const worker = new SharedWorker(new URL("./connection-worker.ts", import.meta.url), {
    type: "module",
    name: "flood-events",
  });
  let heard = false;
  worker.port.onmessage = ({ data }: MessageEvent<LineMessage>) => {
    heard = true;
    tell(data);
  };
  worker.onerror = () => {
    if (!heard) openOwn();
    heard = true;
  };
  addEventListener("pagehide", () => worker.port.postMessage("bye"));
  addEventListener("pageshow", (event) => {
    if (event.persisted) worker.port.postMessage("hello");
  });
  return () => {
    if (own) own.hurry();
    else worker.port.postMessage("hurry");
  };
}
