// The running cost, from the server's numbers only.
import type { Clock, PriceTerms } from "../generated/protocol";

export type MeterState = "waiting" | "running" | "paused" | "near_cap" | "at_cap";

/** The most a call can cost by the minute, minor units; null where the price does not run. */
export function cap(price: PriceTerms): number | null {
  return price.model === "per_minute" ? price.cap_minor : null;
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
