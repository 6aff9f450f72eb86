// What strangers wrote does nothing, asks nobody, and leads only to the web: in descriptions and all other facts of a release, in names and
// titles, in what a request says, in feeds and in documentation. A page's trap is window.trap, which every payload tries to set.
"use strict";
const { check, open } = require("./browser.js");
const { logIn } = require("./life.js");

// Shakes a page so that whatever waits for an event gets one; gives what is wrong with it.
function faults({ hasArticle, hasFrame }) {
  for (const element of document.querySelectorAll("main *")) {
    for (const kind of ["mouseover", "pointerenter", "focus", "toggle", "animationstart"]) element.dispatchEvent(new Event(kind));
  }
  for (const element of document.querySelectorAll("details")) element.open = true;
  const wrong = [];
  for (const link of document.querySelectorAll("a[href]")) {
    if (!["http:", "https:", "mailto:"].includes(link.protocol)) wrong.push(`link to ${link.protocol}`);
  }
  const article = document.querySelector("article");
  if (hasArticle && (!article || article.parentElement.closest("main") === null)) wrong.push("the description got out of its place");
  for (const element of document.querySelectorAll("article *")) {
    if (!(element instanceof HTMLElement) || ["SCRIPT", "STYLE", "IFRAME", "FORM", "INPUT", "BUTTON", "IMG", "BASE", "META", "LINK"].includes(element.tagName)) {
      wrong.push(`element ${element.tagName}`);
    }
  }
  for (const element of document.querySelectorAll("body *")) {
    for (const attribute of element.attributes) {
      if (attribute.name.startsWith("on") || attribute.name === "style") wrong.push(`attribute ${attribute.name}`);
    }
  }
  for (const script of document.scripts) if (!script.src.includes("/+static-")) wrong.push(`script ${script.outerHTML.slice(0, 80)}`);
  if (hasFrame && !document.querySelector("body > footer")) wrong.push("the frame is broken");
  return new Promise((resolve) => setTimeout(() => {
    if (window.trap !== undefined && !(window.trap instanceof Element)) wrong.push("the trap fired");
    resolve(wrong);
  }, 0));
}

// `paths`: of pages; those of releases have a description.
async function pages(browser, world, paths, options = {}) {
  const { context, page, failures, allowed } = await open(browser, world, { viewport: { width: 900, height: 900 } });
  if (options.loggedIn) await logIn(page, world);
  for (const status of [400, 404]) allowed.add(status);  // of addresses that are payloads themselves
  for (const path of paths) {
    const response = await page.goto(world.url + path, { waitUntil: "load" });
    const status = response.status();
    check(failures, status === 200 || (options.mayFail && status < 500), `${path}: status ${status}`);
    const kind = { hasArticle: Boolean(options.articles), hasFrame: status !== 400 };  // what is no address at all is refused before there are pages
    for (const one of await page.evaluate(faults, kind)) failures.push(`${path}: ${one}`);
  }
  await context.close();
  return { failures, visited: paths.length };
}

// As XML, where a browser runs what is in XHTML's name space.
async function feeds(browser, world, paths) {
  const { context, page, failures, allowed } = await open(browser, world);
  allowed.add(404);  // of the picture that a browser looks for beside what is no page
  for (const path of paths) {
    const response = await page.goto(world.url + path);
    check(failures, response.status() === 200 && response.headers()["content-type"].startsWith("application/atom+xml"), `${path}: no feed`);
    const fired = await page.evaluate(() => window.trap !== undefined || document.getElementsByTagName("parsererror").length > 0);
    check(failures, !fired, `${path}: the trap fired, or it is no XML`);
  }
  await context.close();
  return { failures, visited: paths.length };
}

// Scripts of documentation run, but with no part in this server: not in its pages, cookies, storage or forms.
async function docs(browser, world, paths) {
  const { context, page, failures } = await open(browser, world);
  await logIn(page, world);
  const wrong = [];
  let told = 0;
  await page.exposeFunction("__fell", (what) => wrong.push(what));
  await page.exposeFunction("__told", () => { ++told; });
  for (const path of paths) {
    failures.length = 0;  // what is refused is told in the console: that is the point
    await page.goto(world.url + path).catch(() => undefined);  // some of them go elsewhere at once
    await page.waitForTimeout(60);
    const own = await page.evaluate(() => document.contentType === "text/html" && window.trap !== undefined && self.origin !== "null").catch(() => false);
    check(wrong, !own, `${path}: the trap fired in a page of ours`);
  }
  await page.goto(`${world.url}/+manage/account`);
  check(wrong, page.url().endsWith("/+manage/account"), "documentation ended the session");
  check(wrong, told > 0, "no documentation ran at all");
  await context.close();
  return { failures: wrong, visited: paths.length };
}

module.exports = { pages, feeds, docs };
