// What the page tests stand on: a browser, a server (FLOOD_URL, else the mock), and a proxy in
// between whose line can be cut.

import { existsSync, mkdirSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Mock } from "../dev/mock.mjs";

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--enable-unsafe-swiftshader",
];

/** Software drawing on a busy machine takes its time; nothing waits longer than needed. */
const PATIENCE_MS = 40_000;
/** How often a condition is looked at again. */
const LOOK_MS = 100;

/** Waits until `look` gives something, and gives it; says in plain words what never came. */
export async function until(what, look, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end)
      throw new Error(
        `waited ${patience / 1000} s in vain: ${typeof what === "function" ? await what() : what}`,
      );
    await new Promise((wake) => setTimeout(wake, LOOK_MS));
  }
}

/** Steps on one page: each rests on those before it, so after a failure none is run. */
export function steps(test) {
  let failed = null;
  return (name, run) =>
    test(name, async (t) => {
      if (failed) return t.skip(`because this failed: ${failed}`);
      try {
        await run();
      } catch (error) {
        failed = name;
        throw error;
      }
    });
}

/** The server under test and how to end it. */
export async function startServer() {
  if (process.env.FLOOD_URL) {
    const url = new URL(process.env.FLOOD_URL).origin;
    await stateOf(url).catch((error) => {
      throw new Error(
        `no aggregator answers at FLOOD_URL (${url}): ${error.cause?.message ?? error.message}`,
      );
    });
    return { url, close() {} };
  }
  const mock = new Mock({ speed: 10 });
  const url = await mock.listen();
  return { url, close: () => mock.close() };
}

/** A TCP line to `target` that can be cut and joined again, or held so that nothing passes. */
export async function startLine(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const pairs = new Set();
  let isCut = false;
  let isHeld = false;
  const server = createServer((inner) => {
    if (isCut) {
      inner.destroy();
      return;
    }
    const outer = connect(Number(port || 80), hostname);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    const pair = [inner, outer];
    pairs.add(pair);
    inner.on("close", () => pairs.delete(pair));
    if (!isHeld) inner.pipe(outer).pipe(inner);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      cutAll();
    },
    join() {
      isCut = false;
    },
    /** As if the server stood still: the line stands, new ones come about, and nothing passes. */
    hold() {
      isHeld = true;
      for (const [inner, outer] of pairs) {
        inner.unpipe(outer);
        outer.unpipe(inner);
      }
    },
    release() {
      isHeld = false;
      for (const [inner, outer] of pairs) inner.pipe(outer).pipe(inner);
    },
    close() {
      server.close();
      cutAll();
    },
  };
}

export function launch(more = []) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath))
    throw new Error(
      `there is no browser at ${executablePath}: install Debian's chromium, or name one in CHROMIUM`,
    );
  return chromium.launch({ executablePath, args: [...FLAGS, ...more] });
}

/** A window that remembers what went wrong in it and whom it asked. */
export async function openWindow(
  browser,
  url,
  { width = 1440, height = 900, locale = "zh-CN" } = {},
) {
  const context = await browser.newContext({ viewport: { width, height }, locale });
  const strangers = [];
  const complaints = [];
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    const isOwn = origin === new URL(url).origin || protocol === "blob:" || protocol === "data:";
    if (!isOwn) strangers.push(request.url());
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error.stack)));
  page.on("requestfailed", (request) =>
    complaints.push(`${request.url()}: ${request.failure()?.errorText}`),
  );
  return { context, page, strangers, complaints };
}

/** The picture `name` of the page, in SHOTS if that is asked for; once the map stands still. */
export async function picture(page, name) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  await page.locator(".map .canvas:not([data-moving])").waitFor({ state: "attached" });
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

export async function chooseLanguage(page, lang) {
  const wanted = lang === "zh" ? "zh-Hans" : "en";
  if ((await page.evaluate(() => document.documentElement.lang)) !== wanted)
    // Of an open dialog, else of the page.
    await page.locator('[data-do="language"]').last().click();
  await page.waitForFunction((tag) => document.documentElement.lang === tag, wanted);
}

/** `name-zh.png` and `name-en.png`; leaves the page in the language that it had. */
export async function pictures(page, name) {
  if (!process.env.SHOTS) return;
  const before = (await page.evaluate(() => document.documentElement.lang)) === "en" ? "en" : "zh";
  for (const lang of ["zh", "en"]) {
    await chooseLanguage(page, lang);
    await picture(page, `${name}-${lang}`);
  }
  await chooseLanguage(page, before);
}

/** `/api/v1/state`, as the page gets it. */
export async function stateOf(url) {
  const response = await fetch(`${url}/api/v1/state`);
  if (!response.ok) throw new Error(`${url}/api/v1/state: ${response.status}`);
  return response.json();
}
