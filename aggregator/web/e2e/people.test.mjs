// Who sits at the desk: his account, how his session ends in the middle, and what the exercise login of a
// demo lets him do. The real aggregator.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Asker, freePort, PASSWORD, startAggregator } from "./aggregator.mjs";
import { chooseLanguage, launch, openWindow, picture, pictures, steps, until } from "./browser.mjs";

const step = steps(test);
const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
let flood;
let browser;
let desk;
let page;
/** The administrator, without a browser. */
let admin;

before(async () => {
  flood = await startAggregator(await freePort(), "login = true");
  browser = await launch();
  admin = new Asker(flood.url);
  assert.equal((await admin.join(flood.firstLink(), "admin")).status, 200);
  for (const [name, role] of [
    ["wang-li", "dispatcher"],
    ["chen", "administrator"],
  ]) {
    const { body } = await admin.ask("POST", "/api/v1/people", { role, area: "city" });
    const invited = new Asker(flood.url);
    assert.equal((await invited.join(body.link.split("#join=")[1], name)).status, 200);
  }
  desk = await openWindow(browser, flood.url);
  page = desk.page;
});

after(async () => {
  await browser?.close();
  await flood?.close();
});

async function logIn(name, password = PASSWORD) {
  await page.locator('flood-log-in [name="name"]').fill(name);
  await page.locator('flood-log-in [name="password"]').fill(password);
  await page.locator('[data-do="log-in"]').click();
  await page.locator("flood-log-in dialog").waitFor({ state: "detached" });
}

const sessionsOf = async (name) => {
  const { body } = await admin.ask("GET", "/api/v1/sessions");
  return body.filter(({ person }) => person === name);
};

step("whoever is not known is asked to log in, and sees nothing before", async () => {
  await page.goto(flood.url);
  await page.locator('[data-do="log-in"]').waitFor();
  assert.equal(await page.locator('[data-do="provider"]').count(), 0, "there is no provider");
  await pictures(page, "log-in");
  await page.locator('flood-log-in [name="name"]').fill("wang-li");
  await page.locator('flood-log-in [name="password"]').fill("guessed guessed");
  await page.locator('[data-do="log-in"]').click();
  await page.locator("flood-log-in .refusal").waitFor();
  await logIn("wang-li");
  await page.locator("#list").waitFor();
  assert.equal(await page.locator(".who b").innerText(), "wang-li");
});

step("a dispatcher has his own account, and no button that is not for him", async () => {
  await chooseLanguage(page, "en");
  await page.locator('[data-do="account"]').click();
  await page.locator('[data-list="sessions"] li').nth(1).waitFor();
  assert.equal(await page.locator("[data-leaf]").count(), 0);
  assert.equal(await page.locator("flood-staff, flood-deeds").count(), 0);
  const roles = page.locator('[data-form="token"] [name="role"] option');
  assert.deepEqual(await roles.allInnerTexts(), ["Viewer", "Crew", "Dispatcher"]);
  // His browser is this one; the other is that in which he made his account.
  assert.equal(await page.locator('[data-do="end-session"]').count(), 1);
  await page.locator('[data-do="end-session"]').click();
  await page.locator('[data-do="end-session"]').waitFor({ state: "detached" });
  assert.equal((await sessionsOf("wang-li")).length, 1);
});

step("a key for a program is made, told once, seen to be used, and ended", async () => {
  const form = page.locator('[data-form="token"]');
  await form.locator('[name="name"]').fill("wall");
  await form.locator('[name="role"]').selectOption("viewer");
  await form.locator('[data-do="make-token"]').click();
  const secret = await page.locator('[data-told="token"]').inputValue();
  const entry = page.locator('[data-token="wall"]');
  assert.match(await entry.innerText(), /Viewer.*good until.*never used/s);
  const asked = () =>
    fetch(`${flood.url}/api/v1/state`, { headers: { authorization: `Bearer ${secret}` } });
  assert.equal((await asked()).status, 200);
  await pictures(page, "account-own");
  await form.locator('[name="name"]').fill("wall");
  await form.locator('[data-do="make-token"]').click();
  assert.match(await page.locator("flood-own .refusal").innerText(), /already/);
  await page.locator(".account .close").click();
  await page.locator('[data-do="account"]').click();
  await until("its use is never told", async () => /last used/.test(await entry.innerText()));
  page.once("dialog", (sure) => void sure.accept());
  await entry.locator('[data-do="end-token"]').click();
  await entry.waitFor({ state: "detached" });
  assert.equal((await asked()).status, 401);
});

step("a session that ends in the middle takes nothing from who types, and he goes on", async () => {
  const form = page.locator('[data-form="token"]');
  await form.locator('[name="name"]').fill("half-typed");
  // A page that was never live has nothing that stops.
  await page.locator(".line.live").waitFor();
  const [{ id }] = await sessionsOf("wang-li");
  assert.equal((await admin.ask("DELETE", `/api/v1/sessions/${id}`)).status, 204);
  await page.locator('[data-do="log-in"]').waitFor();
  const banner = page.locator(".loss");
  await banner.waitFor();
  assert.match(await banner.innerText(), /Your session has ended.*no order can be given/s);
  assert.equal(await form.locator('[name="name"]').inputValue(), "half-typed");
  await pictures(page, "session-ended");
  // He may look first at what is still there.
  await page.locator('[data-do="later"]').click();
  await page.locator('[data-do="log-in"]').waitFor({ state: "detached" });
  await form.locator('[name="name"]').fill("typed-out");
  await form.locator('[data-do="make-token"]').click();
  await page.locator('[data-do="log-in"]').waitFor();
  await page.locator('flood-log-in [name="name"]').fill("wang-li");
  await page.locator('flood-log-in [name="password"]').fill(PASSWORD);
  await page.locator('[data-do="log-in"]').click();
  await page.locator('[data-do="log-in"]').waitFor({ state: "detached" });
  await banner.waitFor({ state: "detached" });
  assert.equal(await form.locator('[name="name"]').inputValue(), "typed-out");
  await form.locator('[data-do="make-token"]').click();
  await page.locator('[data-token="typed-out"]').waitFor();
  await page.locator(".account .close").click();
});

step(
  "what is searched for stays when the session ends, and orders are locked meanwhile",
  async () => {
    await page.locator("#search").fill("wp-00");
    const before = await page.locator("#list button.row").count();
    assert.ok(before > 0);
    const [{ id }] = await sessionsOf("wang-li");
    assert.equal((await admin.ask("DELETE", `/api/v1/sessions/${id}`)).status, 204);
    await page.locator('[data-do="log-in"]').waitFor();
    await page.locator('[data-do="later"]').click();
    await page.locator(".loss").waitFor();
    assert.equal(await page.locator("#list button.row").count(), before, "the list went away");
    assert.equal(await page.locator("flood-dispatch .confirm:enabled").count(), 0);
    await pictures(page, "session-ended-later");
    await page.locator('[data-do="open-log-in"]').click();
    await logIn("wang-li");
    await page.locator(".loss").waitFor({ state: "detached" });
    assert.equal(await page.locator("#search").inputValue(), "wp-00");
  },
);

step("another password is chosen, and all other sessions end", async () => {
  const other = new Asker(flood.url);
  const entered = await other.ask("POST", "/api/v1/session", {
    name: "wang-li",
    password: PASSWORD,
  });
  assert.equal(entered.status, 200);
  await page.locator('[data-do="account"]').click();
  const form = page.locator('[data-form="password"]');
  const choose = async (old, wish, again) => {
    for (const [name, text] of Object.entries({ old, new: wish, again }))
      await form.locator(`[name="${name}"]`).fill(text);
    await form.locator('[data-do="change-password"]').click();
  };
  await choose(PASSWORD, "another battery staple", "another battery stable");
  await page.locator("flood-own .refusal").waitFor();
  await choose("not this one at all", "another battery staple", "another battery staple");
  await until("a wrong password was taken", async () =>
    /wrong/.test(await page.locator("flood-own .refusal").innerText()),
  );
  await choose(PASSWORD, "another battery staple", "another battery staple");
  await page.locator("flood-own .done").waitFor();
  assert.equal((await other.ask("GET", "/api/v1/state")).status, 401);
  await page.locator(".account .close").click();
  await page.locator('[data-do="log-out"]').click();
  await logIn("wang-li", "another battery staple");
  await page.locator('[data-do="log-out"]').click();
});

step("an administrator sees and ends the sessions and keys of others", async () => {
  await logIn("chen");
  await page.locator('[data-do="account"]').click();
  await page.locator('[data-leaf="staff"]').click();
  const staff = page.locator("flood-staff");
  await staff.locator('[data-person="wang-li"]').waitFor();
  assert.equal(await staff.locator('[data-person="chen"] [data-do="remove"]').count(), 0);
  await staff.locator('[data-form="invite"] [data-do="invite"]').click();
  assert.match(await page.locator('[data-told="link"]').inputValue(), /#join=/);
  await pictures(page, "account-staff");
  page.once("dialog", (sure) => void sure.accept());
  await staff.locator('[data-token="typed-out"] [data-do="end-token"]').click();
  await staff.locator('[data-token="typed-out"]').waitFor({ state: "detached" });
  const [{ id }] = await sessionsOf("admin");
  await staff.locator(`[data-session="${id}"] [data-do="end-session"]`).click();
  await staff.locator(`[data-session="${id}"]`).waitFor({ state: "detached" });
  assert.equal((await admin.ask("GET", "/api/v1/people")).status, 401);
});

step("what was done is found by whom and by kind, and page by page", async () => {
  const again = await admin.ask("POST", "/api/v1/session", { name: "admin", password: PASSWORD });
  assert.equal(again.status, 200);
  for (let k = 0; k < 60; k += 1) {
    const wish = { name: `wall-${k}`, role: "viewer", area: "city", days: 1 };
    assert.equal((await admin.ask("POST", "/api/v1/tokens", wish)).status, 201);
  }
  await page.locator('[data-leaf="deeds"]').click();
  const rows = page.locator(".deeds li");
  const find = page.locator('[data-form="deeds"]');
  await find.locator('[data-do="find"]').click();
  await until("the newest are not there", async () =>
    /wall-59/.test((await rows.count()) > 0 ? await rows.first().innerText() : ""),
  );
  assert.equal(await rows.count(), 50);
  await pictures(page, "account-deeds");
  await page.locator('[data-do="older"]').click();
  await until("there are no older ones", async () => (await rows.count()) > 50);
  await find.locator('[name="name"]').fill("wang-li");
  await find.locator('[data-do="find"]').click();
  await until("others' deeds stay", async () =>
    (await rows.allInnerTexts()).every((text) => text.includes("wang-li")),
  );
  await find.locator('[name="what"]').selectOption("password-changed");
  await until("it is not the one", async () => (await rows.count()) === 1);
  assert.match(await rows.first().innerText(), /Password changed/);
  await find.locator('[name="name"]').fill("nobody-at-all");
  await find.locator('[data-do="find"]').click();
  await until("something of nobody", async () => (await rows.count()) === 0);
});

step("nothing bars anyone from the account, in both languages and themes", async () => {
  await page.evaluate(readFileSync(axe, "utf8"));
  for (const theme of ["light", "dark"]) {
    for (const lang of ["zh", "en"]) {
      await page.locator(".account .close").click();
      await chooseLanguage(page, lang);
      await page.locator('[data-do="account"]').click();
      for (const leaf of ["own", "staff", "deeds"]) {
        await page.locator(`[data-leaf="${leaf}"]`).click();
        await page.locator(`flood-${leaf} li`).first().waitFor();
        const found = await page.evaluate(() =>
          globalThis.axe.run(document.querySelector("dialog"), {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
          }),
        );
        const violations = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`);
        assert.deepEqual(violations, [], `${leaf}, ${theme}, ${lang}`);
        if (theme === "dark" && lang === "zh") await picture(page, `account-${leaf}-dark`);
      }
    }
    await page.locator(".account .close").click();
    await page.locator('[data-do="theme"]').click();
    await page.locator('[data-do="account"]').click();
  }
  await page.setViewportSize({ width: 390, height: 844 });
  for (const leaf of ["own", "staff", "deeds"]) {
    await page.locator(`[data-leaf="${leaf}"]`).click();
    const width = await page.evaluate(() => document.querySelector("dialog").scrollWidth);
    assert.ok(width <= 390, `${leaf}: ${width}`);
    await picture(page, `account-${leaf}-phone`);
  }
  await page.locator(".account .close").click();
  const ends = await page
    .locator(".top button:visible")
    .evaluateAll((all) => all.map((button) => button.getBoundingClientRect().right));
  assert.ok(Math.max(...ends) <= 390, `buttons at the top end at ${ends.join()}`);
  await pictures(page, "phone-top");
});

step("in an exercise everybody looks on, and one button lets anybody act", async () => {
  const now = new Date().toISOString();
  const played = await startAggregator(
    await freePort(),
    "exercise_login = true",
    {},
    `[clock]\nmode = "exercise"\norigin = "${now}"\nstarted = "${now}"\nspeed = 1.0\n`,
  );
  const window = await openWindow(browser, played.url);
  const looker = window.page;
  await looker.goto(played.url);
  const button = looker.locator('[data-do="exercise-login"]');
  await button.waitFor();
  await looker.locator("#list").waitFor();
  const wish = { truck: "pt-001", point: "wp-001" };
  assert.equal((await new Asker(played.url).ask("POST", "/api/v1/orders", wish)).status, 401);
  await pictures(looker, "exercise-out");
  await button.click();
  await looker.locator('[data-do="log-out"]').waitFor();
  assert.equal(await looker.locator('[data-do="account"]').count(), 0, "it is nobody's account");
  await pictures(looker, "exercise-in");
  await looker.locator('[data-do="log-out"]').click();
  await button.waitFor();
  assert.deepEqual(window.complaints, []);
  await window.context.close();
  await played.close();
});
