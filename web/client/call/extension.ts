// Going on beyond the highest price: what the server says about it, and what the page says and asks.
import type { Clock, PriceTerms, Role } from "../generated/protocol";
import { cap, costOf } from "./meter";
import { say } from "./state/notice";
import type { State } from "./state/types";

export type ExtensionStep = "asked" | "agreed" | "granted" | "declined" | "refused" | "withdrawn" | "lapsed";

/** The server's word. Amounts are minor units; `cap_minor` is the highest price with it, or as it is where it came to nothing. */
export interface Extension {
  last: { number: number; state: ExtensionStep; amount_minor: number; cap_minor: number } | null;
  /** What the consumer may ask for now. */
  offer: { amount_minor: number; cap_minor: number } | null;
}

/** What somebody presses. */
export type ExtensionAction = "ask" | "withdraw" | "agree" | "decline";

/** The server offers it from here on. */
const OFFERED_WITHIN_MS = 5 * 60_000;

/** Whether there may be something to ask or to answer: the highest price is near. */
export function isExtensionDue(price: PriceTerms, clock: Clock | null): boolean {
  const most = cap(price);
  if (most === null || most <= 0 || clock === null || clock.billable_ms <= 0) return false;
  return costOf(price, clock.billable_ms + OFFERED_WITHIN_MS) >= most;
}

/** Key of what the card says to a side; null where there is nothing to say. */
export function extensionKey(extension: Extension | null, role: Role): string | null {
  const { last, offer } = extension ?? { last: null, offer: null };
  const consumer = role === "consumer";
  if (last?.state === "asked") return consumer ? "call-extend-asked" : "call-extend-asks";
  if (last?.state === "agreed") return "call-extend-agreed";
  if (offer !== null && consumer) return "call-extend-offer";
  switch (last?.state) {
    case undefined:
    case "withdrawn":
      return null;
    case "declined":
      return consumer ? "call-extend-declined" : "call-extend-declined-by-you";
    case "granted":
      return "call-extend-granted";
    case "refused":
      return "call-extend-refused";
    case "lapsed":
      return "call-extend-lapsed";
  }
}

/** Names what is shown, so that what was closed stays closed until something else is said. */
export function extensionSerial(extension: Extension | null, role: Role): string {
  return `${extensionKey(extension, role)}:${extension?.last?.number ?? -1}:${extension?.offer?.cap_minor ?? 0}`;
}

/** The sums that the sentence is about. */
export function extensionSums(extension: Extension, role: Role): { amount_minor: number; cap_minor: number } {
  const { last, offer } = extension;
  if (extensionKey(extension, role) === "call-extend-offer" && offer !== null) return offer;
  return last ?? { amount_minor: 0, cap_minor: 0 };
}

/** What the server said, and what is new of it said aloud, once. What was over before the page came is no news. */
export function extensionTold(state: State, told: Extension, args: Record<string, string>): State {
  const before = state.extension;
  const next = { ...state, extension: told };
  const key = extensionKey(told, state.role);
  const over = key !== "call-extend-offer" && told.last !== null && told.last.state !== "asked" && told.last.state !== "agreed";
  const known = extensionSerial(before, state.role) === extensionSerial(told, state.role) || (before === null && over);
  return key === null || known ? next : say(next, key, args);
}
