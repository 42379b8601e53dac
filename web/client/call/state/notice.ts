// What is said aloud, once, to those who do not see the page change.
import type { Notice, State } from "./types";

export function say(state: State, key: string, args: Notice["args"] = {}): State {
  return { ...state, notice: { key, args, serial: (state.notice?.serial ?? 0) + 1 } };
}
