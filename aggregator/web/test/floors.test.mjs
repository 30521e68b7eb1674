import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");

/** The rooms of each floor, as main.ts lists them: `text/` is a folder, `page` a module. */
function floorsOf(text) {
  const lines = [...text.matchAll(/^\/\/ {3}(\d+) {2}([^\s,]+(?:, [^\s,]+)*)/gm)];
  return lines.flatMap(([, floor, rooms]) =>
    rooms.split(", ").map((room) => ({ floor: Number(floor), room })),
  );
}

/** The rooms that a module stands in: one, if all is well. */
const roomsOf = (module, floors) =>
  floors.filter(({ room }) =>
    room.endsWith("/") ? module.startsWith(room) : module === `${room}.ts`,
  );

/** What a module imports of this page's modules, by whatever way. */
function importsOf(module, text) {
  const found = text.matchAll(/(?:from |import |import\(|new URL\()"(\.[^"]*\.ts)"/g);
  return [...found].map(([, path]) => join(dirname(module), path));
}

/** Imports that go up or sideways, and modules that stand nowhere. */
function faults(modules, floors) {
  return Object.entries(modules).flatMap(([module, text]) => {
    const [here, other] = roomsOf(module, floors);
    if (!here || other) return [`${module} stands on ${here ? "two floors" : "no floor"}`];
    return importsOf(module, text)
      .map((target) => [target, roomsOf(target, floors)[0]])
      .filter(([, there]) => there && there.room !== here.room && there.floor >= here.floor)
      .map(([target]) => `${module} (floor ${here.floor}) imports ${target}`);
  });
}

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((f) =>
  f.endsWith(".ts"),
);
const modules = Object.fromEntries(files.map((f) => [f, readFileSync(join(SRC, f), "utf8")]));

test("every module stands on one floor and imports from below or from its own folder", () => {
  const floors = floorsOf(modules["main.ts"]);
  expect(faults(modules, floors)).toEqual([]);
  const empty = floors.filter((f) => !files.some((file) => roomsOf(file, [f]).length > 0));
  expect(empty).toEqual([]);
});

test("an import that goes up or sideways is found, and so is a module without a floor", () => {
  const floors = floorsOf("//   1  model  a\n//   2  list/, plan/    b\n");
  const planted = {
    "model.ts": 'import type { A } from "./list/a.ts";',
    "list/a.ts": 'import "./b.ts"; import("../plan/c.ts");',
    "list/b.ts": 'import { m } from "../model.ts";',
    "plan/c.ts": "",
    "stray.ts": "",
  };
  expect(faults(planted, floors)).toEqual([
    "model.ts (floor 1) imports list/a.ts",
    "list/a.ts (floor 2) imports plan/c.ts",
    "stray.ts stands on no floor",
  ]);
});
