// What all journeys share: a page whose every wrong is written down, axe, and ways to get about without a mouse.
"use strict";
const fs = require("fs");

const axeSource = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

function check(failures, holds, what) {
  if (!holds) failures.push(what);
}

// Errors of scripts, refused loads, reports of the policy, requests to other hosts, dialogs.
async function open(browser, world, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, bypassCSP: false, ...options });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);  // of a machine that tests other things beside
  const failures = [];
  const allowed = new Set();  // statuses that the journey leads to on purpose
  page.on("console", (message) => {
    const text = message.text();
    const expected = [...allowed].some((status) => text.includes(`status of ${status}`));
    if (message.type() === "error" && !expected) failures.push(`console: ${text} (at ${page.url()})`);
  });
  page.on("pageerror", (error) => failures.push(`script: ${error.message}`));
  page.on("dialog", (dialog) => { failures.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(world.url + "/") && !url.startsWith("data:") && !url.startsWith("about:")) failures.push(`asked another host: ${url}`);
  });
  return { context, page, failures, allowed };
}

const kEverything = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
const kContrasts = { type: "rule", values: ["color-contrast"] };

async function axe(page, failures, what, runOnly = kEverything) {
  // Through the debugger's door, which no policy of the page closes; once for each page.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const found = await page.evaluate(async (wanted) => {
    const result = await axe.run(document, { iframes: false, runOnly: wanted });
    return result.violations
      .filter((one) => one.impact === "serious" || one.impact === "critical")
      .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
  }, runOnly);
  for (const one of found) failures.push(`axe, ${what}: ${one}`);
}

// Presses Tab until what has the focus is what is wanted: who has no mouse must get there.
async function tabTo(page, matches, what) {
  for (let i = 0; i < 200; ++i) {
    await page.keyboard.press("Tab");
    const there = await page.evaluate(matches.function, matches.argument);
    if (there) return;
  }
  throw new Error(`no way by keyboard to ${what}, at ${page.url()}`);
}
// By its accessible name or its text.
const named = (name) => ({
  argument: name,
  function: (wanted) => {
    const element = document.activeElement;
    const label = element.labels && element.labels[0] ? element.labels[0].textContent : "";
    return [element.getAttribute("aria-label"), element.textContent, label].some((text) => text && text.trim().toLowerCase() === wanted.toLowerCase());
  },
});
const beginning = (name) => ({
  argument: name,
  function: (wanted) => document.activeElement.tagName === "A" && document.activeElement.textContent.trim().startsWith(wanted),
});
const button = (name) => ({
  argument: name,
  function: (wanted) => document.activeElement.tagName === "BUTTON" && document.activeElement.textContent.trim() === wanted,
});
const field = (name) => ({ argument: name, function: (wanted) => document.activeElement.name === wanted });

// Does what leads to another page, and waits until it is there.
async function led(page, action) {
  const arrived = page.waitForEvent("framenavigated", { predicate: (frame) => frame === page.mainFrame() });
  await action();
  await arrived;
  await page.waitForLoadState("load");
}

module.exports = { check, open, axe, kEverything, kContrasts, tabTo, named, beginning, button, field, led };
