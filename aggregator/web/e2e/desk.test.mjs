// A dispatcher's shift in a real browser, from before the storm to after it.
//
//   FLOOD_URL   a running aggregator under a storm; begin before or while points are flooded
//               (flood-sim replay configs/scenarios/harbour.toml --speed 60 --http 127.0.0.1:8080 --stay).
//               Without it the mock is used, whose storm does not end.
//   CHROMIUM    the browser, if it is not /usr/bin/chromium
//   SHOTS       a folder for pictures

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  chooseLanguage,
  launch,
  openWindow,
  picture,
  pictures,
  startLine,
  startServer,
  stateOf,
  steps,
  until,
} from "./browser.mjs";

/** At sixty times the speed the storm floods within one minute and is gone within three. */
const STORM_MS = 170_000;
const FLOODED = new Set(["waterlogged", "closure", "severe"]);
const step = steps(test);

let server;
let line;
let browser;
let desk;
let page;
/** The order that was given, as the server knows it. */
let order;

before(async () => {
  server = await startServer();
  line = await startLine(server.url);
  browser = await launch();
  desk = await openWindow(browser, line.url);
  page = desk.page;
});

after(async () => {
  await browser?.close();
  line?.close();
  server?.close();
});

/** What a point is or, where that is unknown, was. */
const classOf = (p) => (p.status === "unknown" ? p.last_class : p.status);
/** Only held, with no water left to close the road, and none that comes again. */
const isDraining = (p) =>
  p.status !== "unknown" &&
  p.is_clearing &&
  p.depth_m < p.thresholds.closure_m &&
  !(p.rate_m_per_h >= 0.01);
const floodedOf = (state) => state.points.filter((p) => FLOODED.has(classOf(p)) && !isDraining(p));

const SCALE = ["severe", "closure", "waterlogged"];

/** `severe 044 wp-001`: class, centimetres and id. */
const entry = (status, cm, id) => `${status} ${String(cm).padStart(3, "0")} ${id}`;

/** What stands under "flooded now", in its order. */
async function listed() {
  const rows = await page
    .locator("flood-attention .group.flooded button.row")
    .evaluateAll((all) =>
      all.map((row) => [
        row.className.split(" ")[1],
        row.querySelector(".quantity b").textContent,
        row.dataset.id,
      ]),
    );
  return rows.map(([status, cm, id]) => entry(status, cm, id));
}

/** The same, from what the server tells; in no order. */
const told = (state) =>
  floodedOf(state).map((p) => entry(classOf(p), Math.round(p.depth_m * 100), p.id));

const isWorstFirst = (entries) => {
  const weights = entries.map(
    (e) => SCALE.indexOf(e.split(" ")[0]) * 1000 - Number(e.split(" ")[1]),
  );
  return weights.every((weight, i) => i === 0 || weights[i - 1] <= weight);
};

/** The storm goes on between two looks, so that they agree at once or a moment later. */
async function listAgrees() {
  // Under the pointer a list keeps its rows.
  await page.mouse.move(700, 40);
  let difference = "";
  const agreed = await until(
    () => `the list never agreed with the state:\n${difference}`,
    async () => {
      const state = await stateOf(server.url);
      const [here, there] = [await listed(), told(state)];
      assert.ok(isWorstFirst(here), `not worst first: ${here.join(" | ")}`);
      difference = `page:   ${[...here].sort().join(" | ")}\nserver: ${there.sort().join(" | ")}`;
      return here.sort().join() === there.join() ? state : null;
    },
  );
  return floodedOf(agreed).length;
}

step("the page opens with its lists and its map", async () => {
  await page.goto(line.url);
  await page.locator("#list").waitFor();
  await page.locator('[data-map="shown"]').waitFor();
  const state = await stateOf(server.url);
  const counted = async () => {
    const counts = await page.locator(".legend .classes b").allInnerTexts();
    return counts.reduce((sum, n) => sum + Number(n), 0);
  };
  await until(
    `the legend never counted all ${state.points.length} points`,
    async () => (await counted()) === state.points.length,
  );
  await pictures(page, floodedOf(state).length === 0 ? "before" : "open");
  assert.deepEqual(desk.complaints, []);
});

step("a confirmed recommendation becomes one order that the page shows", async () => {
  const isFree = (state) => (r) =>
    !state.orders.some((o) => o.truck === r.truck && ["sent", "received"].includes(o.state));
  let now = "";
  await until(
    () =>
      `no flooded point with a recommended truck; it is ${now} in the storm: has it passed already?`,
    async () => {
      const state = await stateOf(server.url);
      now = state.now;
      return floodedOf(state).length > 0 && state.plan?.recommendations.some(isFree(state));
    },
    STORM_MS,
  );
  const posts = [];
  page.on("request", (r) => r.method() === "POST" && posts.push(r));
  const ordered = page.locator("flood-dispatch article.ordered");
  const refusal = page.locator("flood-dispatch .refusal");
  // A plan may change under the finger. Then the page must say so, and the next one is confirmed.
  for (let plans = 0; (await ordered.count()) === 0; plans += 1) {
    assert.ok(plans < 4, `four plans in a row were refused: ${await refusal.allInnerTexts()}`);
    posts.length = 0;
    await page.locator("flood-dispatch .card button.confirm:enabled").first().dblclick();
    await ordered.or(refusal).first().waitFor();
    assert.equal(
      posts.filter((r) => r.url().endsWith("/api/v1/orders")).length,
      1,
      "a double click posts once",
    );
    desk.complaints = desk.complaints.filter((c) => !c.includes("409"));
    if ((await ordered.count()) === 0)
      assert.match(await refusal.first().innerText(), /没有下令.*方案已更新/s);
  }
  const body = posts[0].postDataJSON();
  assert.equal(typeof body.plan, "number", "the order names the plan that recommends it");
  order = await until(
    `the server never told of an order of ${body.truck} to ${body.point}`,
    async () => {
      const { orders } = await stateOf(server.url);
      return orders.find(
        (o) => o.truck === body.truck && o.point === body.point && o.state !== "recalled",
      );
    },
  );
  await page.locator(`[data-order="${order.id}"] [data-do="recall"]`).waitFor();
});

step(
  "the list tells what the server tells: the same points, order, classes and depths",
  async () => {
    assert.ok((await listAgrees()) > 0, "nothing was flooded");
  },
);

step(
  "a point of the list opens a hydrograph with data in it, as a picture and as a table",
  async () => {
    const { points } = await stateOf(server.url);
    const id = (await listed())[0]?.split(" ")[2] ?? points[0].id;
    await page.locator(`#list [data-id="${id}"]`).click();
    const canvas = page.locator(".detail .chart canvas");
    await canvas.waitFor();
    const inked = () =>
      canvas.evaluate((c) => {
        const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
      });
    await until("the hydrograph stays empty", async () => (await inked()) > 3000);
    assert.match(await page.locator(".detail .title p").innerText(), new RegExp(id));
    await pictures(page, "detail");
    await page.locator(".table-switch").click();
    const rows = page.locator(".detail table").first().locator("tbody tr");
    const depths = await rows.locator("td:nth-child(2)").allInnerTexts();
    assert.ok(
      depths.length > 3 && depths.some((d) => Number(d) > 0),
      `depths in the table: ${depths}`,
    );
    await page.locator(".table-switch").click();
    await canvas.waitFor();
  },
);

step("the language changes in one click; selection and address stay", async () => {
  const address = page.url();
  const title = await page.locator(".detail h2").innerText();
  assert.match(title, /[\u4e00-\u9fff]/);
  await page.locator('[data-do="language"]').click();
  await page.waitForFunction(() => document.documentElement.lang === "en");
  assert.equal(page.url(), address);
  assert.match(await page.locator("flood-attention h2").innerText(), /Needs attention/);
  await until(
    "the detail is still Chinese",
    async () => !/[\u4e00-\u9fff]/.test(await page.locator(".detail").innerText()),
  );
  const chinese = (await page.locator("body").innerText()).match(/[\u4e00-\u9fff]+/g);
  assert.deepEqual(chinese, ["中文"], "only the language switch may be Chinese");
});

step("a gauge is found by its id and shows its observations", async () => {
  const { gauges } = await stateOf(server.url);
  const gauge = gauges.find((g) => g.status === "ok");
  assert.ok(gauge, "the server knows no gauge that is well");
  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type(gauge.id);
  await page.keyboard.press("Enter");
  await page.locator(".detail .chart canvas").waitFor();
  assert.match(await page.locator(".detail .title p").innerText(), new RegExp(gauge.id));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
});

step(
  "a cut line is said within two and a half seconds, locks orders, and heals by itself",
  async () => {
    assert.deepEqual(desk.complaints, []);
    const cutAt = Date.now();
    line.cut();
    await page.locator(".loss").waitFor();
    const said = Date.now() - cutAt;
    await picture(page, "lost-en");
    assert.ok(said < 2500, `said after ${said} ms`);
    assert.ok(
      await page.locator(`[data-order="${order.id}"] [data-do="recall"]`).isDisabled(),
      "an order can be given into the void",
    );
    line.join();
    await page.locator(".loss").waitFor({ state: "detached" });
    await listAgrees();
    // What the browser itself said of the cut.
    desk.complaints = desk.complaints.filter((c) => !c.includes("net::ERR_"));
  },
);

step(
  "a server that hangs is said within two and a half seconds, locks orders, and heals by itself",
  async () => {
    assert.deepEqual(desk.complaints, []);
    const hungAt = Date.now();
    line.hold();
    await page.locator(".loss").waitFor();
    const said = Date.now() - hungAt;
    assert.match(await page.locator(".loss").innerText(), /does not answer/);
    await picture(page, "hung-en");
    assert.ok(said < 2500, `said after ${said} ms`);
    assert.ok(
      await page.locator(`[data-order="${order.id}"] [data-do="recall"]`).isDisabled(),
      "an order can be given to a server that hangs",
    );
    const confirms = page.locator("flood-dispatch .card button.confirm");
    for (const button of await confirms.all())
      assert.ok(await button.isDisabled(), "a recommendation can be confirmed into the void");
    line.release();
    await page.locator(".loss").waitFor({ state: "detached" });
    await listAgrees();
    desk.complaints = desk.complaints.filter((c) => !c.includes("net::ERR_"));
  },
);

step("the order is recalled, and gone from the page", async () => {
  await page.locator(`[data-order="${order.id}"] [data-do="recall"]`).click();
  await page.locator(`[data-order="${order.id}"]`).waitFor({ state: "detached" });
  await until(`the server never told that order ${order.id} is recalled`, async () => {
    const { orders } = await stateOf(server.url);
    return orders.find((o) => o.id === order.id)?.state === "recalled";
  });
});

step("the dark page is dark, map included", async () => {
  await page.locator('[data-do="theme"]').click();
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.locator('[data-map="shown"]').waitFor();
  const { points } = await stateOf(server.url);
  await page.keyboard.press("/");
  await page.keyboard.type(points[0].id);
  await page.keyboard.press("Enter");
  await page.locator(".detail .chart canvas").waitFor();
  const [paper, ink] = await page.evaluate(() => {
    const style = getComputedStyle(document.querySelector(".detail"));
    return [style.backgroundColor, style.color].map((c) =>
      Math.max(...c.match(/\d+/g).slice(0, 3).map(Number)),
    );
  });
  assert.ok(paper < 80 && ink > 200, `paper ${paper}, ink ${ink}`);
  await pictures(page, "dark");
  await page.locator('[data-do="theme"]').click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
});

step(
  "on a phone everything is one column, nothing is cut off, and the map is one tap away",
  async () => {
    const phone = await openWindow(browser, line.url, { width: 390, height: 844 });
    const show = (n) => phone.page.locator(".tabs button").nth(n).click();
    const width = () => phone.page.evaluate(() => document.documentElement.scrollWidth);
    await phone.page.goto(line.url);
    await phone.page.locator("#search").waitFor();
    const { points } = await stateOf(server.url);
    for (const lang of ["zh", "en"]) {
      await chooseLanguage(phone.page, lang);
      await phone.page.locator("flood-attention .panel").waitFor();
      assert.equal(await width(), 390, `list, ${lang}`);
      await picture(phone.page, `phone-list-${lang}`);
      await show(1);
      await phone.page.locator("flood-dispatch .panel-head h2").waitFor();
      assert.equal(await width(), 390, `plan, ${lang}`);
      await picture(phone.page, `phone-plan-${lang}`);
      await show(0);
      await phone.page.locator("#search").fill(points[0].id);
      await phone.page.locator(`#list [data-id="${points[0].id}"]`).click();
      await phone.page.locator(".detail .chart canvas").waitFor();
      assert.equal(await width(), 390, `detail, ${lang}`);
      await picture(phone.page, `phone-detail-${lang}`);
      await phone.page.locator(".detail .close").click();
      await phone.page.locator("#search").fill("");
      await show(2);
      await phone.page.locator('[data-map="shown"]').waitFor();
      await picture(phone.page, `phone-map-${lang}`);
      await show(0);
    }
    assert.deepEqual(phone.complaints, []);
    assert.deepEqual(phone.strangers, []);
    await phone.context.close();
  },
);

step("later in the storm list and server still agree", async () => {
  await listAgrees();
  await page.locator(".map-buttons .word").click();
  await page.locator("flood-dispatch .scroll").evaluate((plan) => plan.scrollTo(0, 0));
  await pictures(page, "during");
});

step("a browser without WebGL gets everything but the map, and is told so", async () => {
  const plain = await launch(["--disable-3d-apis"]);
  const window = await openWindow(plain, line.url);
  await window.page.goto(line.url);
  await window.page.locator(".no-map").waitFor();
  assert.match(await window.page.locator(".no-map").innerText(), /WebGL/);
  const { points } = await stateOf(server.url);
  await window.page.locator("#search").fill(points[0].id);
  await window.page.locator(`#list [data-id="${points[0].id}"]`).click();
  await window.page.locator(".detail .chart canvas").waitFor();
  await picture(window.page, "no-webgl-zh");
  assert.deepEqual(window.complaints, []);
  await plain.close();
});

if (process.env.FLOOD_URL) {
  step("when the water has gone, the page says so and keeps nothing back", async () => {
    await page.mouse.move(700, 40);
    await until(
      "points stayed flooded",
      async () => floodedOf(await stateOf(server.url)).length === 0,
      STORM_MS,
    );
    await page.locator("flood-attention .group.flooded").waitFor({ state: "detached" });
    const quiet = page.locator("#list .quiet").first();
    await until(
      "the page never gave the all-clear",
      async () => /No waterlogging at present/.test(await quiet.innerText()),
      STORM_MS,
    );
    await pictures(page, "after");
  });
}

step("nothing complained in all that time, and nobody but the server was asked", async () => {
  assert.deepEqual(desk.complaints, []);
  assert.deepEqual(desk.strangers, []);
});
