// What the server learns of this page's tiles, and what the page makes of the server's judgement of the connection.
import type { SeatQuality } from "../../generated/protocol";
import { isLive, timer } from "./attempt";
import type { Effect, State, Step } from "./types";

/** Sizes go out at most this often. */
const SIZES_MS = 300;
/** Poor for this long, what the person sends is worth a hint. */
const UPLOAD_POOR_MS = 8_000;

export function slotShown(state: State, mid: string, width: number, height: number): Step {
  const known = state.sizes[mid];
  if (known?.width === width && known.height === height) return [state, []];
  const next = { ...state, sizes: { ...state.sizes, [mid]: { width, height } } };
  return [next, isLive(state) && state.attempt.welcomed ? [timer(next, "sizes", SIZES_MS)] : []];
}

/** All sizes at once: a new peer knows none of the old ones. */
export function sendSizes(state: State): Effect[] {
  const slots = Object.entries(state.sizes).map(([mid, size]) => ({ mid, ...size }));
  return slots.length === 0 || !state.attempt.welcomed ? [] : [{ type: "send", message: { type: "sizes", slots } }];
}

/** A hint follows only when sending stays poor, and goes as soon as it is better. */
export function qualityTold(state: State, quality: SeatQuality[]): Step {
  const poor = (list: SeatQuality[]) => list.some((one) => one.seat === state.seat && one.sends === "poor");
  if (!poor(quality)) return [{ ...state, quality, uploadPoor: false }, [{ type: "stop_timer", name: "upload" }]];
  const next = { ...state, quality };
  return [next, poor(state.quality) ? [] : [timer(next, "upload", UPLOAD_POOR_MS)]];
}
