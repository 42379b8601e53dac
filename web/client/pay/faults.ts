// What is said when a card is not taken: one of the texts that the page brought.

import type { StripeError } from "./stripe";

export type Fault = "incomplete" | "number" | "expiry" | "code" | "failed";

/** Whose fault it is that there is no card, by Stripe's own codes. */
export function faultOf({ code = "", type = "" }: StripeError): Fault {
  if (code.startsWith("incomplete")) return "incomplete";
  if (/(invalid|incorrect)_number/.test(code)) return "number";
  if (code.includes("expiry") || code === "expired_card") return "expiry";
  if (/cvc/.test(code)) return "code";
  return type === "validation_error" ? "incomplete" : "failed";
}

/** Whether Stripe said how the bank's question was answered; else it can be asked again. */
export function isAnswered(error: StripeError | undefined): boolean {
  return error === undefined || !["api_connection_error", "api_error", "rate_limit_error"].includes(error.type ?? "");
}
