// Keys that work anywhere on the call page. None is one that browsers take for themselves, and none but "?" is a plain
// character: that one only opens the list of them, and not where somebody types.
import type { Event, State } from "./state";
import { waiting } from "./tiles";

type Key = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** Each shortcut as it is shown, with the text that says what it does. */
export const SHORTCUTS = [
  { keys: "Alt + M", aria: "Alt+M", text: "call-key-microphone" },
  { keys: "Alt + K", aria: "Alt+K", text: "call-key-camera" },
  { keys: "Ctrl + Enter", aria: "Control+Enter", text: "call-key-admit" },
  { keys: "F2", aria: "F2", text: "call-key-controls" },
  { keys: "Esc", aria: "Escape", text: "call-key-close" },
  { keys: "?", aria: "?", text: "call-key-help" },
] as const;

/** `typing` while the focus is in something that takes text. */
export function shortcut(key: Key, state: State, typing: boolean): Event | "focus_controls" | null {
  const { altKey, ctrlKey, metaKey, shiftKey } = key;
  if (altKey && !ctrlKey && !metaKey && !shiftKey) {
    // With Alt or Option the character is another one; the key is the same.
    if (key.code === "KeyM") return { type: "device_pressed", kind: "microphone" };
    if (key.code === "KeyK") return { type: "device_pressed", kind: "camera" };
    return null;
  }
  const inCall = state.phase.at === "call";
  if ((ctrlKey || metaKey) && !altKey && !shiftKey && key.key === "Enter") {
    const [first] = waiting(state);
    return first === undefined ? null : { type: "request_pressed", message: { type: "admit", seat: first.seat } };
  }
  if (altKey || ctrlKey || metaKey) return null;
  if (key.key === "Escape" && state.panel !== "none") return { type: "panel_pressed", panel: state.panel };
  if (key.key === "?" && inCall && !typing) return { type: "panel_pressed", panel: "shortcuts" };
  return key.key === "F2" && inCall ? "focus_controls" : null;
}

/** Whether keys mean text where they are pressed. */
export function takesText(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}
