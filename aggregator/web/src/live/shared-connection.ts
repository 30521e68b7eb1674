// Where a window gets its messages: from the shared worker, else from a connection of its own.

import { EventConnection, type LineMessage } from "./event-connection.ts";

export function openSharedConnection(tell: (message: LineMessage) => void): void {
  if (!("SharedWorker" in globalThis)) {
    void new EventConnection("/events", tell).run();
    return;
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
    if (!heard) void new EventConnection("/events", tell).run();
    heard = true;
  };
  addEventListener("pagehide", () => worker.port.postMessage("bye"));
  addEventListener("pageshow", (event) => {
    if (event.persisted) worker.port.postMessage("hello");
  });
}
