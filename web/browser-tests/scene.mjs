// Everybody and everything that the pages show: one list of pages, and the people who may see them. The test of the
// pages and the contact sheet share both, so that no page is photographed unjudged or judged unseen.
import { bookNow, mailTo, signInByLink, Visitor } from "./booking.mjs";
import { joinCall, waitForBillable, waitForPhase } from "./browser.mjs";
import { CONSUMER, PROVIDER } from "./harness.mjs";
import { beginNow, endCall, moveToTomorrow, seedLink } from "./walk.mjs";

const PASSWORD = "tre ord til sammen";
const NORDLI = "/providers/dyreklinikken-nordli";
/** Any day in working hours will do: its free times fill the page. */
const DAYS_AHEAD = 2;

/** So far ahead that a card is kept, and money is reserved the day before. */
const DAYS_FAR_AHEAD = 10;

const press = (page, action) => Promise.all([page.waitForEvent("load"), page.click(`button[value="${action}"]`)]);

/** Presses the button of a form that nobody filled in. */
const sendEmpty = (page) => Promise.all([page.waitForEvent("load"), page.locator("main form button.btn:visible").last().click()]);

async function findPerson(page) {
  await page.fill("#q", "Kari");
  await page.fill("#reason", "Ringte om en bestilling");
  await press(page, "find");
}

async function saveBackwardHours(page) {
  await page.fill("#d1_1_from", "17");
  await page.fill("#d1_1_to", "9");
  await press(page, "save");
}

async function refundTooMuch(page) {
  await page.fill("#amount", "1 000 000");
  await sendEmpty(page);
}

async function declineCard(page) {
  await page.check('[name="method"][value="declined"]');
  await page.check("#withdrawal");
  await sendEmpty(page);
}

async function loseRace(page, scene) {
  const time = page.locator("button.time:visible").last();
  const service = await page.locator('form[action="/holds"] input[name="service"]').first().getAttribute("value");
  const start = await time.getAttribute("value");
  await scene.people.rival.post("/holds", { service, start });
  await Promise.all([page.waitForEvent("load"), time.click()]);
}

/**
 * Every page: who opens it, where, the status it answers with, and what is done there before it is looked at.
 * `script` marks what cannot work without.
 */
export const PAGES = [
  { name: "home", who: "nobody", path: () => "/" },
  { name: "search", who: "nobody", path: () => "/search?what=Syk+hund&where=Bergen" },
  { name: "search-everything", who: "nobody", path: () => "/search" },
  { name: "search-empty", who: "nobody", path: () => "/search?where=Hammerfest&category=vet&radius=10" },
  { name: "search-unknown-place", who: "nobody", path: () => "/search?where=Soria+Moria" },
  { name: "provider", who: "nobody", path: () => NORDLI },
  { name: "provider-day", who: "nobody", path: (scene) => `/providers/elektro-vest?day=${scene.workday}` },
  { name: "slot-taken", who: "nobody", path: (scene) => `/providers/tannlege-solberg?day=${scene.workday}`, act: loseRace },
  { name: "details", who: "guest", path: (scene) => scene.paths.guestHold },
  { name: "details-errors", who: "guest", path: (scene) => scene.paths.guestHold, act: sendEmpty },
  { name: "details-signed-in", who: "consumer", path: (scene) => scene.paths.detailsHold },
  { name: "details-check-mail", who: "unverified", path: (scene) => scene.paths.unverifiedHold },
  { name: "hold-expired", who: "rival", status: 410, path: (scene) => scene.paths.lostHold },
  { name: "payment", who: "consumer", path: (scene) => `${scene.paths.hold}/payment` },
  { name: "payment-errors", who: "consumer", path: (scene) => `${scene.paths.hold}/payment`, act: sendEmpty },
  { name: "payment-declined", who: "consumer", path: (scene) => `${scene.paths.hold}/payment`, act: declineCard },
  { name: "payment-confirm", who: "consumer", path: (scene) => `${scene.paths.confirmHold}/confirm` },
  { name: "booked", who: "consumer", path: (scene) => `${scene.paths.upcoming}?new=1` },
  { name: "bookings", who: "consumer", path: () => "/bookings" },
  { name: "bookings-none", who: "newcomer", path: () => "/bookings" },
  { name: "booking", who: "consumer", path: (scene) => scene.paths.upcoming },
  { name: "booking-cancel", who: "consumer", path: (scene) => `${scene.paths.upcoming}/cancel` },
  { name: "booking-cancelled", who: "consumer", path: (scene) => scene.paths.cancelled },
  { name: "booking-after-call", who: "consumer", path: (scene) => scene.paths.call },
  { name: "booking-for-provider", who: "provider", path: (scene) => scene.paths.call },
  { name: "booking-withdraw", who: "consumer", path: (scene) => `${scene.paths.upcoming}/withdraw` },
  { name: "booking-pay-anew", who: "consumer", path: (scene) => `${scene.paths.anew}/payment` },
  { name: "booking-refund", who: "provider", path: (scene) => `${scene.paths.call}/refund` },
  { name: "booking-refund-errors", who: "provider", path: (scene) => `${scene.paths.call}/refund`, act: refundTooMuch },
  { name: "booking-dispute-new", who: "consumer", path: (scene) => `${scene.paths.call}/dispute` },
  { name: "booking-dispute-errors", who: "consumer", path: (scene) => `${scene.paths.call}/dispute`, act: sendEmpty },
  { name: "booking-dispute", who: "consumer", path: (scene) => `${scene.paths.disputed}/dispute` },
  { name: "call-extension", who: "consumer", path: (scene) => `${scene.paths.upcoming.replace("/bookings/", "/call/")}/extension` },
  { name: "call-not-open", who: "consumer", path: (scene) => scene.paths.upcoming.replace("/bookings/", "/call/") },
  { name: "device-check", who: "consumer", script: true, path: () => "/device-check" },
  { name: "register", who: "nobody", path: () => "/register" },
  { name: "register-errors", who: "nobody", path: () => "/register", act: sendEmpty },
  { name: "verify", who: "nobody", path: (scene) => scene.paths.verify },
  { name: "login", who: "nobody", path: () => "/login" },
  { name: "login-errors", who: "nobody", path: () => "/login", act: sendEmpty },
  { name: "login-link", who: "nobody", path: (scene) => scene.paths.loginLink },
  { name: "reset", who: "nobody", path: () => "/reset" },
  { name: "reset-token", who: "nobody", path: (scene) => scene.paths.reset },
  { name: "invitation", who: "nobody", path: (scene) => scene.paths.invitation },
  { name: "account", who: "consumer", path: () => "/account" },
  { name: "account-data", who: "consumer", path: () => "/account/data" },
  { name: "account-documents", who: "consumer", path: () => "/account/documents" },
  { name: "account-documents-none", who: "newcomer", path: () => "/account/documents" },
  { name: "account-email", who: "consumer", path: () => "/account/email" },
  { name: "account-email-change", who: "newcomer", path: (scene) => scene.paths.emailChange },
  { name: "account-password", who: "consumer", path: () => "/account/password" },
  { name: "account-invitations", who: "consumer", path: () => "/account/invitations" },
  { name: "account-sessions", who: "consumer", path: () => "/account/sessions" },
  { name: "account-delete", who: "consumer", path: () => "/account/delete" },
  { name: "signup-visitor", who: "nobody", path: () => "/provider/signup" },
  { name: "signup", who: "newcomer", path: () => "/provider/signup" },
  { name: "signup-errors", who: "newcomer", path: () => "/provider/signup", act: sendEmpty },
  { name: "provider-today", who: "provider", path: () => "/provider" },
  { name: "provider-today-new", who: "founder", path: () => "/provider" },
  { name: "provider-appointments", who: "provider", path: () => "/provider/appointments" },
  { name: "provider-appointments-none", who: "founder", path: () => "/provider/appointments?by=month&day=2026-01-01" },
  { name: "provider-services", who: "provider", path: () => "/provider/services" },
  { name: "provider-services-none", who: "founder", path: () => "/provider/services" },
  { name: "provider-service", who: "provider", path: (scene) => scene.paths.service },
  { name: "provider-service-new", who: "founder", path: () => "/provider/services/new" },
  { name: "provider-service-errors", who: "founder", path: () => "/provider/services/new", act: sendEmpty },
  { name: "provider-hours", who: "provider", path: () => "/provider/hours" },
  { name: "provider-hours-errors", who: "founder", path: () => "/provider/hours", act: saveBackwardHours },
  { name: "provider-members", who: "provider", path: () => "/provider/members" },
  { name: "provider-documents", who: "provider", path: () => "/provider/documents" },
  { name: "provider-documents-none", who: "founder", path: () => "/provider/documents" },
  { name: "provider-money", who: "provider", path: () => "/provider/money" },
  { name: "provider-money-none", who: "founder", path: () => "/provider/money" },
  { name: "provider-time", who: "provider", path: () => "/provider/time" },
  { name: "provider-tax", who: "provider", path: () => "/provider/tax" },
  { name: "provider-tax-errors", who: "founder", path: () => "/provider/tax", act: sendEmpty },
  { name: "provider-payouts", who: "provider", path: () => "/provider/payouts" },
  { name: "provider-promo", who: "provider", path: () => "/provider/promo" },
  { name: "provider-promo-errors", who: "founder", path: () => "/provider/promo", act: sendEmpty },
  { name: "provider-seller", who: "provider", path: () => "/provider/seller" },
  { name: "provider-seller-errors", who: "founder", path: () => "/provider/seller", act: sendEmpty },
  { name: "provider-profile", who: "provider", path: () => "/provider/profile" },
  { name: "operator-calls-none", who: "operator", path: () => "/operator" },
  { name: "operator-appointments", who: "operator", path: () => "/operator/appointments" },
  { name: "operator-look", who: "operator", path: (scene) => scene.paths.cancelled.replace("/bookings/", "/operator/appointments/") },
  { name: "operator-appointment", who: "operator", path: (scene) => scene.paths.call.replace("/bookings/", "/operator/appointments/") },
  {
    name: "operator-appointment-refund",
    who: "operator",
    path: (scene) => `${scene.paths.call.replace("/bookings/", "/operator/appointments/")}/refund`,
  },
  { name: "operator-refunds", who: "operator", path: () => "/operator/refunds" },
  { name: "operator-disputes", who: "operator", path: () => "/operator/disputes" },
  {
    name: "operator-dispute",
    who: "operator",
    path: (scene) => `${scene.paths.disputed.replace("/bookings/", "/operator/appointments/")}/dispute`,
  },
  { name: "operator-invoices", who: "operator", path: () => "/operator/invoices" },
  { name: "operator-bank", who: "operator", path: () => "/operator/invoices/bank" },
  { name: "operator-bank-errors", who: "operator", path: () => "/operator/invoices/bank", act: sendEmpty },
  { name: "operator-commission", who: "operator", path: () => "/operator/commission" },
  { name: "operator-commission-errors", who: "operator", path: () => "/operator/commission", act: sendEmpty },
  { name: "operator-promo", who: "operator", path: () => "/operator/promo" },
  { name: "operator-payouts", who: "operator", path: () => "/operator/payouts" },
  { name: "operator-money", who: "operator", path: () => "/operator/money" },
  { name: "operator-sellers", who: "operator", path: () => "/operator/sellers" },
  { name: "operator-retention", who: "operator", path: () => "/operator/retention" },
  { name: "operator-retention-errors", who: "operator", path: () => "/operator/retention", act: (page) => press(page, "keep") },
  { name: "operator-people", who: "operator", path: () => "/operator/people" },
  { name: "operator-people-found", who: "operator", path: () => "/operator/people", act: findPerson },
  { name: "operator-people-errors", who: "operator", path: () => "/operator/people", act: sendEmpty },
  { name: "operator-outbox", who: "operator", path: () => "/operator/outbox" },
  { name: "operator-mail", who: "operator", path: (scene) => scene.paths.mail },
  { name: "notice", who: "nobody", path: () => "/notice" },
  { name: "terms", who: "nobody", path: () => "/terms" },
  { name: "about", who: "nobody", path: () => "/about" },
  { name: "not-found", who: "nobody", status: 404, path: () => "/providers/finnes-ikke" },
  { name: "not-mine", who: "newcomer", status: 404, path: (scene) => scene.paths.call },
];

/** Builds the scene over HTTP, as the pages' own forms would. The call itself is not held yet. */
export async function buildScene(world) {
  const { origin } = world.server;
  const people = {};
  for (const name of ["nobody", "guest", "rival", "unverified", "newcomer", "founder", "provider", "operator"]) {
    people[name] = new Visitor(origin);
  }
  await signInByLink(people.operator, seedLink(world, "Operator"));
  await signInByLink(people.provider, seedLink(world, "Provider"));
  const paths = {};
  const scene = { people, paths, workday: workdayIn(DAYS_AHEAD) };
  const booked = await bookNow(origin, people.operator, "dyreklinikken-nordli", "kari@example.no");
  people.consumer = booked.consumer;
  paths.call = `/bookings/${booked.call}`;
  await loseKeptCard(world, scene);
  await bookTheRest(scene);
  await openAccounts(world, scene);
  await inviteStaff(scene);
  paths.service = await firstLink(people.provider, "/provider/services", /href="(\/provider\/services\/(?!new)[^"]+)"/);
  for (const seen of [paths.call, paths.disputed]) {
    await must(people.operator.post(seen.replace("/bookings/", "/operator/appointments/"), { reason: "test" }), 200);
  }
  paths.mail = await firstLink(people.operator, "/operator/outbox", /href="(\/operator\/outbox\/[^"?]+)"/);
  return scene;
}

async function bookTheRest({ people, paths, workday }) {
  const on = (slug) => `/providers/${slug}?day=${workday}`;
  paths.upcoming = await book(people.consumer, on("elektro-vest"), "accepted");
  paths.cancelled = await book(people.consumer, on("advokat-strand"), "accepted");
  await must(people.consumer.post(`${paths.cancelled}/cancel`), 200);
  paths.disputed = await book(people.consumer, on("advokat-strand"), "accepted");
  await must(people.consumer.post(`${paths.disputed}/cancel`), 200);
  const told = { action: "open", body: "Jeg avbestilte, og fikk likevel en regning." };
  await must(people.consumer.post(`${paths.disputed}/dispute`, told), 200);
  const confirm = await book(people.consumer, on("psykolog-lunde"), "needs_confirmation");
  paths.confirmHold = confirm.replace(/\/confirm$/, "");
  paths.detailsHold = await hold(people.consumer, on("tallene-as"));
  paths.hold = await hold(people.consumer, NORDLI);
  await must(people.consumer.post(paths.hold, { about: "Hunden har spist en sokk." }), 200);
  paths.guestHold = await hold(people.guest, NORDLI);
  paths.lostHold = await hold(people.rival, on("snekker-hauge"));
  await must(people.rival.post(`${paths.lostHold}/release`), 200);
  paths.unverifiedHold = await hold(people.unverified, on("byggmester-asen"));
  const details = { about: "Et vindu som lekker.", account: "register", ...registration("Per Prøve", "per@example.no") };
  await must(people.unverified.post(paths.unverifiedHold, details), 200);
}

async function openAccounts(world, { people, paths }) {
  const { operator, newcomer, founder, nobody } = people;
  [paths.verify] = await mailTo(operator, "per@example.no", /\/verify\/[\w-]+/);
  for (const [visitor, name, email] of [
    [newcomer, "Nina Ny", "nina@example.no"],
    [founder, "Finn Fagmann", "finn@example.no"],
  ]) {
    await must(visitor.post("/register", registration(name, email)), 200);
    const [verify] = await mailTo(operator, email, /\/verify\/[\w-]+/);
    await must(visitor.post(verify), 200);
  }
  const signup = { name: "Fagmann AS", org_number: "", vat: "no", category: "plumber", place: "Voss", about: "Rør og varme." };
  await must(founder.post("/provider/signup", signup), 200);
  await must(nobody.post("/reset", { email: "nina@example.no" }), 200);
  const changed = "nina.ny@example.no";
  await must(newcomer.post("/account/email", { email: changed, password: PASSWORD }), 200);
  [paths.emailChange] = await mailTo(operator, changed, /\/account\/email\/[\w-]+/);
  [paths.reset] = await mailTo(operator, "nina@example.no", /\/reset\/[\w-]+/);
  paths.loginLink = new URL(seedLink({ seed: await world.server.command("seed-demo") }, "Provider")).pathname;
}

async function inviteStaff({ people, paths }) {
  const email = "siri@example.no";
  await must(people.provider.post("/provider/members", { action: "add", email }), 200);
  [paths.invitation] = await mailTo(people.operator, email, /\/invitation\/[\w-]+/);
}

/** An appointment whose card was kept, and declined the day before: it is to be paid anew. */
async function loseKeptCard(world, { people, paths }) {
  paths.anew = await book(people.consumer, `/providers/tallene-as?day=${workdayIn(DAYS_FAR_AHEAD)}`, "declined_later");
  moveToTomorrow(world.server, paths.anew.split("/").at(-1));
  await mailTo(people.operator, "kari@example.no", new RegExp(`${paths.anew}/payment`));
}

function registration(name, email) {
  return { name, email, phone: "40000002", place: "Bergen", password: PASSWORD, accept: "yes" };
}

async function must(answering, status) {
  const answer = await answering;
  if (answer.status !== status) throw new Error(`${answer.status} at ${answer.path}:\n${answer.text.slice(0, 2000)}`);
  return answer;
}

async function firstLink(visitor, path, pattern) {
  const { text } = await must(visitor.get(path), 200);
  const found = pattern.exec(text);
  if (found === null) throw new Error(`no ${pattern} at ${path}`);
  return found[1];
}

/** Holds the first free time on a provider's page; gives the hold's address. */
async function hold(visitor, page) {
  const { text } = await must(visitor.get(page), 200);
  const service = /name="service" value="([^"]+)"/.exec(text)?.[1];
  const start = /name="start" value="(\d+)"/.exec(text)?.[1];
  if (!service || !start) throw new Error(`no free time at ${page}`);
  const { path } = await must(visitor.post("/holds", { service, start }), 200);
  return path;
}

/** Books and pays; gives the address where that ended: the booking, or the bank's question. */
async function book(visitor, page, card) {
  const held = await hold(visitor, page);
  const payment = await must(visitor.post(held, { about: "Sikringen går hver gang ovnen slås på." }), 200);
  const fields = { provider: "test", method: card, withdrawal: "yes" };
  const paid = await must(visitor.post(payment.path, fields), 200);
  return paid.path.replace(/\?.*$/, "");
}

/** A weekday, so many days from now or a little later, as the addresses write it. */
function workdayIn(days) {
  const day = new Date(Date.now() + days * 86_400_000);
  while ([0, 6].includes(day.getUTCDay())) day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

/**
 * Holds the booked call between two browsers. `look(name, page)` is called at every moment worth looking at; nothing
 * moves on before it is done.
 */
export async function holdCall(world, scene, look) {
  const { origin } = world.server;
  const provider = await enter(world, scene, "provider", PROVIDER);
  const consumer = await enter(world, scene, "consumer", CONSUMER);
  const url = `${origin}${scene.paths.call.replace("/bookings/", "/call/")}`;
  beginNow(world.server, scene.paths.call.split("/").at(-1));
  await provider.page.goto(url);
  await provider.page.waitForFunction(() => document.querySelector(".preview video")?.videoWidth > 0);
  await look("call-device-check", provider.page);
  await joinCall(provider, url, "call");
  await joinCall(consumer, url, "lobby");
  await provider.page.waitForSelector('[data-action="admit"]');
  await look("call-lobby", consumer.page);
  await look("call-admit", provider.page);
  const today = await provider.context.newPage();
  await today.goto(`${origin}/provider`);
  await look("provider-today-waiting", today);
  await today.close();
  await provider.page.click('[data-action="admit"]');
  await waitForPhase(consumer.page, "call");
  await Promise.all([provider, consumer].map(({ page }) => page.waitForFunction(() => {
    const picture = document.querySelector('figure:not(.is-self) video[data-source="camera"]');
    return picture?.videoWidth > 0;
  })));
  await look("call-consumer", consumer.page);
  await look("call-provider", provider.page);
  const operator = await enter(world, scene, "operator", PROVIDER);
  await operator.page.goto(`${origin}/operator`);
  await operator.page.waitForSelector("tbody tr");
  await look("operator-calls", operator.page);
  const live = scene.paths.call.replace("/bookings/", "/operator/calls/");
  await must(scene.people.operator.post(live, { reason: "test" }), 200);
  await operator.page.goto(`${origin}${live}`);
  await look("operator-call", operator.page);
  for (const control of ["microphone", "camera"]) await provider.page.click(`[data-control="${control}"]`);
  await look("call-muted-provider", provider.page);
  await look("call-muted-consumer", consumer.page);
  // Less than twelve seconds cost less than a card can be charged.
  await waitForBillable(consumer.page, 13_000);
  await consumer.page.click('[data-control="leave"]');
  await waitForPhase(consumer.page, "ended");
  await look("call-ended", consumer.page);
  await endCall(provider);
  await waitForCharge(scene);
  await Promise.all([provider, consumer, operator].map((person) => person.kill()));
  return [provider, consumer, operator];
}

async function enter(world, scene, who, look) {
  const person = await world.person(`call-${who}`, look);
  await person.context.addCookies(scene.people[who].cookies);
  return person;
}

async function waitForCharge({ people, paths }) {
  const until = Date.now() + 40_000;
  for (;;) {
    const { text } = await must(people.consumer.get(paths.call), 200);
    if (/\/documents\//.test(text)) return;
    if (Date.now() > until) throw new Error("no receipt after the call");
    await new Promise((next) => setTimeout(next, 250));
  }
}

/** Who is reading: `page` belongs to a browser context that gets this person's cookies and language. */
export async function become(context, scene, who, locale, origin) {
  await context.clearCookies();
  await context.addCookies([...scene.people[who].cookies, { name: "booka_locale", value: locale, url: origin }]);
}

/** Opens one of `PAGES` and does there what it says. */
export async function openPage(page, scene, { path, status = 200, act }, origin) {
  const answer = await page.goto(`${origin}${path(scene)}`);
  if (answer.status() !== status) throw new Error(`${path(scene)} answered ${answer.status()}, not ${status}`);
  if (act) await act(page, scene);
}
