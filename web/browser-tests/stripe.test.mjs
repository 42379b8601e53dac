// Cards by Stripe in a real browser: typed into fields of its own script, against localstripe as an outside process.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import * as h from "./harness.mjs";
import { CARDS, openDoor } from "./stripe-door.mjs";
import { beginNow, endCall, findService, holdFirstTime, linkFromOutbox, meet, moveToTomorrow, registerInFlow } from "./walk.mjs";

const VET = "Dyreklinikken Nordli";
const PRICE = 45_000;
const DAY_MS = 86_400_000;

let door;
let world;
let missing;
/** The appointment that was booked first. */
let first;

before(async () => {
  const opened = await openDoor();
  missing = opened.reason;
  if (missing !== undefined) return;
  door = opened.door;
  world = await h.startWorld(door.environment());
  await door.hooksTo(world.server.origin);
  await world.cast();
  await letThrough(world.consumer);
});

after(async () => {
  await world?.end();
  await door?.close();
});

/** Stripe's hosts are for the payment pages; whatever else is asked elsewhere is still noted as a stranger's. */
async function letThrough({ context }) {
  await context.route((url) => url.origin === door.origin, (route) => route.continue());
}

const stripe = (name, tell) => test(name, { timeout: 180_000 }, (t) => (missing === undefined ? world.story(tell) : t.skip(missing)));

async function typeCard(page, number) {
  await page.waitForSelector('[data-pay-card] [placeholder="number"]');
  for (const [field, value] of [["number", number], ["exp_month", "12"], ["exp_year", "40"], ["cvc", "123"], ["postal_code", "5003"]]) {
    await page.fill(`[data-pay-card] [placeholder="${field}"]`, value);
  }
}

async function pay(page, number) {
  await typeCard(page, number);
  const tick = page.locator("#withdrawal");
  if ((await tick.count()) > 0) await tick.check();
  await page.click("main form.stack-l button.btn");
}

const booked = (page) => page.waitForURL(/\/bookings\/[^/?]+/).then(() => new URL(page.url()).pathname.split("/").at(-1));

/** Somebody who is signed in holds a time, on that many days' notice, and comes to the payment. */
async function holdAnother(page, daysAhead = 0) {
  await findService(page, world.server.origin, "Bergen", VET, "Videotime");
  if (daysAhead > 0) {
    const day = new Date(Date.now() + daysAhead * DAY_MS).toISOString().slice(0, 10);
    const url = new URL(page.url());
    url.searchParams.set("day", day);
    await page.goto(url.href);
  }
  await holdFirstTime(page);
  await page.fill("#about", "Katten hoster.");
  await page.click("main .actions button.btn");
  await page.waitForURL((url) => url.pathname.endsWith("/payment"));
}

async function newest() {
  const payments = await door.payments();
  return payments.sort((one, other) => other.created - one.created).find(({ status }) => status !== "canceled");
}

/** The status of the payment with that id, once it is `status`. */
async function waitForStatus(find, status) {
  const until = Date.now() + h.WAIT_MS;
  for (;;) {
    const found = await find();
    if (found?.status === status) return found;
    if (Date.now() > until) throw new Error(`not ${status}: ${JSON.stringify(found)}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

// S17, S62.
stripe("a visitor books and pays by card, and the number comes nowhere near the server", async () => {
  const { consumer } = world;
  const { page } = consumer;
  await comeToPayment(world, consumer, h.OLA);
  await typeCard(page, CARDS.good);
  assert.match(await page.innerText("main"), /Testbetaling/, "a key for tests says so");
  // The fields of the stand-in have no labels; Stripe's own are in a frame of theirs.
  await page.evaluate(() => document.querySelectorAll("[data-pay-card] input").forEach((input) => input.setAttribute("aria-label", input.placeholder)));
  assert.deepEqual(await h.seriousFindings(page), []);
  // What is not ticked is said before the card leaves its fields.
  await page.click("main form.stack-l button.btn");
  assert.equal(await page.inputValue('[data-pay-card] [placeholder="number"]'), CARDS.good);
  await page.check("#withdrawal");
  await page.click("main form.stack-l button.btn");
  first = await booked(page);
  const paid = await newest();
  assert.deepEqual([paid.status, paid.amount, paid.currency], ["requires_capture", PRICE, "nok"]);
  const ours = door.requests.filter(({ headers }) => headers["stripe-version"] !== undefined);
  assert.ok(ours.length >= 2);
  for (const { path, body } of ours) assert.ok(!`${path}${body}`.includes(CARDS.good), "no number in what the server sends");
  h.assertClean(consumer);
});

stripe("after the call what was talked is taken, and what the business pays back goes back", async () => {
  const { consumer, provider, server } = world;
  const { id } = await newest();
  beginNow(server, first);
  await meet(provider, consumer, server.origin, first);
  await h.waitForBillable(consumer.page, 21_000);
  await endCall(provider);
  const taken = await waitForStatus(async () => (await door.payments()).find((one) => one.id === id), "succeeded");
  assert.ok(taken.amount_received >= 500 && taken.amount_received < PRICE, `${taken.amount_received}`);
  // Stripe knows of it before our server has its answer.
  const until = Date.now() + h.WAIT_MS;
  do {
    await provider.page.goto(`${server.origin}/bookings/${first}/refund`);
  } while ((await provider.page.locator("#amount").count()) === 0 && Date.now() < until);
  await provider.page.fill("#amount", "2,50");
  await provider.page.fill("#reason", "Bildet hang");
  await provider.page.click("main .actions button.btn");
  await waitForStatus(async () => (await door.refunds())[0], "succeeded");
  const [refund] = await door.refunds();
  assert.deepEqual([refund.amount, refund.payment_intent, refund.metadata.payment], [250, id, taken.metadata.payment]);
  await consumer.page.goto(`${server.origin}/bookings/${first}`);
  assert.match(await consumer.page.innerText("main"), /2,50/);
});

stripe("what is wrong with a card is said beside its fields, in both languages", async () => {
  const { page } = world.consumer;
  await holdAnother(page);
  for (const [locale, words] of [["nb", "Fyll ut kortnummer"], ["en", "Fill in the card number"]]) {
    await world.consumer.context.addCookies([{ name: "booka_locale", value: locale, url: world.server.origin }]);
    await page.reload();
    await page.waitForSelector('[data-pay-card] [placeholder="number"]');
    const tick = page.locator("#withdrawal");
    if ((await tick.count()) > 0) await tick.check();
    await page.click("main form.stack-l button.btn");
    await page.waitForSelector("[data-pay-error]:not([hidden])");
    assert.match(await page.innerText("[data-pay-error]"), new RegExp(words, "u"));
    assert.ok(await page.isEnabled("main form.stack-l button.btn"), "it can be pressed again");
  }
  await world.consumer.context.addCookies([{ name: "booka_locale", value: "nb", url: world.server.origin }]);
});

stripe("without a script the payment page says what is needed", async () => {
  const { context, page } = world.consumer;
  const plain = await context.browser().newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
  const bare = await plain.newPage();
  await bare.goto(page.url());
  assert.match(await bare.innerText("main"), /må JavaScript være på/u);
  await plain.close();
});

stripe("a declined card is told of, and another one pays", async () => {
  const { page } = world.consumer;
  await holdAnother(page);
  await pay(page, CARDS.declined);
  await page.waitForSelector(".errors");
  await pay(page, CARDS.good);
  await booked(page);
  assert.equal((await newest()).status, "requires_capture");
});

stripe("the bank asks in the page, and the answer books", async () => {
  const { page } = world.consumer;
  await holdAnother(page);
  await pay(page, CARDS.asks);
  await page.waitForURL(/\/confirm$/);
  await page.click("text=Complete authentication");
  await booked(page);
  assert.equal((await newest()).status, "requires_capture");
  h.assertClean(world.consumer);
});

stripe("what the bank is told no to is not paid", async () => {
  const { page } = world.consumer;
  await holdAnother(page);
  await pay(page, CARDS.asks);
  await page.waitForURL(/\/confirm$/);
  await page.click("text=Fail authentication");
  await page.waitForSelector(".errors");
  assert.match(await page.innerText(".errors"), /bekreft/u);
  await pay(page, CARDS.good);
  await booked(page);
});

stripe("a cancelled appointment gives back what was reserved", async () => {
  const { page } = world.consumer;
  await holdAnother(page);
  await pay(page, CARDS.good);
  const id = await booked(page);
  const { id: payment } = await newest();
  await page.goto(`${world.server.origin}/bookings/${id}/cancel`);
  await page.click("main form button.btn");
  await waitForStatus(async () => (await door.payments()).find((one) => one.id === payment), "canceled");
});

stripe("far ahead the card is kept, and reserved the day before while nobody is there", async () => {
  const { page } = world.consumer;
  await holdAnother(page, 9);
  const before = (await door.payments()).length;
  await pay(page, CARDS.good);
  const id = await booked(page);
  assert.equal((await door.payments()).length, before, "nothing is reserved yet");
  moveToTomorrow(world.server, id);
  const reserved = await waitForStatus(async () => {
    const payments = await door.payments();
    return payments.length > before ? newest() : undefined;
  }, "requires_capture");
  assert.ok(reserved.customer.startsWith("cus_"), "it was charged to the kept card's own customer");
  const confirm = door.requests.findLast(({ path }) => path === `/v1/payment_intents/${reserved.id}/confirm`);
  assert.match(confirm.body, /off_session=true/);
});

stripe("doctor says where Stripe sends its hooks, and one that an outside program signs is taken", async () => {
  const { server } = world;
  const said = await server.command("doctor").catch((error) => error.message);
  assert.ok(said.includes(`Stripe takes our key; its webhooks go to ${server.origin}/hooks/payments/stripe_test`), said);
  const { id } = await newest();
  await door.captureByHand(id);
  const count = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT COUNT(*) FROM psp_event').fetchone()[0])";
  const events = () => Number(execFileSync("python3", ["-c", count, `${server.environment.BOOKA_DATA_DIR}/booka.sqlite`]));
  await waitForStatus(async () => ({ status: events() > 0 }), true);
});

/** A visitor of another server registers, and stands before the payment. */
async function comeToPayment(own, { page }, person) {
  await findService(page, own.server.origin, "Bergen", VET, "Videotime");
  await holdFirstTime(page);
  await registerInFlow(page, person);
  await page.goto(await linkFromOutbox(own.operator.page, own.server.origin, person.email, "Bekreft"));
  await page.click("main form button.btn");
  await page.waitForURL((url) => url.pathname.endsWith("/payment"));
}

stripe("a business opens an account of its own, and is paid there", async () => {
  const own = await h.startWorld(door.environment({ BOOKA_PAYMENTS__STRIPE__CONNECT: "true" }));
  try {
    await own.cast();
    await letThrough(own.consumer);
    const { page } = own.provider;
    await page.goto(`${own.server.origin}/provider/services`);
    await page.click("text=Ta imot betaling");
    assert.deepEqual(await h.seriousFindings(page), []);
    await page.click("main form button.btn");
    const account = (await page.getAttribute("main a.btn", "href")).split("/").at(-1);
    const offered = async () => {
      await own.consumer.page.goto(`${own.server.origin}/providers/dyreklinikken-nordli`);
      return (await own.consumer.page.locator('main :text("Videotime")').count()) > 0;
    };
    assert.equal(await offered(), false, "not before the account takes payments");
    door.approve(account);
    await page.goto(`${own.server.origin}/provider/payments`);
    assert.match(await page.innerText("main"), /tar imot betaling/u);
    // The job asks once a minute.
    const until = Date.now() + 90_000;
    while (!(await offered())) {
      assert.ok(Date.now() < until, "offered once the account takes payments");
      await own.consumer.page.waitForTimeout(1_000);
    }
    await comeToPayment(own, own.consumer, h.OLA);
    await pay(own.consumer.page, CARDS.good);
    await booked(own.consumer.page);
    const confirm = door.requests.findLast(({ path }) => path.endsWith("/confirm"));
    assert.equal(confirm.headers["stripe-account"], account);
  } finally {
    await own.end();
  }
});
