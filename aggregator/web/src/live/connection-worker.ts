// One connection for all windows of a browser: HTTP/1.1 allows six per server, and a
// dispatcher has more windows than that.

import { EventConnection, type LineMessage } from "./event-connection.ts";

/** The little of a shared worker's scope that is used here. */
interface Scope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const scope = globalThis as unknown as Scope;
const windows = new Set<MessagePort>();
const connection = new EventConnection("/events", tellAll);
let isOpen = false;
let isQuiet = false;
let broker: LineMessage | null = null;

function tellAll(message: LineMessage): void {
  if (message.kind === "open") isOpen = true;
  if (message.kind === "broker") broker = message;
  else isQuiet = message.kind === "quiet";
  if (message.kind === "lost") isOpen = false;
  for (const port of windows) port.postMessage(message);
}

scope.onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  windows.add(port);
  port.onmessage = ({ data }) => {
    if (data === "bye") windows.delete(port);
    if (data === "hurry") connection.hurry();
    if (data === "hello" && !windows.has(port)) {
      windows.add(port);
      greet(port);
    }
  };
  greet(port);
};

/** A window that joins needs its own snapshot, whatever the others have. */
function greet(port: MessagePort): void {
  const message: LineMessage = isOpen ? { kind: "open", resumed: false } : { kind: "lost" };
  port.postMessage(message);
  if (broker) port.postMessage(broker);
  if (isQuiet) port.postMessage({ kind: "quiet" } satisfies LineMessage);
}

void connection.run();
