// Two pictures of a running page, 1440 by 900, with the map drawn and the worst point opened:
//
//   FLOOD_URL=http://127.0.0.1:8080 node e2e/shots.mjs NAME [FOLDER]
//
// writes FOLDER/NAME-zh.png and FOLDER/NAME-en.png (FOLDER: SHOTS, else the working folder).
// Called before, during and after a storm it tells the storm's story. CHROMIUM names the browser
// if it is not /usr/bin/chromium. Ends with status 1 and a word if there is no page to be had.

import { launch, openWindow, pictures } from "./browser.mjs";

const [name, folder = process.env.SHOTS ?? "."] = process.argv.slice(2);
const url = process.env.FLOOD_URL;
if (!name || !url) {
  console.error("usage: FLOOD_URL=http://127.0.0.1:8080 node e2e/shots.mjs NAME [FOLDER]");
  process.exit(1);
}
process.env.SHOTS = folder;

let browser;
try {
  browser = await launch();
  const { page } = await openWindow(browser, url);
  await page.goto(url);
  await page.locator('[data-map="shown"]').waitFor();
  const worst = page.locator("flood-attention .group.flooded button.row").first();
  if ((await worst.count()) > 0) {
    await worst.click();
    await page.locator(".detail .chart canvas").waitFor();
  }
  await pictures(page, name);
  console.log(`${folder}/${name}-zh.png ${folder}/${name}-en.png`);
} catch (error) {
  console.error(`no pictures of ${url}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
}
