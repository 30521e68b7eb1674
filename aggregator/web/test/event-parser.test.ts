import { expect, test } from "vitest";
import { EventParser } from "../src/live/event-parser.ts";

test("an event in pieces is one event", () => {
  const parser = new EventParser();
  expect(parser.push("id: 7\nevent: del")).toEqual([]);
  expect(parser.push('ta\ndata: {"a":1}\n')).toEqual([]);
  expect(parser.push("\n")).toEqual([{ id: "7", name: "delta", data: '{"a":1}' }]);
});

test("heartbeats are no events, and the id stays until the next", () => {
  const parser = new EventParser();
  parser.push("id: 7\ndata: a\n\n");
  expect(parser.push(": alive\n\nevent: reset\ndata: b\n\n")).toEqual([
    { id: "7", name: "reset", data: "b" },
  ]);
});
