// Opens a study's index.html from disk in headless Chromium and uses it as a person would, by mouse and by keyboard.
//
//   node page.js PAGE [SCREENSHOTS]     CHROMIUM names the browser; /usr/bin/chromium if unset
//
// It fails on any console message, any request but for the page itself, any serious violation that axe finds, and
// whatever does not do what its label says. Screenshots at 1440 and 390 px, light and dark, go to SCREENSHOTS.

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

const [page_path, screenshots] = process.argv.slice(2);
assert(page_path, "give the page: node page.js reports/smoke/index.html [folder for screenshots]");
const address = pathToFileURL(resolve(page_path)).href;
const axe_path = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Opens the page at a width, listening to what it says and asks for. */
async function open(browser, width, scheme) {
  const page = await browser.newPage();
  const complaints = [];
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const is_own = request.url() === address || request.url().startsWith("data:");
    if (!is_own) complaints.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width, height: width > 800 ? 900 : 844 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const began = performance.now();
  await page.goto(address, { waitUntil: "load" });
  return { page, complaints, seconds: (performance.now() - began) / 1000 };
}

const text_of_column = (page, column) =>
  page.$$eval("#cell-table tbody tr", (rows, at) => rows.map((row) => row.cells[at].dataset.v ?? row.cells[at].innerText), column);

async function sorts(page) {
  const heads = await page.$$eval("#cell-table thead th", (cells) => cells.map((cell) => cell.innerText.trim()));
  const gap = heads.findIndex((head) => head.startsWith("gap"));
  const button = (await page.$$("#cell-table thead button.sort"))[gap];
  const numbers = async () => (await text_of_column(page, gap)).map(Number).filter((value) => !Number.isNaN(value));
  await button.click();
  const up = await numbers();
  assert.deepEqual(up, [...up].sort((a, b) => a - b), "a click on a head sorts upwards");
  await button.focus();
  await page.keyboard.press("Enter");
  const down = await numbers();
  assert.deepEqual(down, [...down].sort((a, b) => b - a), "Enter on a head sorts downwards");
  assert.equal(await page.$eval("#cell-table [aria-sort]", (head) => head.getAttribute("aria-sort")), "descending");
}

async function filters(page) {
  const visible = () => page.$$eval("#cell-table tbody tr", (rows) => rows.filter((row) => !row.hidden).length);
  const all = await visible();
  const size = await page.$eval("#filter select[name=source] option:nth-of-type(2)", (option) => option.value);
  await page.select("#filter select[name=source]", size);
  const some = await visible();
  assert(some > 0 && some < all, `the choice of a source leaves ${some} of ${all} rows`);
  assert.equal(await page.$eval("#shown", (output) => output.textContent), `${some} of ${all} cells`);
  await page.type("#filter input[name=text]", "no such words");
  assert.equal(await visible(), 0, "words that occur nowhere leave no row");
  await page.click("#filter button[type=reset]");
  await page.waitForFunction((count) => document.querySelectorAll("#cell-table tbody tr:not([hidden])").length === count, {}, all);
}

async function opens_drawers(page) {
  const is_open = () => page.$eval("#drawer", (drawer) => drawer.open);
  const last = (await page.$$("tr[data-source]:not([data-verdict=reference]) button.open-drawer")).at(-1);
  await last.focus();
  await page.keyboard.press("Enter");
  assert(await is_open(), "Enter on a treatment opens its drawer");
  const words = await page.$eval("#drawer", (drawer) => drawer.innerText);
  for (const part of ["Gates", "Replicates", "Effect sizes", "Class by class", "Test images that change most often", "Where it comes from"]) assert(words.includes(part), `the drawer has: ${part}`);
  const thumbnails = await page.$$eval("#drawer .thumb", (all) => all.map((one) => getComputedStyle(one).backgroundImage));
  assert(thumbnails.length > 0 && thumbnails.every((image) => image.startsWith('url("data:')), "the drawer shows test images");
  await page.keyboard.press("Escape");
  assert(!(await is_open()), "Escape closes it");
  assert(await last.evaluate((button) => document.activeElement === button), "the focus returns to the treatment");
  await last.click();
  assert(await is_open(), "a click opens it too");
}

async function copies(page) {
  const button = await page.$("button[data-copy]");
  const label = await button.evaluate((own) => own.textContent);
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((own, before) => own.textContent !== before, {}, button, label);
}

async function switches_theme(page) {
  const paper = () => page.$eval("body", () => getComputedStyle(document.documentElement).backgroundColor);
  const before = await paper();
  await page.focus("#theme");
  for (let press = 0; press < 2; press += 1) await page.keyboard.press("Enter");
  assert.notEqual(await paper(), before, "the theme button turns the page dark");
  await page.keyboard.press("Enter");
  assert.equal(await paper(), before, "and back to what the system prefers");
}

async function is_accessible(page, where) {
  await page.addScriptTag({ path: axe_path });
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const serious = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
  const told = serious.map((violation) => `${violation.id}: ${violation.help} (${violation.nodes[0].target})`);
  assert.deepEqual(told, [], `axe on ${where}`);
}

/** Nothing but what scrolls by itself is wider than the window. */
async function fits(page, width) {
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, `the page is ${width} px wide`);
}

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  if (screenshots) await mkdir(screenshots, { recursive: true });
  for (const [width, scheme] of [[1440, "light"], [1440, "dark"], [390, "light"], [390, "dark"]]) {
    const { page, complaints, seconds } = await open(browser, width, scheme);
    await fits(page, width);
    // Charts out of sight are drawn when they come near; the screenshot and axe look at all of them at once.
    await page.addStyleTag({ content: ".chart { content-visibility: visible !important; }" });
    if (screenshots) await page.screenshot({ path: `${screenshots}/page-${width}-${scheme}.png`, fullPage: true });
    await is_accessible(page, `${width} px, ${scheme}`);
    if (scheme === "light") {
      await sorts(page);
      await filters(page);
      await switches_theme(page);
      await copies(page);
      await opens_drawers(page);
      await is_accessible(page, `the drawer at ${width} px`);
      if (screenshots) await page.screenshot({ path: `${screenshots}/drawer-${width}.png` });
    }
    assert.deepEqual(complaints, [], `what the page said at ${width} px`);
    console.log(`${width} px, ${scheme}: opened in ${seconds.toFixed(2)} s, all in order`);
    await page.close();
  }
} finally {
  await browser.close();
}
