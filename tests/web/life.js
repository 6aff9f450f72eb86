// The life of a release: somebody searches, reads, installs; logs in, makes an index, uploads, yanks, makes a token and logs out.
"use strict";
const { check, open, tabTo, named, beginning, button, field, led } = require("./browser.js");

const enter = (page) => led(page, () => page.keyboard.press("Enter"));

async function fill(page, name, text) {
  await tabTo(page, field(name), `the field ${name}`);
  await page.keyboard.type(text);
}

// From a word to the install line, which is given back.
async function findAndRead(page, world, failures, scripts) {
  await page.goto(`${world.url}/+search`);
  await fill(page, "query", world.word);
  await enter(page);
  check(failures, page.url().includes("/+search?query="), `searching led to ${page.url()}`);
  await tabTo(page, named("Search help"), "the help for searching");
  await enter(page);
  check(failures, (await page.locator("dl.searchhelp").count()) > 0, "no help for searching");
  await page.goBack();
  await tabTo(page, beginning(world.project), "what was found");
  await enter(page);
  await tabTo(page, named(world.version), "the version");
  await enter(page);
  check(failures, await page.locator("article.description").isVisible(), "no description");
  check(failures, await page.locator("table.files").isVisible(), "no files");
  if (!scripts) return page.locator("pre.install").innerText();
  await tabTo(page, named("Copy the install line"), "the button that copies the install line");
  await page.keyboard.press("Enter");
  await page.getByText("Copied", { exact: true }).first().waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

async function logIn(page, world) {
  await page.goto(world.url + "/");
  await tabTo(page, named("Log in"), "the login");
  await enter(page);
  await fill(page, "user", world.user);
  await fill(page, "password", world.password);
  await enter(page);
}

async function makeIndex(page, world, failures, index) {
  await page.goto(`${world.url}/${world.user}`);
  await tabTo(page, named("New index"), "the form for a new index");
  await enter(page);
  await fill(page, "name", index);
  await tabTo(page, button("Make the index"), "the button that makes the index");
  await enter(page);
  check(failures, page.url().endsWith(`/${world.user}/${index}`), `the index was not made: ${page.url()}`);
}

async function yank(page, world, failures, index) {
  const release = `${world.url}/${world.user}/${index}/${world.wheelProject}/${world.wheelVersion}`;
  await page.goto(release);
  check(failures, await page.locator("table.files").isVisible(), "nothing was uploaded");
  await tabTo(page, named("Change"), "what changes a file");
  await page.keyboard.press("Enter");
  await fill(page, "reason", "does not start");
  await enter(page);
  await page.goto(release);
  check(failures, (await page.locator("main").innerText()).includes("does not start"), "it was not yanked");
}

async function makeToken(page, world, failures, index) {
  await page.goto(world.url + "/");
  await tabTo(page, named(world.user), "the account");
  await enter(page);
  await fill(page, "comment", `for ${index}`);
  await tabTo(page, button("Make the token"), "the button that makes the token");
  await enter(page);
  check(failures, await page.getByText("The new token").isVisible(), "no token");
}

async function logOut(page, world, failures, context) {
  const cookies = await context.cookies();
  await page.goto(`${world.url}/+manage/account`);
  await tabTo(page, button("Log out"), "the logout");
  await enter(page);
  check(failures, (await page.locator("main").innerText()).includes("You are logged out"), "still logged in");
  // Whoever has a copy of the cookie is logged out as well.
  await context.addCookies(cookies);
  await page.goto(`${world.url}/+manage/account`);
  check(failures, page.url().includes("/+manage/login"), "the session goes on");
}

// All of it without a mouse. `name` is of the index that is made.
async function byKeyboard(browser, world, name, options) {
  const scripts = options.javaScriptEnabled;
  const permissions = scripts ? ["clipboard-read", "clipboard-write"] : [];
  const { context, page, failures } = await open(browser, world, { ...options, permissions });
  const copied = await findAndRead(page, world, failures, scripts);
  await logIn(page, world);
  await makeIndex(page, world, failures, name);
  await tabTo(page, named("Upload"), "the form for uploads");
  await enter(page);
  await page.locator("input[type=file]").setInputFiles(world.wheel);
  await tabTo(page, button("Upload"), "the button that uploads");
  await enter(page);
  await yank(page, world, failures, name);
  await makeToken(page, world, failures, name);
  await logOut(page, world, failures, context);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  check(failures, wide <= options.viewport.width, `${wide} wide`);
  await context.close();
  return { failures, copied };
}

// With a mouse, and a wheel that is dropped from the desktop.
async function byMouse(browser, world, name, options) {
  const { context, page, failures } = await open(browser, world, options);
  await page.goto(world.url + "/");
  await page.locator("header").getByRole("link", { name: "Log in" }).click();
  await page.getByLabel("User name").fill(world.user);
  await page.getByLabel("Password").fill(world.password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.goto(`${world.url}/${world.user}`);
  await page.getByRole("link", { name: "New index" }).click();
  await page.locator("input[name=name]").fill(name);
  await page.getByRole("button", { name: "Make the index" }).click();
  await page.getByRole("link", { name: "Upload", exact: true }).click();
  await page.locator("label.drop").scrollIntoViewIfNeeded();
  const box = await page.locator("label.drop").boundingBox();
  const debug = await context.newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await debug.send("Input.dispatchDragEvent", {
      type, x: box.x + box.width / 2, y: box.y + 20, data: { items: [], files: [world.wheel], dragOperationsMask: 1 },
    });
  }
  await page.getByText(world.wheel.split("/").pop()).waitFor();
  await page.getByRole("button", { name: "Upload" }).click();
  await page.getByText("Uploaded:").waitFor();
  await page.goto(`${world.url}/${world.user}/${name}/${world.wheelProject}/${world.wheelVersion}`);
  check(failures, await page.locator("table.files").isVisible(), "nothing was uploaded");
  await page.getByText("Change", { exact: true }).click();
  await page.getByRole("button", { name: "Yank" }).click();
  await page.getByText("is yanked").first().waitFor();
  await page.goto(`${world.url}/+manage/account`);
  await page.locator("main").getByRole("button", { name: "Log out" }).click();
  await page.getByText("You are logged out").waitFor();
  await context.close();
  return { failures };
}

// Suggestions come as one types, and lead somewhere: with keys and with a click.
async function suggestions(browser, world, options) {
  const { context, page, failures } = await open(browser, world, options);
  await page.goto(`${world.url}/+status`);
  const box = page.locator("header input[type=search]");
  await box.pressSequentially(world.project.slice(0, 4));
  const option = page.getByRole("option").filter({ hasText: world.project }).first();
  await option.waitFor();
  check(failures, (await option.innerText()).includes(world.index), `a suggestion says not where it is from: ${await option.innerText()}`);
  check(failures, (await box.getAttribute("aria-expanded")) === "true", "the box does not say that it is open");
  const frame = await page.locator(".suggestions").boundingBox();
  check(failures, frame.x >= 0 && frame.x + frame.width <= options.viewport.width, `suggestions lie beyond the page: ${JSON.stringify(frame)}`);
  if (world.pictures) await page.screenshot({ path: `${world.pictures}/suggestions-${options.viewport.width}-${options.colorScheme}.png` });
  await page.keyboard.press("ArrowDown");
  await led(page, () => page.keyboard.press("Enter"));
  check(failures, /\/[^/]+\/[^/]+\/[^/+]+$/.test(new URL(page.url()).pathname), `a suggestion led to ${page.url()}`);
  await page.goto(`${world.url}/`);
  await page.locator("main form.search input").pressSequentially(world.project.slice(0, 5));
  await page.getByRole("option").filter({ hasText: world.project }).first().waitFor();
  await led(page, () => page.getByRole("option").filter({ hasText: world.project }).first().click());
  check(failures, (await page.locator("h1").innerText()).includes(world.project), "a click on a suggestion led elsewhere");
  await context.close();
  return { failures };
}

module.exports = { byKeyboard, byMouse, suggestions, logIn };
