// node journeys.js WORLD: drives the system's chromium over a running server, as WORLD (a JSON file) tells, and prints one line of JSON for
// each thing that was tried: {"name", "failures": [...], ...}. playwright-core and axe-core are found by NODE_PATH.
"use strict";
const fs = require("fs");
const { chromium } = require("playwright-core");
const { check, open, axe, kEverything, kContrasts } = require("./browser.js");
const life = require("./life.js");
const trap = require("./trap.js");

const world = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const kWidths = [320, 800, 1400];
const kHeight = 900;
const kSchemes = ["light", "dark"];
const kAtOnce = 2;  // browsers' pages; more only wait for each other on small machines

// The page that is open, at every width and in both colours. `each(width, colorScheme)` looks closer.
async function everyManner(page, failures, each) {
  for (const colorScheme of kSchemes) {
    await page.emulateMedia({ colorScheme });
    // Colours may change little by little.
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished)));
    for (const width of kWidths) {
      await page.setViewportSize({ width, height: kHeight });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      check(failures, wide <= width, `${wide} wide at ${width}, ${colorScheme}`);
      await each(width, colorScheme);
    }
  }
}

// A page at every width, in both colours, with and without scripts. `session`: cookies of who is logged in.
async function look(browser, path, options) {
  const { context, page, failures, allowed } = await open(browser, world, { storageState: options.session });
  const wanted = options.status || 200;
  allowed.add(wanted);
  const response = await page.goto(world.url + path);
  check(failures, response.status() === wanted, `status ${response.status()}`);
  await everyManner(page, failures, async (width, colorScheme) => {
    // Names and roles are judged on the narrowest page and the widest; contrasts wherever there are others: other colours, other layouts.
    const whole = (width === 320 && colorScheme === "light") || (width === 1400 && colorScheme === "dark");
    await axe(page, failures, `${width}, ${colorScheme}`, whole ? kEverything : kContrasts);
    if (world.pictures) await page.screenshot({ path: `${world.pictures}/${path.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`, fullPage: true });
  });
  check(failures, (await page.locator("h1").count()) === 1, "not one h1");
  check(failures, await page.locator("[data-theme-switch]").isVisible(), "no switch of the colours");
  await context.close();
  const plain = await open(browser, world, { storageState: options.session, javaScriptEnabled: false });
  plain.allowed.add(wanted);
  await plain.page.goto(world.url + path);
  check(plain.failures, (await plain.page.locator("main h1").innerText()).length > 0, "nothing without scripts");
  check(plain.failures, !(await plain.page.locator("[data-theme-switch]").isVisible()), "a switch of the colours that does nothing");
  await everyManner(plain.page, plain.failures, async () => {});
  await plain.context.close();
  return { failures: failures.concat(plain.failures) };
}

// Once chosen, the colours stay, whatever the system likes.
async function colours(browser) {
  const { context, page, failures } = await open(browser, world, { colorScheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.goto(world.url + "/");
  const light = await paper();
  await page.locator("[data-theme-switch]").click();
  const dark = await paper();
  check(failures, light !== dark, "the switch changes nothing");
  await page.goto(world.url + "/+searchhelp");
  check(failures, (await paper()) === dark, "the choice is forgotten on the next page");
  await context.close();
  return { failures };
}

// A frame with documentation in it, sandboxed, and another version of it.
async function docs(browser) {
  const { context, page, failures } = await open(browser, world);
  await page.goto(`${world.url}/${world.index}/${world.project}/latest/+d/index.html`);
  const frame = page.frameLocator("iframe.docs");
  check(failures, await frame.locator("h1").first().isVisible(), "the documentation is not shown");
  check(failures, (await frame.locator("#told").innerText()) === "no cookies, no storage", "the documentation has an origin");
  await axe(page, failures, "docs");
  await context.close();
  return { failures };
}

async function session(browser) {
  const { context, page } = await open(browser, world);
  await life.logIn(page, world);
  const state = await context.storageState();
  await context.close();
  return state;
}

const kManners = kWidths.flatMap((width) => kSchemes.flatMap((colorScheme) => [true, false].map((scripts) => ({ width, colorScheme, scripts }))));

function plan(browser, state) {
  const work = [];
  const add = (name, run) => work.push({ name, run });
  for (const manner of kManners) {
    const options = { viewport: { width: manner.width, height: kHeight }, colorScheme: manner.colorScheme, javaScriptEnabled: manner.scripts };
    const name = `${manner.width}-${manner.colorScheme}-${manner.scripts ? "scripts" : "plain"}`;
    add(`life ${name}`, () => life.byKeyboard(browser, world, `by-keyboard-${name}`, options));
  }
  for (const [width, colorScheme] of [[1400, "light"], [320, "dark"]]) {
    const options = { viewport: { width, height: kHeight }, colorScheme };
    add(`drop ${width}`, () => life.byMouse(browser, world, `by-mouse-${width}`, options));
    add(`suggestions ${width}`, () => life.suggestions(browser, world, options));
  }
  add("docs", () => docs(browser));
  add("colours", () => colours(browser));
  add("trap", () => trap.pages(browser, world, world.hostile, { articles: true, loggedIn: true }));
  add("trap in other places", () => trap.pages(browser, world, world.hostilePlaces, { loggedIn: true }));
  add("trap in addresses", () => trap.pages(browser, world, world.hostileAddresses, { mayFail: true }));
  add("trap in feeds", () => trap.feeds(browser, world, world.hostileFeeds));
  add("trap in documentation", () => trap.docs(browser, world, world.hostileDocs));
  for (const path of world.pages) add(`look ${path}`, () => look(browser, path, {}));
  for (const path of world.ownPages) add(`look ${path}`, () => look(browser, path, { session: state }));
  add("look /no/such-index", () => look(browser, "/no/such-index", { status: 404 }));
  return world.only ? work.filter((one) => one.name.startsWith(world.only)) : work;
}

(async () => {
  const browser = await chromium.launch({
    executablePath: world.chromium,
    args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  const work = plan(browser, await session(browser));
  const worker = async () => {
    for (let one = work.shift(); one; one = work.shift()) {
      const began = Date.now();
      let result;
      try {
        result = await one.run();
      } catch (error) {
        result = { failures: [String(error.stack || error).slice(0, 1500)] };
      }
      console.log(JSON.stringify({ name: one.name, ...result, ms: Date.now() - began }));
    }
  };
  await Promise.all(Array.from({ length: kAtOnce }, worker));
  await browser.close();
})();
