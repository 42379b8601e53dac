// Every page, in both languages and themes: accessible, self-contained, no wider than the screen, and usable without
// script and without a mouse.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { CONSUMER, seriousFindings, startWorld } from "./harness.mjs";
import { become, buildScene, holdCall, openPage, PAGES } from "./scene.mjs";

/** A small phone, and what 200 % zoom makes of a larger one. */
const NARROW = [360, 320];
const VIEWS = [
  { locale: "nb", colorScheme: "light", viewport: { width: 360, height: 740 } },
  { locale: "en", colorScheme: "dark", viewport: { width: 1280, height: 800 } },
];
const MOST_AT = { width: 360, height: 740 };

let world;
let scene;
let reader;
let plain;
/** What was found during the call, by the name of the moment. */
const moments = new Map();

before(async () => {
  world = await startWorld();
  scene = await buildScene(world);
  const inCall = await holdCall(world, scene, async (name, page) => moments.set(name, await judge(page)));
  assert.deepEqual(inCall.flatMap(({ strangers, faults }) => [...strangers, ...faults]), [], "faults in the call");
  reader = await world.person("reader", CONSUMER);
  listen(reader.page, reader.faults);
  plain = await reader.context.browser().newContext({ javaScriptEnabled: false, locale: "nb-NO", viewport: MOST_AT });
});

after(() => world?.end());

/** Console errors count as faults, but for the browser's own note that a document came with an error status. */
function listen(page, faults) {
  page.on("console", (line) => {
    if (line.type() === "error" && line.location().url !== page.url()) faults.push(line.text());
  });
}

async function judge(page) {
  const findings = await seriousFindings(page);
  const facts = await page.evaluate(() => {
    // What is to be typed is marked as code.
    const words = [...document.querySelectorAll("code")].reduce((text, code) => text.replace(code.innerText, ""), document.body.innerText);
    return {
      lang: document.documentElement.lang,
      headings: document.querySelectorAll("h1").length,
      title: document.title.trim().length > 0,
      broken: words.match(/\b(null|undefined|NaN|None|Some\()|\{\s*\$|[a-z]+(-[a-z]+)+-(title|text|label|hint)\b|(?<![\w\/-])[a-z]{2,}(_[a-z]{2,})+(?![\w-])/)?.[0] ?? null,
    };
  });
  return { findings, ...facts };
}

/** What sticks out to the right at `width`, or nothing. */
async function tooWide(page, width) {
  await page.setViewportSize({ width, height: 740 });
  return page.evaluate(() => {
    const root = document.scrollingElement;
    if (root.scrollWidth <= root.clientWidth) return null;
    const wide = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1);
    return wide.slice(0, 4).map((one) => one.outerHTML.slice(0, 120));
  });
}

for (const shown of PAGES) {
  // S40: no page asks another origin for anything.
  test(shown.name, () => world.story(async () => {
    const { page, context, strangers, faults } = reader;
    [strangers.length, faults.length] = [0, 0];
    for (const { locale, colorScheme, viewport } of VIEWS) {
      await become(context, scene, shown.who, locale, world.server.origin);
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await openPage(page, scene, shown, world.server.origin);
      const expected = { findings: [], lang: locale, headings: 1, title: true, broken: null };
      assert.deepEqual(await judge(page), expected, `${locale}, ${colorScheme}, ${viewport.width} px`);
      for (const width of NARROW) assert.equal(await tooWide(page, width), null, `${locale} at ${width} px`);
    }
    assert.deepEqual(strangers, [], "requests to other origins");
    assert.deepEqual(faults, [], "errors in the console");
    await withoutScript(shown, await page.textContent("h1"));
  }));
}

async function withoutScript(shown) {
  if (shown.act) return;
  await become(plain, scene, shown.who, "nb", world.server.origin);
  const page = await plain.newPage();
  try {
    await openPage(page, scene, shown, world.server.origin);
    assert.ok(await page.locator("h1").first().isVisible(), "a heading without script");
    const buttons = await page.locator("main form").evaluateAll((forms) =>
      forms.filter((form) => form.querySelector("button:not([type=button]), input[type=submit]") === null).length);
    assert.equal(buttons, 0, "forms that need script to be sent");
    if (!shown.script) assert.equal(await page.locator("noscript").count(), 0, "content that needs script");
  } finally {
    await page.close();
  }
}

describe("in the call", () => {
  for (const name of ["call-device-check", "call-lobby", "call-admit", "call-consumer", "call-provider", "call-ended", "operator-calls", "operator-call"]) {
    test(name, () => assert.deepEqual(moments.get(name), { findings: [], lang: "nb", headings: 1, title: true, broken: null }));
  }
});

/** What is no page, is judged in the call, or needs a server that nobody has set up yet (empty-server.test.mjs). */
const NOT_HERE = [
  "/account/export", "/bookings/{id}/calendar.ics", "/bookings/{id}/receipt.pdf", "/disputes/files/{id}", "/documents/{id}", "/robots.txt", "/sitemap.xml",
  "/static/{file}", "/call/{id}", "/call/{id}/other", "/call/socket", "/operator/calls/{id}", "/operator/setup/{token}", "/provider/payments",
];

test("every address that can be opened is one of the pages", () => {
  const source = readFileSync(new URL("../texts/src/routes.rs", import.meta.url), "utf8");
  const patterns = [...source.matchAll(/^ {8}[A-Z_]+ = "([^"]+)"(, form_only)?;/gm)].filter(([, , formOnly]) => !formOnly).map(([, path]) => path);
  assert.ok(patterns.length > 60, `${patterns.length} patterns`);
  const shown = PAGES.map(({ path }) => path(scene).split("?")[0]);
  const matches = (pattern) => shown.some((path) => new RegExp(`^${pattern.replace(/\{\w+\}/g, "[^/]+")}$`).test(path));
  assert.deepEqual(patterns.filter((pattern) => !NOT_HERE.includes(pattern) && !matches(pattern)), []);
  assert.deepEqual(NOT_HERE.filter((pattern) => !patterns.includes(pattern)), [], "no such address");
});

test("a booking from search to payment needs no script", () => world.story(async () => {
  const { origin } = world.server;
  // The consumer of the scene already holds as many times as one visitor may.
  await become(plain, scene, "newcomer", "nb", origin);
  const page = await plain.newPage();
  await page.goto(origin);
  await page.fill("#where", "Oslo");
  await page.click(".searchbar button.btn");
  await page.click('.card h2 a:has(:text-is("Advokat Strand"))');
  await page.click('a.option:has-text("Rådgivning")');
  await page.goto(`${page.url()}&day=${scene.workday}`);
  await page.locator("button.time").nth(2).click();
  await page.fill("#about", "En leiekontrakt.");
  await page.click("main .actions button.btn");
  await page.check('[name="method"][value="accepted"]');
  await page.check("#withdrawal");
  await page.click("main form.stack-l button.btn");
  assert.match(page.url(), /\/bookings\/[^/]+\?new=1$/);
  assert.match(await page.innerText("main"), /Advokat Strand/);
  await page.close();
}));

test("who says that the address is confirmed reads it when it is not, and goes on when it is (trial E22)", () => world.story(async () => {
  const { page, context } = reader;
  await become(context, scene, "unverified", "nb", world.server.origin);
  await page.goto(world.server.origin + scene.paths.unverifiedHold);
  assert.equal(await page.locator("main [role=alert]").count(), 0);
  const claim = () => Promise.all([page.waitForEvent("load"), page.click('a[href$="?confirmed=1"]')]);
  await claim();
  assert.match(await page.innerText("main [role=alert]"), /ikke bekreftet ennå/u);
  assert.deepEqual(await seriousFindings(page), []);
  // The link of the mail, opened in the same browser.
  const mail = await context.newPage();
  await mail.goto(world.server.origin + scene.paths.verify);
  await mail.click("main form button.btn");
  await mail.close();
  await claim();
  assert.equal(await page.locator("main [role=alert]").count(), 0);
  assert.equal(await page.locator('a[href$="?confirmed=1"]').count(), 0, "the next step");
}));

test("the most one can pay, and what happens if nobody comes, are in view when paying on a phone", () => world.story(async () => {
  const { page, context } = reader;
  const shown = PAGES.find(({ name }) => name === "payment");
  await become(context, scene, shown.who, "nb", world.server.origin);
  await page.setViewportSize(MOST_AT);
  await openPage(page, scene, shown, world.server.origin);
  const seen = await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const words = [];
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.height > 0 && box.bottom <= innerHeight && node.parentElement.checkVisibility()) words.push(node.data);
    }
    return words.join(" ").replaceAll("\u00a0", " ");
  });
  assert.match(seen, /450 kr/, "the cap");
  assert.match(seen, /15 kr per minutt/, "the rate");
  assert.match(seen, /ikke møter/, "no-show");
}));

test("errors on top have the focus, and lead to what is to be mended", () => world.story(async () => {
  const { page, context } = reader;
  const { origin } = world.server;
  for (const shown of PAGES.filter(({ name }) => name.endsWith("-errors"))) {
    await become(context, scene, shown.who, "nb", origin);
    await openPage(page, scene, shown, origin);
    await page.waitForFunction(() => document.activeElement?.classList.contains("errors"));
    const links = page.locator(".errors a");
    assert.ok((await links.count()) > 0, shown.name);
    for (const link of await links.all()) {
      await link.press("Enter");
      const [wanted, focused] = [await link.getAttribute("href"), await page.evaluate(() => `#${document.activeElement.id}`)];
      assert.equal(focused, wanted, shown.name);
    }
  }
}));

test("the keyboard alone: skip link, focus that shows, in both themes", () => world.story(async () => {
  const { page, context } = reader;
  // The payment page has eleven stops: its cards are one choice.
  const walks = [["home", "light", 12], ["provider", "dark", 12], ["payment", "light", 11], ["operator-appointments", "dark", 12]];
  for (const [name, colorScheme, stops] of walks) {
    const shown = PAGES.find((one) => one.name === name);
    await become(context, scene, shown.who, "nb", world.server.origin);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await openPage(page, scene, shown, world.server.origin);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip", `${name}: the first stop`);
    for (let stop = 0; stop < stops; stop += 1) {
      assert.equal(await page.evaluate(hiddenFocus), null, `${name}: stop ${stop}`);
      await page.keyboard.press("Tab");
    }
    await page.goto(page.url());
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main", `${name}: where the skip link leads`);
  }
}));

/** Runs in the page: the focused element, if nothing shows that it has the focus. */
function hiddenFocus() {
  const focused = document.activeElement;
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(focused);
  const box = focused.getBoundingClientRect();
  const inView = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const ring = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && outlineColor !== "rgba(0, 0, 0, 0)";
  return inView && ring ? null : focused.outerHTML.slice(0, 160);
}
