// A walk past every page of the product, each in a state worth looking at, for pictures and for accessibility checks.
import { joinCall, waitForPhase } from "./browser.mjs";
import { OLA } from "./harness.mjs";
import {
  bookAsNewVisitor,
  CARDS,
  findService,
  holdFirstTime,
  linkFromOutbox,
  payByCard,
  readAfterCall,
  registerInFlow,
} from "./walk.mjs";

const NORDLI = { place: "Bergen", provider: "Dyreklinikken Nordli", service: "Videotime" };

/**
 * Goes everywhere and calls `stop(name, page)` at each page. Needs `world.cast()`. Pages that change what is booked come
 * in the order in which they happen.
 */
export async function tour(world, stop) {
  const origin = world.server.origin;
  await publicPages(world, stop, origin);
  // The call first: the longer appointment after it then lies in the future, with all that can still be done to it.
  const id = await bookAsNewVisitor(world.visitor.page, world.operator.page, origin, {
    ...NORDLI,
    service: "Kort spørsmål",
    person: { name: "Mia Kvam", email: "mia@example.no", password: "grå katt på trappa" },
    card: CARDS.accepted,
  });
  await callPages({ ...world, consumer: world.visitor }, stop, origin, id);
  await bookingFlow(world, stop, origin);
  await accountPages(world, stop, origin);
  await providerPages(world, stop, origin);
  await operatorPages(world, stop, origin, id);
}

async function see(stop, page, origin, entries) {
  for (const [name, path] of entries) {
    await page.goto(origin + path);
    await stop(name, page);
  }
}

async function publicPages({ consumer: { page } }, stop, origin) {
  await see(stop, page, origin, [
    ["home", "/"],
    ["search", "/search?where=Bergen"],
    ["search-empty", "/search?what=eksorsist&where=Bergen"],
    ["provider-page", "/providers/dyreklinikken-nordli"],
    ["register", "/register"],
    ["login", "/login"],
    ["reset", "/reset"],
    ["notice", "/notice"],
    ["terms", "/terms"],
    ["about", "/about"],
    ["not-found", "/nowhere"],
  ]);
  await page.goto(`${origin}/device-check`);
  await page.waitForFunction(() => document.querySelector(".preview video")?.videoWidth > 0);
  await stop("device-check", page);
}

/** From the slot to the confirmation, as a visitor who makes an account on the way. */
async function bookingFlow({ consumer: { page }, operator }, stop, origin) {
  await findService(page, origin, NORDLI.place, NORDLI.provider, NORDLI.service);
  await holdFirstTime(page);
  await stop("book-details", page);
  await page.click("main .actions button.btn");
  await stop("book-details-errors", page);
  await registerInFlow(page, OLA);
  await stop("book-check-mail", page);
  const link = await linkFromOutbox(operator.page, origin, OLA.email, "Bekreft");
  await page.goto(link);
  await stop("verify", page);
  await page.click("main form button.btn");
  await page.waitForURL((url) => url.pathname.endsWith("/payment"));
  await stop("book-payment", page);
  await payByCard(page, "4000 0000 0000 0002");
  await stop("book-payment-declined", page);
  await payByCard(page, CARDS.accepted);
  await page.waitForURL(/\/bookings\/[^/?]+/);
  await stop("booked", page);
  const booking = new URL(page.url()).pathname;
  await see(stop, page, origin, [
    ["booking", booking],
    ["booking-cancel", `${booking}/cancel`],
    ["bookings", "/bookings"],
  ]);
}

async function callPages({ provider, consumer, operator }, stop, origin, id) {
  const url = `${origin}/call/${id}`;
  await consumer.page.goto(url);
  await consumer.page.waitForFunction(() => document.querySelector(".preview video")?.videoWidth > 0);
  await stop("call-check", consumer.page);
  await joinCall(consumer, url, "lobby");
  await stop("call-lobby", consumer.page);
  await see(stop, provider.page, origin, [["provider-today", "/provider"]]);
  await joinCall(provider, url, "call");
  await provider.page.waitForSelector('[data-action="admit"]');
  await stop("call-admit", provider.page);
  await provider.page.click('[data-action="admit"]');
  await waitForPhase(consumer.page, "call");
  await consumer.page.waitForFunction(() => Number(document.querySelector("[data-billable-ms]")?.dataset.billableMs) > 3000);
  await stop("call", consumer.page);
  await consumer.page.click('[data-control="devices"]');
  await stop("call-devices", consumer.page);
  await see(stop, operator.page, origin, [
    ["operator-calls", "/operator"],
    ["operator-call", `/operator/calls/${id}`],
  ]);
  await consumer.page.keyboard.press("Escape");
  await consumer.page.click('[data-control="leave"]');
  await waitForPhase(consumer.page, "ended");
  await stop("call-ended", consumer.page);
  await waitForPhase(provider.page, "ended", 20_000);
  await readAfterCall(consumer.page, origin, id);
  await stop("after-call", consumer.page);
}

function accountPages({ consumer: { page } }, stop, origin) {
  return see(stop, page, origin, [
    ["account", "/account"],
    ["account-data", "/account/data"],
    ["account-sessions", "/account/sessions"],
    ["account-delete", "/account/delete"],
    ["provider-signup", "/provider/signup"],
  ]);
}

async function providerPages({ provider: { page } }, stop, origin) {
  await see(stop, page, origin, [
    ["provider-services", "/provider/services"],
    ["provider-service-new", "/provider/services/new"],
    ["provider-hours", "/provider/hours"],
    ["provider-members", "/provider/members"],
    ["provider-profile", "/provider/profile"],
  ]);
}

async function operatorPages({ operator: { page } }, stop, origin, id) {
  await see(stop, page, origin, [
    ["operator-appointments", "/operator/appointments"],
    ["operator-appointment", `/operator/appointments/${id}`],
    ["operator-outbox", "/operator/outbox"],
  ]);
  await page.locator("table a").first().click();
  await stop("operator-mail", page);
}
