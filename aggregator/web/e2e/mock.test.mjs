// What a storm cannot be asked to show at will: silent points, doubt, refusals. Always the mock.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Mock } from "../dev/mock.mjs";
import { chooseLanguage, launch, openWindow, picture, stateOf, steps, until } from "./browser.mjs";

const step = steps(test);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let mock;
let url;
let browser;
let desk;
let page;

before(async () => {
  mock = new Mock({ speed: 30 });
  url = await mock.listen();
  browser = await launch();
  desk = await openWindow(browser, url);
  page = desk.page;
  await page.goto(url);
  await page.locator("flood-dispatch .card").first().waitFor();
});

after(async () => {
  await browser?.close();
  mock?.close();
});

step("a silent point shows a dash and its cause, never a depth as of now", async () => {
  const { points } = await stateOf(url);
  const silent = points.filter((p) => p.status === "unknown");
  assert.ok(silent.length > 0, "the mock has no silent point");
  const rows = page.locator("flood-attention button.row.unknown");
  await rows.first().waitFor();
  const shown = await rows.locator(".quantity b").allInnerTexts();
  assert.deepEqual(
    shown,
    silent.map(() => "—"),
  );
  for (const text of await rows.allInnerTexts()) assert.match(text, /不明/);
});

step("a suspect reading is told as suspect, and its point is not among the flooded", async () => {
  const { points } = await stateOf(url);
  const suspect = points.find((p) => p.suspect_depth_m !== null);
  assert.ok(suspect, "the mock has no suspect point");
  const row = page.locator(`flood-attention .group.doubtful [data-id="${suspect.id}"]`);
  assert.match(await row.innerText(), /93\s*cm/);
  assert.equal(
    await page.locator(`flood-attention .group.flooded [data-id="${suspect.id}"]`).count(),
    0,
  );
});

step("a refused order says why, and gives none", async () => {
  await chooseLanguage(page, "en");
  const problem = {
    type: "about:blank",
    title: "the plan has changed",
    status: 409,
    detail: "plan 3 no longer recommends it",
  };
  await page.route("**/api/v1/orders", (route) =>
    route.fulfill({
      status: 409,
      contentType: "application/problem+json",
      body: JSON.stringify(problem),
    }),
  );
  await page.locator("flood-dispatch .card button.confirm:enabled").first().click();
  const said = page.locator("flood-dispatch .refusal").first();
  await said.waitFor();
  assert.match(await said.innerText(), /No order was given.*plan has changed/s);
  assert.doesNotMatch(
    await said.innerText(),
    /plan 3/,
    "what the page can say in its own words needs no echo",
  );
  assert.equal(await page.locator("flood-dispatch article.ordered").count(), 0);
  await page.unroute("**/api/v1/orders");
  // The browser itself reports the refused request.
  desk.complaints = desk.complaints.filter((c) => !c.includes("409"));
});

step("nothing bars anyone: no violation of WCAG 2.2 AA, in both languages and themes", async () => {
  await page.locator("#list button.row").first().click();
  await page.locator(".detail .chart canvas").waitFor();
  await page.evaluate(readFileSync(axe, "utf8"));
  for (const theme of ["light", "dark"]) {
    for (const lang of ["zh", "en"]) {
      await chooseLanguage(page, lang);
      const found = await page.evaluate(() =>
        globalThis.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
        }),
      );
      const violations = found.violations.map(
        (v) =>
          `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).join("; ")}`,
      );
      assert.deepEqual(violations, [], `${theme}, ${lang}`);
      await picture(page, `mock-${theme}-${lang}`);
    }
    await page.locator('[data-do="theme"]').click();
  }
});

step("a layer that could not be had when the page opened comes when it can", async () => {
  // One map at a time: two drawn in software take each other's turns.
  await page.close();
  mock.failing.add("districts").add("roads");
  const late = await openWindow(browser, url);
  await late.page.goto(url);
  await late.page.locator('[data-map="shown"]').waitFor();
  const point = late.page.locator("#list button.row").first();
  await point.click();
  const title = late.page.locator(".detail .title p");
  assert.match(await title.innerText(), /\bd-\d\d\b/, "the district's name was had after all");
  const before = mock.told.get("roads");
  mock.failing.clear();
  await until("the page never asked again", async () => mock.told.get("roads") > before);
  await until("the district has no name", async () => !/\bd-\d\d\b/.test(await title.innerText()));
  assert.ok(
    late.complaints.every((c) => c.includes("503")),
    late.complaints.join("\n"),
  );
  await late.context.close();
});

step("nothing complained", () => {
  assert.deepEqual(desk.complaints, []);
  assert.deepEqual(desk.strangers, []);
});
