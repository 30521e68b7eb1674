// What a storm cannot be asked to show at will: silent points, doubt, refusals. Always the mock.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Mock } from "../dev/mock.mjs";
import {
  chooseLanguage,
  launch,
  openWindow,
  picture,
  pictures,
  stateOf,
  steps,
  until,
} from "./browser.mjs";

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

step(
  "a silent point that was dry shows a dash and its cause, never a depth as of now",
  async () => {
    const { points } = await stateOf(url);
    const silent = points.filter((p) => p.status === "unknown" && p.last_class !== "notice");
    assert.ok(silent.length > 0, "the mock has no silent point");
    const rows = page.locator("flood-attention button.row.unknown");
    await rows.first().waitFor();
    const shown = await rows.locator(".quantity b").allInnerTexts();
    assert.deepEqual(
      shown,
      silent.map(() => "—"),
    );
    for (const text of await rows.allInnerTexts()) assert.match(text, /不明/);
  },
);

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

step(
  "a flood whose gauge falls silent or into doubt stays in its place, counted and hatched",
  async () => {
    await chooseLanguage(page, "en");
    await page.mouse.move(700, 40);
    const flooded = page.locator("flood-attention .group.flooded");
    const ids = await flooded
      .locator("button.row")
      .evaluateAll((all) => all.map((r) => r.dataset.id));
    const { points } = await stateOf(url);
    const [doubted, silent] = ids.map((id) => points.find((p) => p.id === id));
    mock.storm.fallIntoDoubt(doubted.id, ["gross-range"], 9.9);
    mock.storm.fallSilent(silent.id);
    const row = (id) => flooded.locator(`[data-id="${id}"]`);
    const reads = (id, what) =>
      until(
        async () => `${id} never reads ${what}: ${await row(id).innerText()}`,
        async () => what.test(await row(id).innerText()),
      );
    await reads(
      silent.id,
      /Severe, in doubt\s+was \d+\scm, (rising|falling), \d+ min ago; gauge silent/,
    );
    await reads(doubted.id, /was \d+\scm, .*\d+ min ago; gauge in doubt: above its span/);
    assert.match(await flooded.locator("h3").innerText(), /2 in doubt/);
    for (const { id } of [doubted, silent]) {
      assert.equal(await row(id).locator(".point-symbol.severe.in-doubt").count(), 1);
      assert.equal(await page.locator(`.group.doubtful [data-id="${id}"]`).count(), 0);
    }
    const first = await flooded
      .locator("button.row")
      .evaluateAll((all) => all.map((r) => r.dataset.id));
    assert.ok(first.indexOf(doubted.id) < 5 && first.indexOf(silent.id) < 5, first.join());
    await pictures(page, "mock-doubt");
  },
);

step("a truck recommended to a point in doubt says so, in both languages", async () => {
  const said = page.locator("flood-dispatch .card .against");
  await until("no plan says that the depth is in doubt", async () =>
    (await said.allInnerTexts()).some((text) => /Depth in doubt: .*\d+ min ago/.test(text)),
  );
  await chooseLanguage(page, "zh");
  assert.ok((await said.allInnerTexts()).some((text) => /水深存疑：.*分钟前/.test(text)));
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

/** A page of its own before a storm that is set up by `prepare` and hardly moves. */
async function opened(prepare, start) {
  const other = new Mock({ speed: 1, start });
  prepare(other.storm);
  const at = await other.listen();
  const window = await openWindow(browser, at);
  await window.page.goto(at);
  await window.page.locator("flood-attention h2").waitFor();
  await chooseLanguage(window.page, "en");
  return { ...window, own: other, end: () => window.context.close().then(() => other.close()) };
}

/** Long after the storm: nothing stands anywhere. */
const AFTER = 600;
const MINUTE = 60_000;

step("with most gauges silent nothing is said to be clear, in list or plan", async () => {
  // One map at a time: two drawn in software take each other's turns.
  await page.close();
  const { page: calm, end } = await opened((storm) => {
    storm.fallSilent(...storm.points.slice(0, 60).map((p) => p.id));
    storm.step(10 * MINUTE);
    storm.replan();
  }, AFTER);
  const said = calm.locator("flood-attention .quiet");
  await until("the page never read the city", async () =>
    /6[0-9] of 64/.test(await said.innerText()),
  );
  assert.match(
    await said.innerText(),
    /not known whether the city is waterlogged.*60 of 64.*unknown/s,
  );
  const plan = await calm.locator("flood-dispatch .quiet").innerText();
  assert.match(plan, /not known whether trucks are needed.*60 of 64/s);
  await pictures(calm, "mock-silent");
  await end();
});

step("with a few gauges silent the all-clear holds for the others only", async () => {
  const { page: calm, end } = await opened((storm) => storm.replan(), AFTER);
  const said = calm.locator("flood-attention .quiet");
  await until("the page never read the city", async () => /points/.test(await said.innerText()));
  assert.match(await said.innerText(), /No waterlogging at the 60 points .* 4 points are unknown/s);
  assert.match(
    await calm.locator("flood-dispatch .quiet").innerText(),
    /to the points that have trustworthy data; 4 points are unknown/,
  );
  await end();
});

step(
  "a server whose broker is gone says so and calls nothing dry, until the broker is back",
  async () => {
    const { page: calm, end, own } = await opened((storm) => storm.replan(), AFTER);
    const said = calm.locator("flood-attention .quiet");
    const banner = calm.locator("flood-header .loss");
    await until("the page never read the city", async () => /points/.test(await said.innerText()));
    assert.equal(await banner.count(), 0);
    for (const [state, words] of [
      ["lost", /no line to its message broker since/],
      ["refused", /refused the server's subscriptions since/],
      ["thrown-out", /Another program has been connected/],
    ]) {
      own.setBroker(state);
      await until(`no word of ${state}`, async () =>
        words.test((await banner.allInnerTexts()).join()),
      );
      assert.match(await said.innerText(), /Not known since .* This does not mean dry/);
      const plan = await calm.locator("flood-dispatch .quiet").innerText();
      assert.match(plan, /not known whether trucks are needed/);
      await pictures(calm, `mock-broker-${state}`);
    }
    own.setBroker("up");
    await until("the banner stays", async () => (await banner.count()) === 0);
    assert.match(await said.innerText(), /No waterlogging at the 60 points/);
    await end();
  },
);

step(
  "water that drains is counted apart, and no road is said to be closed by no water",
  async () => {
    const { page: ebb, end } = await opened((storm) => {
      for (let minute = 0; minute < 75; minute += 1) {
        storm.step(MINUTE);
        for (const p of storm.points) storm.point(p);
      }
      storm.pumped.set(
        storm.points.find((p) => storm.point(p).status === "closure").id,
        Number.MAX_SAFE_INTEGER,
      );
      storm.step(2 * MINUTE);
    }, 92);
    const draining = ebb.locator("flood-attention .group.draining button.row");
    await draining.first().waitFor();
    const texts = await draining.allInnerTexts();
    assert.ok(
      texts.some((t) =>
        /Draining.*was at closure depth \(25\scm or more\); (road|place) to be inspected/s.test(t),
      ),
      texts.join("\n"),
    );
    assert.ok(
      texts.some((t) => /No water left.*may reopen after inspection/s.test(t)),
      texts.join("\n"),
    );
    for (const text of await ebb.locator("#list button.row").allInnerTexts())
      assert.ok(!/(Severe|Close road) ·.*\n0\s*cm/s.test(text), text);
    await pictures(ebb, "mock-draining");
    await end();
  },
);

step(
  "while water drains, no list says that there is none, and no plan that nothing is needed",
  async () => {
    const { page: ebb, end } = await opened((storm) => {
      const p = storm.points.find((one) => storm.point(one).status === "severe");
      for (let minute = 0; minute < 500; minute += 1) storm.step(MINUTE);
      for (const one of storm.points) storm.held.delete(one.id);
      storm.held.set(p.id, { class: 3, below: storm.now });
      storm.replan();
    }, 92);
    const said = ebb.locator("flood-attention .quiet");
    await until("the page never read the city", async () => /point/.test(await said.innerText()));
    assert.match(await said.innerText(), /No point is flooded now; 1 point is draining/);
    assert.match(await ebb.locator("flood-dispatch .quiet").innerText(), /No truck is recommended/);
    await end();
  },
);

step("a layer that could not be had when the page opened comes when it can", async () => {
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
