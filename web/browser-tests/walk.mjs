// The steps people take through the site, each as they would: by what they see and press.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { joinCall, WAIT_MS } from "./browser.mjs";

export const CARDS = { accepted: "accepted" };

/** The link that `seed-demo` printed for `who` (`Provider` or `Operator`). */
export function seedLink(world, who) {
  const line = world.seed.split("\n").find((text) => text.trim().startsWith(who));
  assert.ok(line, `seed-demo printed no link for ${who}:\n${world.seed}`);
  return line.trim().split(/\s+/)[1];
}

export async function signInByLink(page, link) {
  await page.goto(link);
  await page.click("main form button.btn");
  await page.waitForURL((url) => !url.pathname.startsWith("/login"));
}

/** Searches from the home page and opens a provider and one of its services. */
export async function findService(page, origin, place, provider, service) {
  await page.goto(origin);
  await page.fill("#where", place);
  await page.click(".searchbar button.btn");
  await page.click(`.card h2 a:has(:text-is("${provider}"))`);
  await page.click(`a.option:has-text("${service}")`);
  await page.waitForSelector("button.time");
}

/** Takes the first free time. */
export async function holdFirstTime(page) {
  await page.locator("button.time").first().click();
  await page.waitForURL(/\/book\/[^/]+$/);
}

/** Takes a time so far ahead that it is held for its full ten minutes; one that begins sooner is held until then. */
export async function holdLaterTime(page) {
  const later = await page.locator("button.time").evaluateAll(
    (buttons, soonest) => buttons.findIndex((button) => Number(button.value) > soonest),
    (Date.now() + 15 * 60_000) * 1000,
  );
  await page.locator("button.time").nth(later).click();
  await page.waitForURL(/\/book\/[^/]+$/);
}

export async function registerInFlow(page, { name, email, password }) {
  await page.fill("#about", "Hunden har spist en sokk.");
  await page.fill("#name", name);
  await page.fill("#email", email);
  await page.fill("#phone", "91 23 45 67");
  await page.fill("#place", "Bergen");
  await page.fill("#password", password);
  await page.locator('input[type="checkbox"][name="accept"]').check();
  await page.click("main .actions button.btn");
}

/** Reads the newest mail to `to` on the operator's outbox page and gives back the first link in it. */
export async function linkFromOutbox(operator, origin, to, subject) {
  const until = Date.now() + WAIT_MS;
  while (Date.now() < until) {
    await operator.goto(`${origin}/operator/outbox`);
    await operator.fill("#q", to);
    await operator.fill("#reason", "test");
    await operator.click("main .actions button.btn");
    const mail = operator.locator("tbody tr a").filter({ hasText: subject }).first();
    if ((await mail.count()) > 0) {
      await mail.click();
      await operator.fill("#reason", "test");
      await operator.click("main .actions button.btn");
      return operator.locator(".mail-body a").first().getAttribute("href");
    }
    await operator.waitForTimeout(200);
  }
  throw new Error(`no mail to ${to} about ${subject}`);
}

export async function payByCard(page, card) {
  await page.waitForURL((url) => url.pathname.endsWith("/payment"));
  await page.check(`[name="method"][value="${card}"]`);
  await page.check("#withdrawal");
  await page.click("main form.stack-l button.btn");
}

/** Search, hold, registration, verification through the outbox, payment: ends on the confirmation, gives the id. */
export async function bookAsNewVisitor(page, operator, origin, { place, provider, service, person, card }) {
  await findService(page, origin, place, provider, service);
  await holdFirstTime(page);
  await registerInFlow(page, person);
  const link = await linkFromOutbox(operator, origin, person.email, "Bekreft");
  await page.goto(link);
  await page.click("main form button.btn");
  await payByCard(page, card);
  await page.waitForURL(/\/bookings\/[^/?]+/);
  return new URL(page.url()).pathname.split("/").at(-1);
}

/** Moves an appointment, and its call, to a start in so many seconds. */
function moveStart(server, id, seconds) {
  const move = `
import sqlite3, sys, time
path, call, seconds = sys.argv[1:]
base = sqlite3.connect(path, timeout=10)
start, = base.execute("SELECT start_us FROM appointment WHERE id = ?", (call,)).fetchone()
by = start - (int(time.time()) + int(seconds)) * 1000000
base.execute("UPDATE call SET opens_us = opens_us - ?1, starts_us = starts_us - ?1, ends_us = ends_us - ?1 WHERE id = ?2", (by, call))
base.execute("UPDATE appointment SET start_us = start_us - ?1, end_us = end_us - ?1 WHERE id = ?2", (by, call))
base.commit()
`;
  execFileSync("python3", ["-c", move, `${server.environment.BOOKA_DATA_DIR}/booka.sqlite`, id, String(seconds)]);
}

/** As if the appointment's start had come: its times are moved to a minute ago, before anybody is in its room. */
export const beginNow = (server, id) => moveStart(server, id, -60);

/** As if the day before the appointment had come. */
export const moveToTomorrow = (server, id) => moveStart(server, id, 23 * 3600);

/** The provider ends the call for both, and is asked first. */
export async function endCall(provider) {
  await provider.page.click('[data-control="end"]');
  await provider.page.click('[data-action="end"]');
  await provider.page.waitForSelector('[data-phase="ended"]', { timeout: 20_000 });
}

/** Both sides go in, the provider first, who then admits the consumer. `waiting` is run while the consumer waits. Gives the time. */
export async function meet(provider, consumer, origin, id, waiting = async () => undefined) {
  const url = `${origin}/call/${id}`;
  await joinCall(provider, url, "call");
  await joinCall(consumer, url, "lobby");
  await provider.page.waitForSelector('[data-action="admit"]');
  await waiting();
  const admittedAt = Date.now();
  await provider.page.click('[data-action="admit"]');
  await consumer.page.waitForSelector('[data-phase="call"]', { timeout: WAIT_MS });
  return admittedAt;
}

/** The page after the call, once the charge is through: its words, and the measured time in milliseconds. */
export async function readAfterCall(page, origin, id, timeout = 30_000) {
  const until = Date.now() + timeout;
  for (;;) {
    await page.goto(`${origin}/bookings/${id}`);
    const text = await page.innerText("main");
    if (/Kvittering|Frigitt/.test(text)) return { text, measuredMs: readDuration(text) };
    if (Date.now() > until) throw new Error(`no charge after ${timeout} ms, the page says:\n${text}`);
    await page.waitForTimeout(300);
  }
}

/** An instant as the server writes it, to the last digit. */
function microseconds(instant) {
  const [whole, fraction = ""] = instant.slice(0, -1).split(".");
  return Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** How long both were there, from the operator's segments: one length in milliseconds for each time they met. */
export function spansTogether(segments) {
  const spans = new Map();
  for (const [who, number, from, , to] of segments) {
    const span = spans.get(number) ?? { who: new Set(), from: 0, to: Number.MAX_SAFE_INTEGER };
    span.who.add(who);
    span.from = Math.max(span.from, microseconds(from));
    span.to = Math.min(span.to, microseconds(to));
    spans.set(number, span);
  }
  for (const [number, { who }] of spans) assert.equal(who.size, 2, `segment ${number} of ${[...who]}`);
  return [...spans.entries()].sort(([one], [other]) => Number(one) - Number(other)).map(([, { from, to }]) => Math.max(0, to - from) / 1000);
}

/** `22,4 s` or `1 min 2,0 s` of the price box, in milliseconds. */
function readDuration(text) {
  const match = /Tid dere snakket sammen\s+(?:(\d+)\s*min\s*)?(\d+),(\d)\s*s\b/u.exec(text);
  return match === null ? Number.NaN : (Number(match[1] ?? 0) * 60 + Number(match[2])) * 1000 + Number(match[3]) * 100;
}

/** What the operator sees of one appointment: the rows of its tables about time and money, as lists of cells. Instants are exact, words those of the records. */
export async function readRecords(page, origin, id) {
  await page.goto(`${origin}/operator/appointments/${id}`);
  if ((await page.locator("#reason").count()) > 0) {
    await page.fill("#reason", "test");
    await page.click("main .actions button.btn");
  }
  return page.evaluate(() => {
    const rows = (name) => {
      const section = document.querySelector(`[data-records="${name}"]`);
      return [...section.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.querySelector("time")?.dateTime ?? cell.querySelector("data")?.value ?? cell.innerText.trim()));
    };
    const [segments, payments, ledger] = ["segments", "payments", "ledger"].map(rows);
    return { segments, payments, ledger };
  });
}
