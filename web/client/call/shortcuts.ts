// Keys that work anywhere on the call page. All need a modifier, or are function keys, so that typing is never hit.
import type { Event, State } from "./state";
import { waiting } from "./tiles";

type Key = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

export function shortcut(key: Key, state: State): Event | "focus_controls" | null {
  const modified = (key.ctrlKey || key.metaKey) && !key.altKey && !key.shiftKey;
  const name = key.key.toLowerCase();
  if (modified && name === "d") return { type: "device_pressed", kind: "microphone" };
  if (modified && name === "e") return { type: "device_pressed", kind: "camera" };
  if (modified && name === "enter") {
    const [first] = waiting(state);
    return first === undefined ? null : { type: "admit_pressed", seat: first.seat };
  }
  if (name === "escape" && state.panel !== "none") return { type: "panel_pressed", panel: state.panel };
  return key.key === "F2" && state.phase.at === "call" ? "focus_controls" : null;
}
