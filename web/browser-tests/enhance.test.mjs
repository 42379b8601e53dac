// The small enhancements of the booking pages: keys in the month, the countdown, one submit, tables that stay fresh.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CONSUMER, PROVIDER, startWorld, WAIT_MS } from "./harness.mjs";
import { findService, holdLaterTime, seedLink, signInByLink } from "./walk.mjs";

let world;
let visitor;
let operator;

before(async () => {
  world = await startWorld();
  visitor = await world.person("visitor", CONSUMER);
  operator = await world.person("operator", PROVIDER);
  await signInByLink(operator.page, seedLink(world, "Operator"));
});

after(() => world?.end());

/** The date in the address of the focused day. */
function focusedDay(page) {
  return page.evaluate(() => new URL(document.activeElement.href).searchParams.get("day"));
}

function daysLater(day, days) {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

test("arrow keys walk through the month, which is one tab stop", () => world.story(async () => {
  const { page } = visitor;
  await findService(page, world.server.origin, "Bergen", "Dyreklinikken Nordli", "Videotime");
  await page.locator("a[rel=next]").click();
  const stops = page.locator("day-grid a.day[tabindex='0']");
  await stops.first().waitFor();
  assert.equal(await stops.count(), 1);
  await stops.first().focus();
  const start = await focusedDay(page);
  await page.keyboard.press("ArrowRight");
  assert.equal(await focusedDay(page), daysLater(start, 1));
  await page.keyboard.press("ArrowDown");
  assert.equal(await focusedDay(page), daysLater(start, 8));
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await focusedDay(page), start);
  assert.equal(await stops.count(), 1);
  await page.keyboard.press("PageUp");
  await page.waitForURL((url) => (url.searchParams.get("day") ?? "") < start);
}));

test("the countdown follows the hold and warns near its end; errors take the focus; a form is sent once", () => world.story(async () => {
  const { page } = visitor;
  await page.clock.install();
  await findService(page, world.server.origin, "Bergen", "Dyreklinikken Nordli", "Videotime");
  await holdLaterTime(page);
  const clock = page.locator("hold-clock");
  assert.match(await clock.innerText(), /^10 min igjen/);
  await page.clock.fastForward(8.5 * 60_000);
  await clock.filter({ hasText: /^2 min igjen/ }).waitFor();
  assert.equal(await page.locator(".note.warn hold-clock[role=status]").count(), 1);
  await page.clock.fastForward(2 * 60_000);
  await clock.filter({ hasText: /^Tiden er ute/ }).waitFor();

  await page.click("main .actions button.btn");
  await page.locator(".errors").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.className), "errors");

  let posts = 0;
  await page.route(/\/book\/[^/]+$/, async (route) => {
    if (route.request().method() === "POST") posts += 1;
    await route.fulfill({ status: 204 });
  });
  const button = page.locator("main .actions button.btn");
  await Promise.all([page.waitForRequest((request) => request.method() === "POST"), button.click()]);
  await button.click();
  await button.click();
  assert.equal(posts, 1);
  await page.unroute(/\/book\/[^/]+$/);
}));

// Trial E19: extending reloaded the page and wiped what was written; "back" hid that a time is held.
test("what is typed outlives a reload, and holding the time longer needs none", () => world.story(async () => {
  const page = await visitor.context.newPage();
  await findService(page, world.server.origin, "Bergen", "Dyreklinikken Nordli", "Videotime");
  const shop = page.url();
  await holdLaterTime(page);
  await page.fill("#about", "Hunden halter");
  await page.fill("#name", "Ola Hansen");
  const extended = page.waitForResponse((answer) => answer.url().endsWith("/extend"));
  await page.fill("#password", "tre røde hester");
  await page.locator("button[data-extended]").click();
  assert.equal((await extended).headers()["content-type"], "application/json");
  await page.getByText("Vi holder av timen i 5 minutter til.").waitFor();
  await page.locator("hold-clock").filter({ hasText: /^1[45] min igjen/ }).waitFor();
  assert.equal(await page.inputValue("#password"), "tre røde hester");
  assert.equal(await page.locator("button[data-extended]").count(), 0);
  await page.reload();
  assert.deepEqual(
    [await page.inputValue("#about"), await page.inputValue("#name"), await page.inputValue("#password")],
    ["Hunden halter", "Ola Hansen", ""],
  );
  // Enter goes on with the booking, though the button that holds the time longer stands first.
  const sent = page.waitForRequest((request) => request.method() === "POST" && !request.url().endsWith("/draft"));
  await page.locator("#name").press("Enter");
  assert.match((await sent).url(), /\/book\/[^/]+$/);
  await page.locator(".errors").waitFor();
  await page.goto(shop);
  await page.locator(".note.held a").click();
  await page.locator("#about").waitFor();
  assert.equal(await page.inputValue("#about"), "Hunden halter");
  await page.close();
}));

test("the operator's table asks again by itself, but never under somebody's hands", () => world.story(async () => {
  const page = await operator.context.newPage();
  let asked = 0;
  page.on("request", (request) => { if (request.resourceType() === "fetch") asked += 1; });
  await page.clock.install();
  await page.goto(`${world.server.origin}/operator`);
  const measured = page.locator("page-refresh p.hint");
  // The page is measured anew, to the second, each time it is asked for.
  const first = await measured.innerText();
  const until = Date.now() + WAIT_MS;
  while ((await measured.innerText()) === first) {
    assert.ok(Date.now() < until, "the table never became fresh");
    const answered = page.waitForResponse((answer) => answer.request().resourceType() === "fetch");
    await page.clock.runFor(3_000);
    await answered;
  }
  await page.locator("page-refresh p.hint a").focus();
  const before = asked;
  await page.clock.runFor(30_000);
  assert.equal(asked, before);
  await page.close();
}));

test("the operator's keys find the search field and walk through the rows", () => world.story(async () => {
  const { page } = operator;
  const { origin } = world.server;
  for (const email of ["mia@example.no", "per@example.no"]) {
    const form = { name: "Mia Ås", email, phone: "91234567", place: "Bergen", password: "tre røde hester", accept: "yes" };
    const answer = await visitor.context.request.post(`${origin}/register`, { form, headers: { origin } });
    assert.ok(answer.ok(), `registering answered ${answer.status()}`);
  }
  await page.goto(`${origin}/operator/outbox`);
  const links = await page.locator("tbody tr a").evaluateAll((rows) => rows.map((row) => row.href));
  assert.ok(links.length >= 2, "mails to walk through");
  const focused = () => page.evaluate(() => document.activeElement.href);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  assert.equal(await focused(), links[1]);
  await page.keyboard.press("k");
  assert.equal(await focused(), links[0]);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  assert.equal(await page.inputValue("#q"), "");
  await page.keyboard.type("jk/");
  assert.equal(await page.inputValue("#q"), "jk/");
}));
