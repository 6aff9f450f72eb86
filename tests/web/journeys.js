// node journeys.js WORLD: drives the system's chromium over a running server, as WORLD (a JSON file) tells, and prints one line of JSON for
// each thing that was tried: {"name", "failures": [...], ...}. playwright-core and axe-core are found by NODE_PATH.
"use strict";
const fs = require("fs");
const { chromium } = require("playwright-core");

const axeSource = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const world = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const kWidths = [320, 800, 1400];
const kSchemes = ["light", "dark"];

// A page whose every wrong is written down: errors of scripts, refused loads, requests to other hosts, dialogs.
async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, bypassCSP: false, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);  // of a machine that tests other things beside
  const failures = [];
  const allowed = new Set();  // statuses that the journey leads to on purpose
  page.on("console", (message) => {
    const text = message.text();
    const expected = [...allowed].some((status) => text.includes(`status of ${status}`));
    if (message.type() === "error" && !expected) failures.push(`console: ${text}`);
  });
  page.on("pageerror", (error) => failures.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => { failures.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(world.url + "/") && !url.startsWith("data:") && !url.startsWith("about:")) failures.push(`asked another host: ${url}`);
  });
  return { context, page, failures, allowed };
}

function check(failures, holds, what) {
  if (!holds) failures.push(what);
}

async function axe(page, failures, what) {
  // Through the debugger's door, which no policy of the page closes.
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const result = await axe.run(document, { iframes: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return result.violations
      .filter((one) => one.impact === "serious" || one.impact === "critical")
      .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
  });
  for (const one of found) failures.push(`axe, ${what}: ${one}`);
}

// Every page at every width, in both colours, with and without scripts.
async function look(browser, path) {
  const all = [];
  for (const colorScheme of kSchemes) {
    const { context, page, failures } = await open(browser, { colorScheme });
    const response = await page.goto(world.url + path);
    check(failures, response.status() === 200, `status ${response.status()}`);
    for (const width of kWidths) {
      await page.setViewportSize({ width, height: 900 });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      check(failures, wide <= width, `${wide} wide at ${width}, ${colorScheme}`);
      // What it looks at are names, roles and contrasts: the narrowest page and the widest, each in one of the colours, have them all.
      const judged = (width === 320 && colorScheme === "light") || (width === 1400 && colorScheme === "dark");
      if (judged) await axe(page, failures, `${width}, ${colorScheme}`);
      if (world.pictures) await page.screenshot({ path: `${world.pictures}/${path.replace(/\W+/g, "-")}-${width}-${colorScheme}.png`, fullPage: true });
    }
    check(failures, (await page.locator("h1").count()) === 1, "not one h1");
    all.push(...failures);
    await context.close();
  }
  const { context, page, failures } = await open(browser, { javaScriptEnabled: false });
  const response = await page.goto(world.url + path);
  check(failures, response.status() === 200 && (await page.locator("main h1").innerText()).length > 0, "nothing without scripts");
  await context.close();
  return { failures: all.concat(failures) };
}

// What strangers wrote does nothing, asks nobody, and leads only to the web.
async function trap(browser, paths) {
  const { context, page, failures } = await open(browser, { viewport: { width: 900, height: 900 } });
  for (const path of paths) {
    const response = await page.goto(world.url + path, { waitUntil: "load" });
    check(failures, response.status() === 200, `${path}: status ${response.status()}`);
    const found = await page.evaluate(async () => {
      for (const element of document.querySelectorAll("main *")) {
        for (const kind of ["mouseover", "pointerenter", "focus", "toggle", "animationstart"]) element.dispatchEvent(new Event(kind));
      }
      for (const element of document.querySelectorAll("details")) element.open = true;
      await new Promise((resolve) => setTimeout(resolve, 0));
      const wrong = [];
      if (window.trap !== undefined && !(window.trap instanceof Element)) wrong.push("the trap fired");
      for (const link of document.querySelectorAll("a[href]")) {
        if (!["http:", "https:", "mailto:"].includes(link.protocol)) wrong.push(`link to ${link.protocol}`);
      }
      const article = document.querySelector("article");
      if (!article || article.parentElement.closest("main") === null) wrong.push("the description got out of its place");
      for (const element of document.querySelectorAll("article *")) {
        if (!(element instanceof HTMLElement) || ["SCRIPT", "STYLE", "IFRAME", "FORM", "INPUT", "BUTTON", "IMG", "BASE", "META", "LINK"].includes(element.tagName)) {
          wrong.push(`element ${element.tagName}`);
        }
        for (const attribute of element.attributes) {
          if (attribute.name.startsWith("on") || attribute.name === "style") wrong.push(`attribute ${attribute.name}`);
        }
      }
      if (!document.querySelector("body > footer")) wrong.push("the frame is broken");
      return wrong;
    });
    for (const one of found) failures.push(`${path}: ${one}`);
  }
  await context.close();
  return { failures, visited: paths.length };
}

// From the index to the install line, with a mouse.
async function read(browser) {
  const { context, page, failures } = await open(browser, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(`${world.url}/${world.index}`);
  await page.getByRole("link", { name: world.project, exact: true }).first().click();
  await page.getByRole("link", { name: world.version, exact: true }).first().click();
  check(failures, await page.locator("article.description").isVisible(), "no description");
  check(failures, await page.locator("table.files").isVisible(), "no files");
  await page.getByRole("button", { name: "Copy the install line" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  check(failures, copied.includes(`/${world.index}/+simple/ ${world.project}`), `copied: ${copied}`);
  await context.close();
  return { failures, copied };
}

// Presses Tab until what has the focus is what is wanted: who has no mouse must get there.
async function tabTo(page, matches, what) {
  for (let i = 0; i < 150; ++i) {
    await page.keyboard.press("Tab");
    const there = await page.evaluate(matches.function, matches.argument);
    if (there) return;
  }
  throw new Error(`no way by keyboard to ${what}`);
}
const named = (name) => ({
  argument: name,
  function: (wanted) => {
    const element = document.activeElement;
    const label = element.labels && element.labels[0] ? element.labels[0].textContent : "";
    return [element.getAttribute("aria-label"), element.textContent, label].some((text) => text && text.trim().toLowerCase() === wanted.toLowerCase());
  },
});
const button = (name) => ({
  argument: name,
  function: (wanted) => document.activeElement.tagName === "BUTTON" && document.activeElement.textContent.trim() === wanted,
});
const field = (name) => ({ argument: name, function: (wanted) => document.activeElement.name === wanted });

async function pressed(page, action) {
  const arrived = page.waitForEvent("framenavigated");
  await action();
  await arrived;
  await page.waitForLoadState("load");
}

// The whole life of a release by somebody who has an account and no mouse.
async function publish(browser, javaScriptEnabled) {
  const { context, page, failures } = await open(browser, { javaScriptEnabled });
  const index = javaScriptEnabled ? "keys" : "plain";
  const enter = () => pressed(page, () => page.keyboard.press("Enter"));
  const go = async (path) => { await page.goto(world.url + path); };
  await go("/");
  await tabTo(page, named("Log in"), "the login");
  await enter();
  await tabTo(page, field("user"), "the user's name");
  await page.keyboard.type(world.user);
  await tabTo(page, field("password"), "the password");
  await page.keyboard.type(world.password);
  await enter();
  await go(`/+manage/new-index/${world.user}`);
  await tabTo(page, field("name"), "the name of the index");
  await page.keyboard.type(index);
  await tabTo(page, button("Make the index"), "the button that makes the index");
  await enter();
  check(failures, (await page.content()).includes(`${world.user}/${index}`), "the index was not made");
  await go(`/+manage/upload/${world.user}/${index}`);
  await page.locator("input[type=file]").setInputFiles(world.wheel);
  await tabTo(page, button("Upload"), "the button that uploads");
  await enter();
  const release = `/${world.user}/${index}/${world.wheelProject}/${world.wheelVersion}`;
  await go(release);
  check(failures, await page.locator("table.files").isVisible(), "nothing was uploaded");
  await tabTo(page, named("Change"), "what changes a file");
  await page.keyboard.press("Enter");
  await tabTo(page, field("reason"), "the reason of a yank");
  await page.keyboard.type("does not start");
  await enter();
  await go(release);
  check(failures, (await page.locator("main").innerText()).includes("does not start"), "it was not yanked");
  await go("/+manage/account");
  await tabTo(page, field("comment"), "what the token is for");
  await page.keyboard.type(`for ${index}`);
  await tabTo(page, button("Make the token"), "the button that makes the token");
  await enter();
  check(failures, await page.getByText("The new token").isVisible(), "no token");
  await go("/");
  await tabTo(page, button("Log out"), "the logout");
  await enter();
  check(failures, await page.getByText("Log in").first().isVisible(), "still logged in");
  await context.close();
  return { failures };
}

// A frame with documentation in it, sandboxed, and another version of it.
async function docs(browser) {
  const { context, page, failures } = await open(browser);
  await page.goto(`${world.url}/${world.index}/${world.project}/latest/+d/index.html`);
  const frame = page.frameLocator("iframe.docs");
  check(failures, await frame.locator("h1").first().isVisible(), "the documentation is not shown");
  check(failures, (await frame.locator("#told").innerText()) === "no cookies, no storage", "the documentation has an origin");
  await axe(page, failures, "docs");
  await context.close();
  return { failures };
}

(async () => {
  const browser = await chromium.launch({
    executablePath: world.chromium,
    args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  const attempt = async (name, work) => {
    let result;
    try {
      result = await work();
    } catch (error) {
      result = { failures: [String(error.stack || error).slice(0, 1500)] };
    }
    console.log(JSON.stringify({ name, ...result }));
  };
  for (const path of world.pages) await attempt(`look ${path}`, () => look(browser, path));
  await attempt("read", () => read(browser));
  await attempt("docs", () => docs(browser));
  await attempt("publish", () => publish(browser, true));
  await attempt("publish without scripts", () => publish(browser, false));
  await attempt("trap", () => trap(browser, world.hostile));
  await browser.close();
})();
