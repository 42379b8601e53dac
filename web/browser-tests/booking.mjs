// Booking without a browser: what the pages' forms send, for tests that are about the call and not about the way there.
import { setTimeout as wait } from "node:timers/promises";
import { seedLink } from "./walk.mjs";

/** Somebody with cookies who sends forms as a browser would. */
export class Visitor {
  #origin;
  #cookies = new Map();

  constructor(origin) {
    this.#origin = origin;
  }

  async get(path) {
    return this.#fetch(path, { method: "GET" });
  }

  async post(path, fields = {}) {
    return this.#fetch(path, { method: "POST", body: new URLSearchParams(fields), headers: { origin: this.#origin } });
  }

  /** The cookies, as Playwright takes them. */
  get cookies() {
    return [...this.#cookies].map(([name, value]) => ({ name, value, url: this.#origin }));
  }

  /** Follows redirects itself, since cookies come with them. */
  async #fetch(path, options) {
    let url = new URL(path, this.#origin);
    let request = options;
    for (let hop = 0; hop < 5; hop += 1) {
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await fetch(url, { ...request, headers: { ...request.headers, cookie }, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/max-age=0(;|$)/i.test(line)) this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const next = answer.headers.get("location");
      if (next === null) return { status: answer.status, path: url.pathname + url.search, text: await answer.text() };
      url = new URL(next, url);
      request = { method: "GET" };
    }
    throw new Error(`${path}: redirected in circles`);
  }
}

function must(condition, what, answer) {
  if (!condition) throw new Error(`${what}: ${answer.status} at ${answer.path}\n${answer.text.slice(0, 3000)}`);
}

/** Signs in by a one-time link, as `booka seed-demo` prints them. */
export async function signInByLink(visitor, link) {
  const path = new URL(link).pathname;
  const answer = await visitor.post(path);
  must(answer.status === 200 && !answer.path.startsWith("/login"), "sign in by link", answer);
}

/** The newest mail to `address` on the operator's outbox page, whose text `pattern` matches. */
export async function mailTo(operator, address, pattern, timeoutMs = 10_000) {
  const until = Date.now() + timeoutMs;
  while (Date.now() < until) {
    const list = await operator.get("/operator/outbox");
    must(list.status === 200, "the outbox", list);
    for (const [, path] of list.text.matchAll(/href="(\/operator\/outbox\/[^"]+)"/g)) {
      const mail = await operator.post(path, { reason: "test" });
      const found = mail.text.includes(address) && pattern.exec(mail.text);
      if (found) return found;
    }
    await wait(100);
  }
  throw new Error(`no mail to ${address} with ${pattern}`);
}

/**
 * Registers a consumer with the next free time of the provider `slug`, pays, and gives back the visitor and the call's id.
 */
export async function bookNow(origin, operator, slug, email, name = "Kari Prøve") {
  const consumer = new Visitor(origin);
  const page = await consumer.get(`/providers/${slug}`);
  must(page.status === 200, "the provider's page", page);
  const service = /name="service" value="([^"]+)"/.exec(page.text)?.[1];
  const start = /name="start" value="(\d+)"/.exec(page.text)?.[1];
  must(service && start, "a free time", page);
  const held = await consumer.post("/holds", { service, start });
  must(held.path.startsWith("/book/"), "hold", held);
  const details = await consumer.post(held.path, {
    about: "En katt som halter.",
    account: "register",
    name,
    email,
    phone: "40000001",
    place: "Bergen",
    password: "tre ord til sammen",
    accept: "yes",
  });
  must(details.status === 200, "details", details);
  const [verify] = await mailTo(operator, email, /\/verify\/[\w-]+/);
  await consumer.get(verify);
  const verified = await consumer.post(verify);
  must(/^\/book\/[^/]+\/payment/.test(verified.path), "verify", verified);
  const paid = await consumer.post(verified.path, {
    provider: "test",
    method: "accepted",
    withdrawal: "yes",
    price: /name="price" value="([^"]*)"/.exec(verified.text)?.[1] ?? "",
  });
  const call = /^\/bookings\/([\w-]+)/.exec(paid.path)?.[1];
  must(call, "pay", paid);
  return { consumer, call };
}

/** A call of the seeded provider that a new consumer booked: its id, and both of them, signed in. */
export async function bookCall(world, name) {
  const { origin } = world.server;
  const [operator, provider] = [new Visitor(origin), new Visitor(origin)];
  await signInByLink(operator, seedLink(world, "Operator"));
  await signInByLink(provider, seedLink(world, "Provider"));
  const slug = /\/providers\/([\w-]+)"/.exec((await provider.get("/provider/profile")).text)[1];
  return { provider, ...(await bookNow(origin, operator, slug, "kari@prove.example", name)) };
}
