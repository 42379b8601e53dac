// What a tab remembers of its call, so that a page that is loaded again goes straight back to where it was.
import { newAttempt, startPeer } from "./attempt";
import type { Effect, Phase, State, Step } from "./types";

/** Where the page was, which devices were on, and which were chosen. */
export interface Memory {
  at: "check" | "lobby" | "call";
  microphone: boolean;
  camera: boolean;
  chosen: State["chosen"];
  layout: State["layout"];
}

/** What is worth remembering now; null while one thing turns into another. */
export function memoryOf(state: State): Memory | null {
  const at = placeOf(state.phase);
  if (at === null) return null;
  const { devices, chosen, layout } = state;
  const wanted = (kind: "microphone" | "camera") => devices[kind].at !== "off";
  return { at, microphone: wanted("microphone"), camera: wanted("camera"), chosen, layout };
}

function placeOf(phase: Phase): Memory["at"] | null {
  switch (phase.at) {
    case "lobby":
    case "call":
      return phase.at;
    case "reconnecting":
      return phase.from;
    case "connecting":
      return null;
    // Who left, or whose place was taken over, is asked again before going in.
    case "check":
    case "ended":
    case "taken_over":
    case "refused":
      return "check";
  }
}

/** Reads what [`memoryOf`] made and the tab kept as text; null where that is nothing of ours. Only a reload goes back in. */
export function readMemory(text: string | null, reloaded: boolean): Memory | null {
  try {
    const { at, microphone, camera, chosen, layout } = JSON.parse(text ?? "null") as Memory;
    const id = (kind: keyof State["chosen"]) => (typeof chosen[kind] === "string" ? chosen[kind] : null);
    return {
      at: reloaded && (at === "lobby" || at === "call") ? at : "check",
      microphone: microphone === true,
      camera: camera === true,
      chosen: { microphone: id("microphone"), camera: id("camera"), speaker: id("speaker") },
      layout: layout === "grid" ? "grid" : "speaker",
    };
  } catch {
    return null;
  }
}

/** Opens the devices that were on, and goes back in where the page was in already: no questions a second time. */
export function resume(state: State, memory: Memory): Step {
  const { chosen, layout } = memory;
  const devices = { ...state.devices };
  const effects: Effect[] = [];
  for (const kind of ["microphone", "camera"] as const) {
    if (!memory[kind]) continue;
    devices[kind] = { at: "opening" };
    effects.push({ type: "open_device", kind, id: chosen[kind] });
  }
  if (chosen.speaker !== null) effects.push({ type: "set_speaker", id: chosen.speaker });
  const next: State = { ...state, devices, chosen, layout };
  if (memory.at === "check" || state.mode === "check") return [next, effects];
  const [fresh, fetch] = newAttempt({ ...next, phase: { at: "reconnecting", from: memory.at } });
  const [made, start] = startPeer(fresh);
  return [made, [...effects, ...fetch, ...start]];
}
