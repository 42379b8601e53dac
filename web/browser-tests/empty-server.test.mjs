// An empty server, set up by the operator's manual alone, under the unit's rules: from the first operator to a call that was
// held. Nothing is seeded, and nothing is written past the pages.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as h from "./harness.mjs";
import { configure, Machine, manual, missingForMachine } from "./machine.mjs";
import { mailSink } from "./mail-sink.mjs";
import { endCall, findService, meet, registerInFlow } from "./walk.mjs";

const HOST = "booka.example";
const ORIGIN = `https://${HOST}`;
const OPERATOR = { name: "Olga Operatør", email: "olga@booka.example", password: "blå dør bak fjøset" };
const FOUNDER = { name: "Finn Fagmann", email: "finn@example.no", password: "tre ord til sammen", phone: "40 00 00 02" };
const BUSINESS = { name: "Bergen Hundehjelp", service: "Et spørsmål om hunden" };
const READY_MS = 30_000;
/** A time that begins sooner may begin before it is booked. */
const BOOKING_MS = 30_000;
const SETTLED_MS = 30_000;

const missing = missingForMachine();
const folder = mkdtempSync(join(tmpdir(), "booka-empty-"));
const people = [];
let machine;
let mail;

/** As the manual has it: the server's account, and its configuration. */
const booka = (what) => machine.run(manual("Install on Debian")[1].replace(/ doctor$/m, ` ${what}`));

before(async () => {
  if (missing !== null) return;
  machine = await Machine.start();
  mail = await mailSink(machine.here);
});

after(async () => {
  await Promise.all(people.map((person) => person.kill()));
  mail?.end();
  machine?.end();
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** Follows the manual: installs, edits the example configuration, makes a certificate, asks the doctor, starts. */
async function install() {
  const [files, doctor, start] = manual("Install on Debian");
  machine.run(files);
  machine.write("/etc/booka/config.toml", configure({
    public_url: `"${ORIGIN}"`,
    data_dir: '"/var/lib/booka"',
    "http.listen": '"0.0.0.0:443"',
    "tls.mode": '"files"',
    "tls.certificate": '"/etc/booka/fullchain.pem"',
    "tls.key": '"/etc/booka/privkey.pem"',
    "media.bind": `["${machine.address}"]`,
    "payments.free_only": "true",
    "mail.transport": '"smtp"',
    "mail.from": '"Hundehjelpen <post@booka.example>"',
    "mail.smtp_host": `"${machine.here}"`,
    "mail.smtp_port": String(mail.port),
    "mail.smtp_tls": '"off"',
    "controller.name": '"Hundehjelpen AS"',
    "controller.org_number": '"974760673"',
    "controller.email": '"personvern@booka.example"',
  }));
  for (const block of manual("TLS and cameras")) machine.run(block);
  // It signs in at our mail server.
  const said = await machine.runBeside(doctor);
  assert.doesNotMatch(said, /BROKEN/);
  assert.equal(machine.run("ls -A /var/lib/booka"), "", "the doctor makes nothing (F10)");
  machine.run(start);
}

async function waitUntilReady() {
  const ca = machine.run("cat /etc/booka/fullchain.pem");
  const ask = () => new Promise((done) => {
    get({ host: machine.address, servername: HOST, path: "/readyz", ca, headers: { host: HOST } }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    }).on("error", (error) => done(error.message));
  });
  const until = Date.now() + READY_MS;
  for (let answer = await ask(); answer !== 200; answer = await ask()) {
    if (Date.now() > until) throw new Error(`not ready after ${READY_MS} ms: ${answer}\n${machine.journal()}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** The unit's rules hold for the process that serves: who it is, what it may do, and where it may write. */
function assertConfined() {
  const pid = machine.run("pgrep -u booka -f 'booka.*serve'").trim();
  const status = machine.run(`cat /proc/${pid}/status`);
  const line = (name) => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)[1];
  const bindsLowPorts = (1n << 10n).toString(16).padStart(16, "0");
  assert.deepEqual(
    Object.fromEntries(["CapEff", "CapBnd", "NoNewPrivs", "Seccomp"].map((name) => [name, line(name)])),
    { CapEff: bindsLowPorts, CapBnd: bindsLowPorts, NoNewPrivs: "1", Seccomp: "2" },
  );
  assert.doesNotMatch(line("Uid"), /\b0\b/);
  const inside = (command) => machine.run(`nsenter --target ${pid} --mount sh -c '${command}' 2>&1 || true`);
  for (const path of ["/etc/booka/x", "/usr/local/bin/x", "/var/lib/x"]) assert.match(inside(`touch ${path}`), /Read-only/, path);
  assert.equal(inside("touch /var/lib/booka/x && rm /var/lib/booka/x"), "");
  assert.equal(inside("ls -A /tmp"), "");
  assert.match(inside("ls /proc/sys"), /No such file/);
}

/** Somebody with a browser that trusts the certificate of this server and of no other. */
async function person(name, look) {
  const certificate = new X509Certificate(machine.run("cat /etc/booka/fullchain.pem"));
  const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
  const args = [`--host-resolver-rules=MAP ${HOST} ${machine.address}`, `--ignore-certificate-errors-spki-list=${key}`];
  const one = await h.openPerson(name, ORIGIN, folder, look, { args });
  people.push(one);
  return one;
}

/** Opens the link in the newest mail to somebody, and presses its button. */
async function followMail(page, to, subject) {
  const { text } = await mail.next(to, subject);
  await page.goto(/https:\S+/.exec(text)[0]);
}

async function makeOperator({ page }) {
  const link = /https:\S+/.exec(booka("operator-link"))[0];
  await page.goto(link);
  for (const [field, value] of Object.entries(OPERATOR)) await page.fill(`#${field}`, value);
  await page.click("main .actions button.btn");
  await page.waitForURL(`${ORIGIN}/operator`);
  assert.deepEqual(await page.locator(".missing li strong").allInnerTexts(), ["Ingen bedrift har en side ennå, så det er ingenting å bestille."]);
}

async function openBusiness({ page }) {
  await page.goto(`${ORIGIN}/provider/signup`);
  await page.click("main .actions a.btn");
  for (const [field, value] of Object.entries({ ...FOUNDER, place: "Bergen" })) await page.fill(`#${field}`, value);
  await page.check('input[name="accept"]');
  await page.click("main .actions button.btn");
  await followMail(page, FOUNDER.email, /Bekreft/);
  await page.click("main form button.btn");
  await page.waitForURL(/\/provider\/signup\?/);
  await page.fill("#name", BUSINESS.name);
  await page.check('input[name="vat"][value="no"]');
  await page.selectOption("#category", "vet");
  await page.fill("#place", "Bergen");
  await page.fill("#about", "Vi svarer på spørsmål om hunder.");
  await page.click("main .actions button.btn");
  await page.waitForURL(/\/provider(\?|$)/);

  await page.goto(`${ORIGIN}/provider/services/new`);
  await page.fill("#title", BUSINESS.service);
  await page.fill("#description", "Kort og gratis.");
  await page.check('input[name="kind"][value="free"]');
  await page.fill("#duration_min", "5");
  await page.fill("#notice_h", "0");
  await page.click('main button[value="save"]');
  await page.waitForURL(/\/provider\/services(\?|$)/);

  await sayWhoSells(page);
  await page.goto(`${ORIGIN}/provider/hours`);
  for (let day = 1; day <= 7; day += 1) {
    await page.fill(`#d${day}_1_from`, "00:00");
    await page.fill(`#d${day}_1_to`, "24:00");
  }
  await page.click('main button[value="save"]');
  await page.waitForURL(/\/provider\/hours\?/);
  await page.goto(`${ORIGIN}/provider/profile`);
  await page.click('main button[value="publish"]');
  await page.waitForSelector("main .chip.good");
  await page.goto(`${ORIGIN}/providers/bergen-hundehjelp`);
  assert.match(await page.innerText("main"), new RegExp(`Hvem du kjøper av\\s+${FOUNDER.name}\\s+Storgata 1\\s+5003 Bergen`));
}

/** A person without an organisation number says who sells; what is missing is told at once, and what was typed stays. */
async function sayWhoSells(page) {
  await page.goto(`${ORIGIN}/provider/seller`);
  const person = { legal_name: FOUNDER.name, address: "Storgata 1", postcode: "5003", town: "Bergen", phone: FOUNDER.phone };
  await page.fill("#postcode", "503");
  await page.click("main .actions button.btn");
  await page.waitForSelector("#errors");
  for (const [field, value] of Object.entries(person)) await page.fill(`#${field}`, value);
  assert.equal(await page.inputValue("#legal_form"), "person");
  assert.equal(await page.inputValue("#email"), FOUNDER.email);
  await page.click("main .actions button.btn");
  await page.waitForURL(/\/provider\/seller\?notice=seller-stated/);
}

/** Finds the business by search and takes a time that begins soon; gives the call's id and when it begins. */
async function book({ page }) {
  await findService(page, ORIGIN, "Bergen", BUSINESS.name, BUSINESS.service);
  const soonest = (Date.now() + BOOKING_MS) * 1000;
  const starts = await page.locator("button.time").evaluateAll((buttons) => buttons.map((button) => Number(button.value)));
  const number = starts.findIndex((start) => start > soonest);
  await page.locator("button.time").nth(number).click();
  await page.waitForURL(/\/book\/[^/]+$/);
  await registerInFlow(page, h.OLA);
  await followMail(page, h.OLA.email, /Bekreft/);
  await page.click("main form button.btn");
  await page.waitForURL(/\/payment(\?|$)/);
  await page.click("main form.stack-l button.btn");
  await page.waitForURL(/\/bookings\/[^/?]+/);
  return { id: new URL(page.url()).pathname.split("/").at(-1), startsAt: starts[number] / 1000 };
}

/** The page after the call says how long both were there, once the call is settled. */
async function seeAfterPage(page, id) {
  const until = Date.now() + SETTLED_MS;
  for (;;) {
    await page.goto(`${ORIGIN}/bookings/${id}`);
    if ((await page.locator("main tfoot td").count()) > 0) return;
    if (Date.now() > until) throw new Error(`not settled after ${SETTLED_MS} ms:\n${await page.innerText("main")}`);
    await page.waitForTimeout(300);
  }
}

test("an empty server, set up by the manual, holds a free call from search to the page after it, and comes back from its backup", { skip: missing ?? false }, async () => {
  await install();
  await waitUntilReady();
  assertConfined();
  try {
    const operator = await person("operator", h.PROVIDER);
    const provider = await person("provider", h.PROVIDER);
    const consumer = await person("consumer", h.CONSUMER);
    await makeOperator(operator);
    await openBusiness(provider);
    const { id, startsAt } = await book(consumer);

    await followMail(consumer.page, h.OLA.email, /Bestilt/);
    await meet(provider, consumer, ORIGIN, id);
    await h.seeColours(consumer.page, [h.PROVIDER.left, h.PROVIDER.right]);
    await h.seeColours(provider.page, [h.CONSUMER.left, h.CONSUMER.right]);
    for (const [{ page }, tone] of [[consumer, h.PROVIDER.tone], [provider, h.CONSUMER.tone]]) {
      assert.ok(Math.abs((await h.remoteTone(page)) - tone) < 12, `a tone of ${tone} Hz`);
    }
    // A call can be ended once both have talked since its start, of which the media server tells once a second.
    await provider.page.waitForTimeout(Math.max(0, startsAt + 3_000 - Date.now()));
    await endCall(provider);
    await h.waitForPhase(consumer.page, "ended");
    for (const { page } of [consumer, provider]) await seeAfterPage(page, id);
    // The only thing that was missing after the manual was a business.
    await operator.page.goto(`${ORIGIN}/operator`);
    assert.equal(await operator.page.locator("#missing").count(), 0, "nothing is missing any more (A5)");

    const [copyDatabase, , copyFiles, restore] = manual("Back up and restore");
    // A backup is made again and again.
    for (const commands of [copyDatabase, copyFiles, copyDatabase, copyFiles, restore]) machine.run(commands);
    await waitUntilReady();
    await seeAfterPage(consumer.page, id);
    for (const one of people) h.assertClean(one);
  } catch (error) {
    error.message += `\n${people.map(({ name, page }) => `${name} ${page.url()}`).join(", ")}\n${machine.journal().slice(-3000)}`;
    throw error;
  }
});
