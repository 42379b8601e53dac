import assert from "node:assert/strict";
import { test } from "node:test";
import { faultOf, isAnswered } from "./faults";

test("each of Stripe's codes has its text", () => {
  const check = (code: string, expected: string) => assert.equal(faultOf({ type: "validation_error", code }), expected, code);
  check("incomplete_number", "incomplete");
  check("incomplete_cvc", "incomplete");
  check("invalid_number", "number");
  check("incorrect_number", "number");
  check("invalid_expiry_year_past", "expiry");
  check("invalid_expiry_month", "expiry");
  check("invalid_cvc", "code");
  assert.equal(faultOf({ type: "api_connection_error" }), "failed");
  assert.equal(faultOf({}), "failed");
});

test("only an answer that Stripe gave goes on", () => {
  assert.equal(isAnswered(undefined), true);
  assert.equal(isAnswered({ type: "invalid_request_error", code: "payment_intent_authentication_failure" }), true);
  assert.equal(isAnswered({ type: "api_connection_error" }), false);
});
