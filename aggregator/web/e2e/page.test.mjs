// The page in a real browser, against FLOOD_URL or the mock. Pictures go to SHOTS.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PATIENCE, launch, openWindow, picture, startLine, startServer, stateOf } from "./browser.mjs";

let server;
let line;
let browser;
let desk;

before(async () => {
  server = await startServer();
  line = await startLine(server.url);
  browser = await launch();
  desk = await openWindow(browser, line.url);
  await desk.page.goto(line.url);
  await desk.page.waitForSelector("#list");
});

after(async () => {
  await browser?.close();
  line?.close();
  server?.close();
});

const FLOODED = new Set(["waterlogged", "closure", "severe"]);

test("the lists and the first map stand, without an error", async () => {
  await desk.page.waitForSelector('[data-map="shown"]');
  await picture(desk.page, "desk-zh");
  assert.deepEqual(desk.complaints, []);
});

test("every flooded point of the state is listed with the number the server told", async () => {
  const state = await stateOf(server.url);
  const flooded = state.points.filter((p) => FLOODED.has(p.status));
  const listed = await desk.page.locator("flood-list .group.flooded .row").count();
  // The storm goes on while we look.
  assert.ok(Math.abs(listed - flooded.length) <= 3, `${listed} listed, ${flooded.length} flooded`);
  const legend = await desk.page.locator(".legend .classes").innerText();
  const counted = [...legend.matchAll(/\S+ (\d+)\n/g)].reduce((sum, m) => sum + Number(m[1]), 0);
  assert.equal(counted, state.points.length);
});

test("an unknown point shows a dash, never a depth", async () => {
  const unknown = desk.page.locator("flood-list .row.unknown .quantity b");
  for (const text of await unknown.allInnerTexts()) assert.equal(text, "—");
});

test("the language changes in one click and keeps selection and view", async () => {
  const { page } = desk;
  await page.locator("#list button.row").first().click();
  await page.waitForSelector(".detail h2");
  const url = page.url();
  await page.locator('[data-do="language"]').click();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  assert.equal(page.url(), url);
  assert.match(await page.locator("flood-list h2").innerText(), /Needs attention/);
  assert.ok(await page.locator(".detail h2").isVisible());
});

test("a click on a point in the list opens a hydrograph with data in it", async () => {
  const { page } = desk;
  const canvas = page.locator(".detail .chart canvas");
  await canvas.waitFor();
  const inked = await canvas.evaluate((c) => {
    const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
    let n = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) n += 1;
    return n;
  });
  assert.ok(inked > 500, `${inked} pixels drawn`);
  await picture(page, "detail-en");
  await page.locator(".table-switch").click();
  assert.ok((await page.locator(".detail tbody tr").count()) > 3);
  await page.locator(".table-switch").click();
});

test("a gauge is found by its id and shows its observations", async () => {
  const { page } = desk;
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type("lg-0002");
  await page.keyboard.press("Enter");
  await page.locator(".detail .chart canvas").waitFor();
  assert.match(await page.locator(".detail .title p").innerText(), /lg-0002/);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
});

test("confirming a recommendation posts it once and shows the order, which can be recalled", async () => {
  const { page } = desk;
  const posts = [];
  page.on("request", (r) => r.method() === "POST" && posts.push([r.url(), r.postDataJSON()]));
  const confirm = page.locator("flood-plan .card button.confirm:enabled").first();
  await confirm.waitFor();
  await confirm.dblclick();
  const order = page.locator("flood-plan article.ordered").first();
  await order.waitFor();
  const asked = posts.filter(([url]) => url.endsWith("/api/v1/orders"));
  assert.equal(asked.length, 1);
  const [[, body]] = asked;
  assert.equal(typeof body.plan, "number");
  const state = await stateOf(server.url);
  const given = state.orders.find((o) => o.truck === body.truck && o.point === body.point);
  assert.ok(given, "the server knows the order");
  await picture(page, "ordered-en");
  await page.locator(`[data-order="${given.id}"] [data-do="recall"]`).first().click();
  await page.locator(`[data-order="${given.id}"]`).first().waitFor({ state: "detached" });
});

test("a refused order says why", async () => {
  const { page } = desk;
  await page.route("**/api/v1/orders", (route) =>
    route.fulfill({ status: 409, contentType: "application/problem+json", body: JSON.stringify({ type: "about:blank", title: "the plan has changed", status: 409, detail: "plan 3 no longer recommends it" }) }),
  );
  await page.locator("flood-plan .card button.confirm:enabled").first().click();
  const said = page.locator("flood-plan .refusal").first();
  await said.waitFor();
  assert.match(await said.innerText(), /No order was given.*plan has changed/s);
  await page.unroute("**/api/v1/orders");
  // The browser itself reports the refused request; nothing else may have complained.
  desk.complaints = desk.complaints.filter((c) => !c.includes("409"));
  assert.deepEqual(desk.complaints, []);
});

test("a cut line is said within two seconds and heals by itself", async () => {
  const { page } = desk;
  const cutAt = Date.now();
  line.cut();
  await page.locator(".loss").waitFor();
  const said = Date.now() - cutAt;
  await picture(page, "lost-en");
  assert.ok(await page.locator("flood-plan .card button.confirm").first().isDisabled());
  line.join();
  await page.locator(".loss").waitFor({ state: "detached" });
  assert.ok(said < 2500, `said after ${said} ms`);
});

test("the dark page and the phone show the same", async () => {
  const { page } = desk;
  await page.locator(".tools button").nth(1).click();
  await page.locator("#list button.row").first().click();
  await page.locator(".detail .chart canvas").waitFor();
  await picture(page, "dark-en");
  const phone = await openWindow(browser, line.url, { width: 390, height: 844 });
  await phone.page.goto(line.url);
  await phone.page.locator("#list button.row").first().waitFor();
  await picture(phone.page, "phone-list-zh");
  assert.equal(await phone.page.evaluate(() => document.documentElement.scrollWidth), 390);
  await phone.page.locator(".tabs button").nth(1).click();
  await phone.page.locator("flood-plan .card").first().waitFor();
  await picture(phone.page, "phone-plan-zh");
  await phone.page.locator(".tabs button").nth(0).click();
  await phone.page.locator("#list button.row").first().click();
  await phone.page.locator(".detail .chart canvas").waitFor();
  await picture(phone.page, "phone-detail-zh");
  await phone.page.locator(".detail .close").click();
  await phone.page.locator(".tabs button").nth(2).click();
  await phone.page.waitForSelector('[data-map="shown"]');
  await picture(phone.page, "phone-map-zh");
  assert.deepEqual(phone.complaints, []);
  await phone.context.close();
});

test("a browser without WebGL gets everything but the map, and is told so", async () => {
  const plain = await launch(["--disable-3d-apis"]);
  const window = await openWindow(plain, line.url);
  await window.page.goto(line.url);
  await window.page.locator(".no-map").waitFor();
  await window.page.locator("#list button.row").first().waitFor();
  await plain.close();
});

test("nobody but the server was ever asked", () => {
  assert.deepEqual(desk.strangers, []);
}, { timeout: PATIENCE });
