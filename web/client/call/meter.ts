// What the meter shows: the server's numbers, carried on by the own clock until the server speaks again.
import type { Clock, PriceTerms } from "../generated/protocol";
import type { State } from "./state";
import { remoteTiles } from "./tiles";

/** The longest that time is counted on without a word of the server: by then it might count no more. */
const CARRY_MS = 5_000;
/** A step back of less than this waits until the server has caught up: what it tells comes unevenly, and late after a pause. */
const STEP_BACK_MS = CARRY_MS + 1_000;

export type MeterState = "waiting" | "running" | "paused" | "near_cap" | "at_cap";

/** The most a call can cost by the minute, minor units; null where the price does not run. */
export function cap(price: PriceTerms): number | null {
  return price.model === "per_minute" ? discounted(price, price.cap_minor) : null;
}

/** An amount less what a promo code takes off it: the same sum as the server's. */
export function discounted(price: PriceTerms, minor: number): number {
  const off = price.discount;
  if (off === undefined) return minor;
  const share = Math.floor((minor * Math.min(off.percent_bp, 10_000) + 5_000) / 10_000);
  return minor - Math.min(minor, share + Math.max(0, off.fixed_minor));
}

/** What so much time costs, minor units: the same sum as the server's. */
export function costOf(price: PriceTerms, billable_ms: number): number {
  return discounted(price, fullCostOf(price, billable_ms));
}

function fullCostOf(price: PriceTerms, billable_ms: number): number {
  if (billable_ms <= 0) return 0;
  switch (price.model) {
    case "free":
      return 0;
    case "fixed":
      return price.amount_minor;
    case "per_minute": {
      const increment_ms = Math.max(1, price.increment_s) * 1_000;
      const started = Math.max(0, Math.ceil((billable_ms - price.free_s * 1_000) / increment_ms));
      const counted_s = (started * increment_ms) / 1_000;
      return Math.min(Math.floor((counted_s * price.rate_minor + 30) / 60), price.cap_minor);
    }
  }
}

/**
 * The clock as it stands `since_ms` after the server told it. `shown` is what was shown a moment ago: time on a screen does
 * not step back, unless the server corrects it.
 */
export function followClock(told: Clock, since_ms: number, price: PriceTerms, shown: Clock | null): Clock {
  const since = Math.max(0, since_ms);
  const remaining_ms = Math.max(0, told.remaining_ms - since);
  if (!told.running) return { ...told, remaining_ms };
  const billable_ms = told.billable_ms + Math.min(since, CARRY_MS, told.remaining_ms);
  const back = (shown?.billable_ms ?? 0) - billable_ms;
  if (shown !== null && back > 0 && back < STEP_BACK_MS) return { ...shown, running: true, remaining_ms };
  return { running: true, billable_ms, cost_minor: Math.max(told.cost_minor, costOf(price, billable_ms)), remaining_ms };
}

/** The clock as it is shown: it stands at once when the page reads that nobody else is there, though the server tells later. */
export function shownClock(state: State, told: Clock, since_ms: number, price: PriceTerms, shown: Clock | null): Clock {
  const next = followClock(told, since_ms, price, shown);
  if (!told.running || !isAlone(state)) return next;
  return { ...(shown ?? told), running: false, remaining_ms: next.remaining_ms };
}

/** Whether the page says so: the others left, or are not here yet. Who is only lost may still be counted. */
function isAlone(state: State): boolean {
  return state.phase.at === "call" && remoteTiles(state).length === 0;
}

export function meterState(price: PriceTerms, clock: Clock | null): MeterState {
  if (clock === null) return "waiting";
  const most = cap(price);
  if (most !== null && most > 0) {
    if (clock.cost_minor >= most) return "at_cap";
    if (clock.running && clock.cost_minor >= 0.8 * most) return "near_cap";
  }
  if (clock.running) return "running";
  return clock.billable_ms > 0 ? "paused" : "waiting";
}
