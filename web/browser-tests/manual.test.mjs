// The ways of the operator's manual that an empty server with SQLite and files does not take: PostgreSQL with its backup, and
// each proxy of deploy/proxy/, by the manual's own commands on machines of their own.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { configure, Machine, manual, missingForMachine } from "./machine.mjs";

const DEPLOY = join(dirname(fileURLToPath(import.meta.url)), "../../deploy");
const HOST = "booka.example";
const ORIGIN = `https://${HOST}`;
const READY_MS = 30_000;
const POSTGRES = "/usr/lib/postgresql/15/bin";
const COMMON = {
  public_url: `"${ORIGIN}"`,
  data_dir: '"/var/lib/booka"',
  "payments.free_only": "true",
  "mail.from": '"post@booka.example"',
  "controller.name": '"Hundehjelpen AS"',
  "controller.org_number": '"974760673"',
  "controller.email": '"personvern@booka.example"',
};

const missing = missingForMachine();
const machines = [];
after(() => machines.forEach((machine) => machine.end()));

function missingProgram(...programs) {
  const lacks = programs.filter((program) => {
    try {
      execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "pipe" });
      return false;
    } catch {
      return true;
    }
  });
  return lacks.length > 0 ? `there is no ${lacks.join(" and no ")} here` : null;
}

async function machine() {
  const one = await Machine.start();
  machines.push(one);
  return one;
}

/** As the manual has it: the server's account, and its configuration. */
const booka = (one, what) => one.run(manual("Install on Debian")[1].replace(/ doctor$/m, ` ${what}`));

/** One request by TLS, believing whoever answers; the answer's status, and its text. */
function ask(one, path, { method = "GET", headers = {}, body = "" } = {}) {
  return new Promise((done, fail) => {
    const options = { host: one.address, servername: HOST, path, method, rejectUnauthorized: false, agent: false, headers: { host: HOST, ...headers } };
    const asked = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => done({ status: answer.statusCode, text, headers: answer.headers }));
    });
    asked.on("upgrade", (answer, socket) => {
      socket.destroy();
      done({ status: answer.statusCode, text: "", headers: answer.headers });
    });
    asked.on("error", fail).end(body);
  });
}

async function waitUntilReady(one) {
  const until = Date.now() + READY_MS;
  for (;;) {
    const answer = await ask(one, "/readyz").catch((error) => ({ status: error.message }));
    if (answer.status === 200) return;
    if (Date.now() > until) throw new Error(`not ready after ${READY_MS} ms: ${answer.status}\n${one.journal()}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** Posts a form as the site's own page would. */
function post(one, path, form) {
  const headers = { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded" };
  return ask(one, path, { method: "POST", headers, body: new URLSearchParams(form).toString() });
}

function install(one, values, before = []) {
  const [files, doctor, start] = manual("Install on Debian");
  one.run(files);
  one.write("/etc/booka/config.toml", configure({ ...COMMON, "media.bind": `["${one.address}"]`, ...values }));
  for (const block of before) one.run(block);
  assert.doesNotMatch(one.run(doctor), /BROKEN/);
  one.run(start);
}

test("PostgreSQL by the manual: made, used, backed up and restored", { skip: missing ?? missingProgram("pg_dump", `${POSTGRES}/initdb`) ?? false }, async () => {
  const one = await machine();
  one.run(`install -d -o postgres /run/postgresql /var/lib/cluster
    runuser -u postgres -- ${POSTGRES}/initdb -A peer -D /var/lib/cluster
    runuser -u postgres -- ${POSTGRES}/pg_ctl -w -D /var/lib/cluster -l /var/lib/cluster/log -o "-c listen_addresses= -k /run/postgresql" start`);
  const tls = { "http.listen": '"0.0.0.0:443"', "tls.mode": '"files"', "tls.certificate": '"/etc/booka/fullchain.pem"', "tls.key": '"/etc/booka/privkey.pem"' };
  install(one, { ...tls, "database.url_file": '"/etc/booka/database_url"' }, [...manual("TLS and cameras"), ...manual("Database")]);
  await waitUntilReady(one);
  const setup = new URL(/https:\S+/.exec(booka(one, "operator-link"))[0]).pathname;
  const made = await post(one, setup, { name: "Olga", email: "olga@booka.example", password: "blå dør bak fjøset" });
  assert.equal(made.status, 303, made.text);

  const [, copyDatabase, copyFiles, , restore] = manual("Back up and restore");
  for (const commands of [copyDatabase, copyFiles, copyDatabase, copyFiles]) one.run(commands);
  // What comes after the backup is gone with the restore, and nothing else is.
  booka(one, "operator-link --new");
  one.run(restore);
  await waitUntilReady(one);
  assert.match(booka(one, "operator-link"), /signs olga@booka.example in/);
  assert.match(booka(one, "doctor"), /ok +the database answers/);
  assert.doesNotMatch(one.journal(), /panicked/);
});

/** What any proxy must do, seen from outside. */
async function assertProxied(one) {
  await waitUntilReady(one);
  assert.equal((await ask(one, "/")).status, 200);
  const metrics = await ask(one, "/metrics");
  assert.equal(metrics.status, 404, JSON.stringify(metrics));
  assert.equal((await ask(one, "/healthz")).status, 200);
  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  assert.equal((await ask(one, "/call/socket", { headers: { ...upgrade, origin: ORIGIN } })).status, 101);
  assert.equal((await ask(one, "/call/socket", { headers: { ...upgrade, origin: "https://evil.example" } })).status, 403);
  const lie = { origin: ORIGIN, "content-type": "application/x-www-form-urlencoded", "x-forwarded-for": "203.0.113.9" };
  const guess = await ask(one, "/login", { method: "POST", headers: lie, body: "email=ola%40example.no&password=hemmelig+gjetning" });
  assert.equal(guess.status, 422, guess.text);
  const failed = one.journal().split("\n").find((line) => line.includes("sign_in_failed"));
  const network = one.here.replace(/\d+$/, "0/24");
  assert.ok(failed?.includes(network), `what a visitor says of the address is not believed: ${failed}`);
  const huge = await ask(one, "/login", { method: "POST", headers: lie, body: `email=${"a".repeat(300_000)}` });
  assert.equal(huge.status, 413);
}

const BEHIND = { "http.listen": '"127.0.0.1:8080"', "http.trusted_proxies": '["127.0.0.1"]' };

test("nginx in front, by its example", { skip: missing ?? missingProgram("nginx") ?? false }, async () => {
  const one = await machine();
  install(one, BEHIND, manual("TLS and cameras"));
  one.write("/etc/nginx/conf.d/booka.conf", readFileSync(join(DEPLOY, "proxy/nginx.example"), "utf8"));
  one.run("rm -f /etc/nginx/sites-enabled/default && install -d /run/nginx /var/lib/nginx && nginx -t 2>&1 && nginx");
  await assertProxied(one);
});

test("Caddy in front, by its example", { skip: missing ?? missingProgram("caddy") ?? false }, async () => {
  const one = await machine();
  install(one, BEHIND);
  // No authority can be asked here.
  one.write("/etc/Caddyfile", `{\n\tlocal_certs\n\tskip_install_trust\n}\n${readFileSync(join(DEPLOY, "proxy/caddy.example"), "utf8")}`);
  one.run("cd /run && HOME=/run SITE=booka.example caddy start --config /etc/Caddyfile --adapter caddyfile </dev/null >/run/caddy.log 2>&1");
  await assertProxied(one);
});
