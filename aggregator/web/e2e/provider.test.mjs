// Log in by a provider (OpenID Connect): a real one, and the real aggregator. What a liar between the two
// could make of a token is made by its own key, or by another's.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Asker, freePort, startAggregator } from "./aggregator.mjs";
import { chooseLanguage, launch, openWindow, pictures, steps, until } from "./browser.mjs";
import { CLIENT, logInAt, startProvider } from "./provider.mjs";

const SECRET = "a secret of the two of them, and of nobody else";
const step = steps(test);
let provider;
let flood;
let browser;
let back;

before(async () => {
  const port = await freePort();
  back = `http://127.0.0.1:${port}/`;
  provider = await startProvider(SECRET, [back]);
  const row = (value, role, area) => `[[http.oidc.role]]
claim = "groups"
value = "${value}"
role = "${role}"
area = "${area}"
`;
  const http = `[http.oidc]
issuer = "${provider.issuer}"
client_id = "${CLIENT}"
client_secret = "FOLDER/client-secret"
shown = "City account"
${row("flood-admin", "administrator", "city")}${row("flood-dispatch", "dispatcher", "district/d-01")}`;
  flood = await startAggregator(port, http, { "client-secret": `${SECRET}\n` });
});

after(async () => {
  await browser?.close();
  await flood?.close();
  provider?.close();
});

/** Sent to the provider and back: what the browser has in its address then. */
async function sentBack(asker, name) {
  const { status, body } = await asker.ask("POST", "/api/v1/session/provider");
  assert.equal(status, 200, JSON.stringify(body));
  const at = await logInAt(body.url, name, back);
  return Object.fromEntries(new URL(at).searchParams);
}

const told = (asker, { state, code, iss }) =>
  asker.ask("POST", "/api/v1/session/provider/answer", { state, code, iss });

async function logIn(name) {
  const asker = new Asker(flood.url);
  return [asker, await told(asker, await sentBack(asker, name))];
}

async function deeds(asker, query) {
  const { status, body } = await asker.ask("GET", `/api/v1/audit?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body.deeds.map(({ deed }) => deed);
}

step("whom the configuration names gets in, and is what it says", async () => {
  const [li, entered] = await logIn("li.na");
  assert.equal(entered.status, 200, JSON.stringify(entered.body));
  const { who } = entered.body;
  assert.deepEqual(
    [who.name, who.shown, who.role, who.area, who.has_password],
    ["li-na", "李娜", "dispatcher", "district/d-01", false],
  );
  assert.equal((await li.ask("GET", "/api/v1/state")).status, 200);
  assert.equal((await li.ask("GET", "/api/v1/audit")).status, 403);
  const cookie = entered.headers.getSetCookie().find((line) => /^flood-\d+=/.test(line));
  assert.match(cookie, /HttpOnly; SameSite=Strict/);
  const [chief] = await logIn("chief");
  const entries = await deeds(chief, "name=li-na");
  assert.deepEqual(
    entries.map(({ what, after }) => [what, after]),
    [
      ["access-refused", null],
      ["logged-in", `by ${provider.issuer}`],
      ["account-made", "dispatcher of district/d-01"],
    ],
  );
  // It ends like any other session.
  const out = await li.ask("DELETE", "/api/v1/session");
  assert.equal(out.status, 204);
  assert.equal((await li.ask("GET", "/api/v1/state")).status, 401);
});

step("what the provider says of somebody is what he is from the next log-in on", async () => {
  provider.people["li.na"].groups = ["flood-admin"];
  const [, entered] = await logIn("li.na");
  assert.deepEqual([entered.body.who.name, entered.body.who.role], ["li-na", "administrator"]);
  provider.people["li.na"].groups = ["flood-dispatch"];
  const [li, again] = await logIn("li.na");
  assert.equal(again.body.who.role, "dispatcher");
  const wish = { name: "wall", role: "viewer", area: "district/d-01", days: 1 };
  assert.equal((await li.ask("POST", "/api/v1/tokens", wish)).status, 201);
  // Who is nobody there any more has nothing here any more.
  provider.people["li.na"].groups = [];
  const [, refused] = await logIn("li.na");
  assert.deepEqual([refused.status, refused.body.title], [403, "nobody here"]);
  assert.equal((await li.ask("GET", "/api/v1/state")).status, 401, "his session goes on");
  const [chief] = await logIn("chief");
  assert.deepEqual((await chief.ask("GET", "/api/v1/tokens")).body, []);
  provider.people["li.na"].groups = ["flood-dispatch"];
});

step("whom no row names does not get in, whoever the provider says that he is", async () => {
  const [stranger, refused] = await logIn("stranger");
  assert.deepEqual([refused.status, refused.body.title], [403, "nobody here"]);
  assert.equal(refused.headers.getSetCookie().length, 0, "a cookie for nobody");
  assert.equal((await stranger.ask("GET", "/api/v1/state")).status, 401);
  const [chief] = await logIn("chief");
  const { people } = (await chief.ask("GET", "/api/v1/people")).body;
  assert.deepEqual(people.map(({ name }) => name).sort(), ["chief"]);
  const [entry] = await deeds(chief, "what=log-in-refused");
  assert.equal(entry.by, "anonymous");
});

step("whoever is called there as somebody is called here is not he", async () => {
  const link = flood.firstLink();
  const local = new Asker(flood.url);
  assert.equal((await local.join(link, "stranger")).status, 200);
  provider.people.stranger.groups = ["flood-dispatch"];
  const [, entered] = await logIn("stranger");
  assert.deepEqual([entered.body.who.name, entered.body.who.role], ["stranger-2", "dispatcher"]);
  const wish = { role: "viewer", area: "city", account: "stranger-2" };
  const password = await local.ask("POST", "/api/v1/people", wish);
  assert.deepEqual([password.status, password.body.title], [409, "of the provider"]);
  provider.people.stranger.groups = [];
});

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
for (const [what, change, as = "chief"] of [
  ["signed by another's key", (claims, another) => ({ claims, by: another })],
  ["signed by nobody", (claims) => ({ claims, by: null })],
  ["signed by the secret that this program has too", (claims) => ({ claims, by: SECRET })],
  ["of another log-in", (claims) => ({ claims: { ...claims, nonce: "another" } })],
  ["without its nonce", ({ nonce: _, ...claims }) => ({ claims })],
  ["for another program", (claims) => ({ claims: { ...claims, aud: "another" } })],
  ["for others too", (claims) => ({ claims: { ...claims, aud: [CLIENT, "another"] } })],
  ["of another provider", (claims) => ({ claims: { ...claims, iss: "https://evil.example" } })],
  ["that has expired", (claims) => ({ claims: { ...claims, exp: inAnHour() - 3660 } })],
  ["of yesterday", (claims) => ({ claims: { ...claims, iat: inAnHour() - 24 * 3600 } })],
  [
    "of somebody else than its access",
    (claims) => ({ claims: { ...claims, sub: "chief" } }),
    "stranger",
  ],
])
  step(`a token ${what} lets nobody in`, async () => {
    provider.between.change = change;
    const [asker, refused] = await logIn(as);
    provider.between.change = null;
    assert.deepEqual([refused.status, refused.body.title], [401, "not proven by the provider"]);
    assert.equal(refused.headers.getSetCookie().length, 0, "a cookie for nobody");
    assert.equal((await asker.ask("GET", "/api/v1/state")).status, 401);
  });

step("the same token unchanged lets in: what refused the others is what was changed", async () => {
  provider.between.change = (claims) => ({ claims });
  const [, entered] = await logIn("chief");
  provider.between.change = null;
  assert.equal(entered.status, 200, JSON.stringify(entered.body));
});

step("an answer is good in the browser that asked, once, and under no other name", async () => {
  const [one, other] = [new Asker(flood.url), new Asker(flood.url)];
  const answer = await sentBack(one, "chief");
  await other.ask("POST", "/api/v1/session/provider");
  const stolen = await told(other, answer);
  assert.deepEqual([stolen.status, stolen.body.title], [401, "log-in not begun here"]);
  const bare = await told(new Asker(flood.url), answer);
  assert.deepEqual([bare.status, bare.body.title], [401, "log-in not begun here"]);
  const odd = await told(one, { ...answer, state: `${answer.state}x` });
  assert.deepEqual([odd.status, odd.body.title], [401, "log-in not begun here"]);
  const mixed = await told(one, { ...answer, iss: "https://evil.example" });
  assert.deepEqual([mixed.status, mixed.body.title], [401, "log-in not begun here"]);
  const kept = new Map(one.cookies);
  assert.equal((await told(one, answer)).status, 200);
  one.cookies = kept;
  const again = await told(one, answer);
  assert.deepEqual([again.status, again.body.title], [401, "log-in not begun here"]);
  // Another web page can neither begin it nor end it.
  const foreign = await fetch(`${flood.url}/api/v1/session/provider`, {
    method: "POST",
    headers: { origin: "https://evil.example" },
  });
  assert.equal(foreign.status, 403);
});

step("in a browser it is one button, and one sits before the map", async () => {
  browser = await launch();
  const { page, context } = await openWindow(browser, flood.url);
  // The provider's page would fetch its letters from elsewhere.
  await context.route(/googleapis/, (route) => route.abort());
  await page.goto(flood.url);
  await page.locator('[data-do="provider"]').waitFor();
  await pictures(page, "provider-log-in");
  await page.locator('[data-do="provider"]').click();
  await page.locator('[name="login"]').fill("li.na");
  await page.locator('[name="password"]').fill("any");
  await page.locator('[type="submit"]').click();
  await page.locator('[type="submit"]:has-text("Continue")').click();
  await page.locator(".who b").waitFor();
  assert.equal(await page.locator(".who b").innerText(), "李娜");
  await until("the answer stays in the address", () => new URL(page.url()).search === "");
  await page.locator('[data-do="account"]').click();
  await page.locator('[data-list="sessions"] li').first().waitFor();
  assert.equal(await page.locator('[data-form="password"]').count(), 0, "he has no password here");
  assert.equal(await page.locator("[data-leaf]").count(), 0, "he appoints nobody");
  await context.close();
});

step(
  "a provider that is down or knows one whom nobody named is told in both languages",
  async () => {
    const { page, context } = await openWindow(browser, flood.url);
    await context.route(/googleapis/, (route) => route.abort());
    await page.goto(flood.url);
    await page.locator('[data-do="provider"]').click();
    await page.locator('[name="login"]').fill("stranger");
    await page.locator('[name="password"]').fill("any");
    await page.locator('[type="submit"]').click();
    await page.locator('[type="submit"]:has-text("Continue")').click();
    const said = page.locator("dialog .refusal");
    await said.waitFor();
    assert.match(await said.innerText(), /没有任何角色/);
    await page.locator('[data-do="later"]').click();
    await chooseLanguage(page, "en");
    await page.locator('[data-do="open-log-in"]').click();
    provider.between.isDown = true;
    const another = new Asker(flood.url);
    await until("the provider is down, and nobody says so", async () => {
      const { status, body } = await another.ask("POST", "/api/v1/session/provider");
      return status === 502 && body.title === "the provider is down";
    });
    await page.locator('[data-do="provider"]').click();
    await said.waitFor();
    assert.match(await said.innerText(), /does not answer/);
    await page.locator('[name="name"]').fill("stranger");
    await page.locator('[name="password"]').fill("correct horse battery");
    await pictures(page, "provider-down");
    // Who has an account here gets in all the same.
    await page.locator('[data-do="log-in"]').click();
    await page.locator(".who b").waitFor();
    assert.match(flood.log(), /out of order/);
    assert.doesNotMatch(flood.log(), new RegExp(SECRET), "the log tells the secret");
    await context.close();
  },
);
