// Tests of going on beyond the highest price: when it is asked about, what each side reads, and what is said aloud.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Extension, type ExtensionStep, extensionKey, extensionSums, extensionTold, isExtensionDue } from "./extension";
import { initialState, reduce } from "./state";
import type { PriceTerms, Role } from "../generated/protocol";

const price: PriceTerms = {
  currency: "NOK",
  model: "per_minute",
  rate_minor: 1_500,
  increment_s: 60,
  free_s: 0,
  cap_minor: 15_000,
};

const offered: Extension = { last: null, offer: { amount_minor: 15_000, cap_minor: 30_000 } };

function last(state: ExtensionStep, number = 0): Extension {
  return { last: { number, state, amount_minor: 15_000, cap_minor: 30_000 }, offer: null };
}

test("it is asked about five minutes before the highest price, and only where time is counted", () => {
  const clock = (minutes: number) => ({ running: true, billable_ms: minutes * 60_000, cost_minor: 0, remaining_ms: 600_000 });
  assert.equal(isExtensionDue(price, clock(4)), false);
  assert.equal(isExtensionDue(price, clock(5)), true);
  assert.equal(isExtensionDue(price, clock(20)), true);
  assert.equal(isExtensionDue(price, clock(0)), false);
  assert.equal(isExtensionDue(price, null), false);
  assert.equal(isExtensionDue({ currency: "NOK", model: "fixed", amount_minor: 15_000 }, clock(20)), false);
  assert.equal(isExtensionDue({ currency: "NOK", model: "free" }, clock(20)), false);
});

test("each side reads its own words", () => {
  const check = (extension: Extension | null, role: Role, key: string | null) =>
    assert.equal(extensionKey(extension, role), key);
  check(null, "consumer", null);
  check(offered, "consumer", "call-extend-offer");
  check(offered, "provider", null);
  check(last("asked"), "consumer", "call-extend-asked");
  check(last("asked"), "provider", "call-extend-asks");
  check(last("agreed"), "provider", "call-extend-agreed");
  check(last("declined"), "consumer", "call-extend-declined");
  check(last("declined"), "provider", "call-extend-declined-by-you");
  check(last("granted"), "consumer", "call-extend-granted");
  check(last("withdrawn"), "provider", null);
  // A new offer stands in for what came to nothing before.
  check({ ...last("lapsed"), offer: offered.offer }, "consumer", "call-extend-offer");
  check({ ...last("lapsed"), offer: offered.offer }, "provider", "call-extend-lapsed");
  assert.deepEqual(extensionSums({ ...last("lapsed"), offer: offered.offer }, "consumer"), offered.offer);
});

test("what is new is said aloud once, and what was over before is not", () => {
  const provider = initialState("call", "provider");
  const asked = extensionTold(provider, last("asked"), { name: "Ola" });
  assert.equal(asked.notice?.key, "call-extend-asks");
  assert.equal(extensionTold(asked, last("asked"), {}).notice, asked.notice, "the same again is no news");
  const granted = extensionTold(asked, last("granted"), {});
  assert.equal(granted.notice?.key, "call-extend-granted");
  assert.equal(extensionTold(granted, last("asked", 1), {}).notice?.key, "call-extend-asks", "another question");
  assert.equal(extensionTold(provider, last("granted"), {}).notice, null);
});

test("a new price counts from when it is told, and what is pressed is sent", () => {
  const call = { id: "1", title: "", now: 0, opens_at: 0, starts_at: 0, ends_at: 0, price };
  const state = { ...initialState("call", "consumer"), info: call, phase: { at: "call" as const } };
  const raised: PriceTerms = { ...price, cap_minor: 30_000 };
  const [next] = reduce(state, { type: "message", attempt: 0, message: { type: "price", price: raised } });
  assert.deepEqual(next.info?.price, raised);
  const [, effects] = reduce(state, { type: "extension_pressed", action: "ask", amount_minor: 15_000 });
  assert.deepEqual(effects, [{ type: "act_on_extension", action: "ask", amount_minor: 15_000 }]);
});
