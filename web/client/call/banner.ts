// The one message above the control bar: of everything there is to say, what matters most.
import { cap } from "./meter";
import type { State } from "./state";
import { remoteTiles } from "./tiles";

export interface Banner {
  key: string;
  args: Record<string, string>;
  tone: "loss" | "warning" | "plain";
  action: "sound" | "devices" | "camera_off" | null;
}

const LAST_MINUTES_MS = 5 * 60_000;
/** From this share of the cap on, the page says where the price stops. */
const COST_WARNING = 0.8;

export function bannerOf(state: State, soundBlocked: boolean): Banner | null {
  const loss = lossBanner(state);
  if (loss !== null) return loss;
  if (state.phase.at !== "call") return null;
  const plain = (key: string, tone: Banner["tone"], action: Banner["action"] = null) => ({ key, args: {}, tone, action });
  if (soundBlocked) return plain("call-banner-sound", "warning", "sound");
  if (state.devices.microphone.at === "on" && state.microphoneSilent) {
    return plain("call-banner-silent", "warning", "devices");
  }
  if (state.uploadPoor && state.devices.camera.at === "on") return plain("call-banner-upload", "warning", "camera_off");
  if (state.network !== "good") return plain("call-banner-network", "warning");
  const left = state.clock?.remaining_ms ?? Number.POSITIVE_INFINITY;
  if (left > 0 && left <= LAST_MINUTES_MS) return plain("call-banner-time", "plain");
  return isNearCap(state) ? plain("call-banner-cost", "plain") : null;
}

function lossBanner(state: State): Banner | null {
  const loss = (key: string, args: Record<string, string>): Banner => ({ key, args, tone: "loss", action: null });
  if (state.phase.at === "reconnecting") {
    return loss(state.role === "consumer" ? "call-banner-reconnecting" : "call-banner-reconnecting-provider", {});
  }
  if (state.phase.at !== "call") return null;
  if (state.quiet) return loss("call-banner-quiet", {});
  const gone = remoteTiles(state).find((tile) => tile.lost);
  if (gone === undefined) return null;
  // Who only changes connections may still be counted for a moment; only a clock that stands is said to stand.
  return loss(state.clock?.running === true ? "call-banner-far-back" : "call-banner-far-lost", { name: gone.name });
}

function isNearCap(state: State): boolean {
  const most = state.info === null ? null : cap(state.info.price);
  return most !== null && most > 0 && (state.clock?.cost_minor ?? 0) >= COST_WARNING * most;
}
