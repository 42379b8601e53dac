// Stripe as an outside process: localstripe, and in front of it a door that fills in what it lacks of Stripe's interface.
// Everything that comes through is noted, so that a test can say what was sent and what was not.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "./server.mjs";

const LOCALSTRIPE = "1.15.10";
const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "../node_modules/.cache/booka-localstripe");
const SECRET_KEY = "sk_test_booka";
export const PUBLISHABLE_KEY = "pk_test_booka";
export const WEBHOOK_SECRET = "whsec_booka";
const READY_MS = 20_000;
const INSTALL_MS = 180_000;

/** Cards and what localstripe does with them. */
export const CARDS = { good: "4242424242424242", asks: "4000002500003155", declined: "4000000000000341", refusedWhenKept: "4000000000000002" };

/** What its script lacks: naming a card, and the bank's question about either kind of intent. */
const MORE_SCRIPT = `
const makeStripe = Stripe;
Stripe = (key, options) => {
  const stripe = makeStripe(key);
  const post = async (path, body) => {
    const answer = await fetch(LOCALSTRIPE_BASE_API + path, { method: "POST", body: JSON.stringify({ key, ...body }) });
    const told = await answer.json();
    return answer.ok ? told : { error: told.error };
  };
  stripe.createPaymentMethod = async ({ card }) => {
    if (!card.value?.card.number) return { error: { type: "validation_error", code: "incomplete_number" } };
    const told = await post("/v1/payment_methods", { type: "card", card: card.value.card });
    return told.error ? { error: { type: "card_error", code: "incorrect_number" } } : { paymentMethod: told };
  };
  stripe.handleNextAction = async ({ clientSecret }) => {
    if (clientSecret.startsWith("pi_")) return stripe.confirmCardPayment(clientSecret);
    const confirmed = await openModal("3D Secure", "Complete authentication", "Fail authentication");
    const id = clientSecret.match(/^(seti_\\w+)_secret_/)[1];
    return post("/v1/setup_intents/" + id + (confirmed ? "/confirm" : "/cancel"), { client_secret: clientSecret });
  };
  stripe.account = options?.stripeAccount;
  return stripe;
};
`;

/** The Python that has localstripe, or why there is none. */
function install() {
  const python = join(FOLDER, "bin/python");
  const usable = () => {
    const version = execFileSync(python, ["-c", "import importlib.metadata as m; print(m.version('localstripe'))"], { stdio: ["ignore", "pipe", "pipe"] });
    if (String(version).trim() !== LOCALSTRIPE) throw new Error("another version");
  };
  try {
    usable();
    return { python };
  } catch {
    // Not there yet, or half made.
  }
  try {
    execFileSync("python3", ["-m", "venv", "--clear", FOLDER], { stdio: "pipe", timeout: INSTALL_MS });
    execFileSync(python, ["-m", "pip", "install", "--quiet", `localstripe==${LOCALSTRIPE}`], { stdio: "pipe", timeout: INSTALL_MS });
    usable();
    return { python };
  } catch (error) {
    return { reason: `localstripe cannot be installed: ${String(error.stderr ?? error).trim().split("\n").at(-1)}` };
  }
}

/** Starts both; `{ reason }` where that cannot be. */
export async function openDoor() {
  const { python, reason } = install();
  if (reason !== undefined) return { reason };
  const inner = await freePort();
  const child = spawn(python, ["-m", "localstripe", "--port", String(inner), "--from-scratch"], { stdio: "ignore" });
  const door = new Door(`http://127.0.0.1:${inner}`, child);
  const until = Date.now() + READY_MS;
  while (!(await fetch(`${door.inner}/js.stripe.com/v3/`).then((answer) => answer.ok, () => false))) {
    if (Date.now() > until) throw new Error("localstripe does not answer");
    await new Promise((next) => setTimeout(next, 50));
  }
  await door.listen();
  return { door };
}

class Door {
  /** Every request: `{ method, path, headers, body }`. */
  requests = [];
  /** What was captured of a payment; localstripe keeps no such number. */
  #captured = new Map();
  /** Answers by idempotency key. */
  #answers = new Map();
  #customersGone = new Set();
  #accounts = new Map();

  constructor(inner, child) {
    this.inner = inner;
    this.child = child;
  }

  async listen() {
    this.server = createServer((request, response) => {
      this.#answer(request).then(
        ({ status, type = "application/json", body }) => {
          response.writeHead(status, { "content-type": type, "access-control-allow-origin": "*", "access-control-allow-headers": "*" });
          response.end(type === "application/json" ? JSON.stringify(body) : body);
        },
        (error) => response.writeHead(500).end(JSON.stringify({ error: { type: "api_error", message: String(error) } })),
      );
    });
    this.server.listen(await freePort(), "127.0.0.1");
    await once(this.server, "listening");
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
  }

  /** How the server is told to take cards here. */
  environment(more = {}) {
    return {
      BOOKA_PAYMENTS__TEST: "false",
      BOOKA_PAYMENTS__STRIPE__SECRET_KEY: SECRET_KEY,
      BOOKA_PAYMENTS__STRIPE__PUBLISHABLE_KEY: PUBLISHABLE_KEY,
      BOOKA_PAYMENTS__STRIPE__WEBHOOK_SECRETS: `["${WEBHOOK_SECRET}"]`,
      BOOKA_PAYMENTS__STRIPE__API: this.origin,
      BOOKA_PAYMENTS__STRIPE__SCRIPT: `${this.origin}/js.stripe.com/v3/`,
      ...more,
    };
  }

  /** Hooks go there from now on. */
  async hooksTo(origin) {
    const body = JSON.stringify({ url: `${origin}/hooks/payments/stripe_test`, secret: WEBHOOK_SECRET });
    const answer = await fetch(`${this.inner}/_config/webhooks/booka`, { method: "POST", body });
    if (!answer.ok) throw new Error(`no hooks: ${answer.status}`);
  }

  /** All payments as Stripe knows them, the newest first. */
  async payments() {
    const { body } = await this.#ask("GET", "/v1/payment_intents?limit=100");
    return body.data.map((payment) => this.#completed(payment));
  }

  /** As a person does at Stripe's own pages. */
  async captureByHand(id) {
    await this.#ask("POST", `/v1/payment_intents/${id}/capture`);
  }

  async refunds() {
    return (await this.#ask("GET", "/v1/refunds?limit=100")).body.data.filter(({ metadata }) => metadata.refund);
  }

  /** As when the seller has told everything and the account is approved. */
  approve(account) {
    this.#accounts.set(account, { charges_enabled: true, details_submitted: true });
  }

  async close() {
    this.server?.close();
    this.server?.closeAllConnections();
    this.child.kill("SIGKILL");
    await once(this.child, "exit").catch(() => undefined);
  }

  async #ask(method, path, fields = {}) {
    const headers = { authorization: `Bearer ${SECRET_KEY}` };
    const body = method === "POST" ? JSON.stringify(fields) : undefined;
    const answer = await fetch(`${this.inner}${path}`, { method, headers, body });
    return { status: answer.status, body: await answer.json() };
  }

  async #answer(request) {
    const { method, url: path, headers } = request;
    let text = "";
    for await (const part of request) text += part;
    if (method === "OPTIONS") return { status: 204, type: "text/plain", body: "" };
    if (path === "/js.stripe.com/v3/") {
      const script = await (await fetch(`${this.inner}${path}`)).text();
      return { status: 200, type: "application/javascript", body: script + MORE_SCRIPT };
    }
    this.requests.push({ method, path, headers, body: text });
    const key = headers["idempotency-key"];
    const before = key === undefined ? undefined : this.#answers.get(key);
    if (before !== undefined) return before;
    const answer = await this.#act(method, path, text, headers);
    if (key !== undefined) this.#answers.set(key, answer);
    return answer;
  }

  async #act(method, path, text, headers) {
    const fields = text.startsWith("{") ? JSON.parse(text) : nested(new URLSearchParams(text));
    const [, kind, id, what] = path.split("?")[0].match(/^\/v1\/(\w+)(?:\/(\w+))?(?:\/(\w+))?$/) ?? [];
    if (kind === "accounts" || kind === "account_links") return this.#seller(method, kind, id, fields);
    // Pages name a card with the key that is public.
    if (kind === "payment_methods" && fields.key === PUBLISHABLE_KEY) delete fields.key;
    else if (headers.authorization !== `Bearer ${SECRET_KEY}` && fields.key !== PUBLISHABLE_KEY) return { status: 401, body: { error: {} } };
    if (kind === "payment_intents" && what === "confirm") return this.#confirm(id, fields);
    if (kind === "setup_intents" && what === "confirm") {
      const { payment_method, client_secret } = fields;
      return this.#ask("POST", path, payment_method === undefined ? { client_secret } : { payment_method });
    }
    if (kind === "setup_intents" && method === "GET") return this.#readKept(id);
    if (kind === "customers" && method === "DELETE") this.#customersGone.add(id);
    if (what === "capture") this.#captured.set(id, Number(fields.amount_to_capture));
    const answer = await this.#ask(method, path, fields);
    if (kind === "payment_intents" && id !== undefined && answer.status === 200) answer.body = this.#completed(answer.body);
    // What was reserved and not captured is no money that moved.
    if (kind === "refunds" && method === "GET") {
      for (const refund of answer.body.data) if (refund.metadata.refund === undefined) refund.balance_transaction = null;
    }
    return answer;
  }

  async #confirm(id, { payment_method }) {
    if (payment_method !== undefined) {
      const named = await this.#ask("POST", `/v1/payment_intents/${id}`, { payment_method });
      if (named.status !== 200) return named;
    }
    const answer = await this.#ask("POST", `/v1/payment_intents/${id}/confirm`, { expand: ["payment_method"] });
    if (answer.status === 402) answer.body.error.type = "card_error";
    if (answer.status === 200) answer.body = this.#completed(answer.body);
    return answer;
  }

  async #readKept(id) {
    const answer = await this.#ask("GET", `/v1/setup_intents/${id}`);
    if (this.#customersGone.has(answer.body.customer)) answer.body.customer = { id: answer.body.customer, deleted: true };
    if (answer.body.status === "canceled") answer.body.last_setup_error = { code: "setup_intent_authentication_failure" };
    return answer;
  }

  #completed(payment) {
    const captured = this.#captured.get(payment.id) ?? payment.amount;
    return {
      ...payment,
      amount_capturable: payment.status === "requires_capture" ? payment.amount : 0,
      amount_received: payment.status === "succeeded" ? captured : 0,
    };
  }

  #seller(method, kind, id, fields) {
    if (kind === "account_links") {
      return { status: 200, body: { object: "account_link", url: `${this.origin}/onboarding/${fields.account}` } };
    }
    if (method === "POST") {
      const account = `acct_booka${this.#accounts.size + 1}`;
      this.#accounts.set(account, { charges_enabled: false, details_submitted: false });
      return { status: 200, body: { id: account, object: "account" } };
    }
    const found = this.#accounts.get(id);
    return found === undefined ? { status: 404, body: { error: {} } } : { status: 200, body: { id, ...found } };
  }
}

/** `a[b]=c&d[]=e` as `{ a: { b: "c" }, d: ["e"] }`. */
function nested(pairs) {
  const fields = {};
  for (const [name, value] of pairs) {
    const [, outer, inner] = name.match(/^([^[]+)(?:\[(\w*)\])?$/) ?? [];
    if (inner === undefined) fields[outer] = value;
    else if (inner === "") (fields[outer] ??= []).push(value);
    else (fields[outer] ??= {})[inner] = value;
  }
  return fields;
}
