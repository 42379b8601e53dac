// Leaving a call and ending it: two things, and neither is losing the connection.
import { canEnd, FAREWELL_MS, isLive, leaveLost, stopTimers, timer } from "./attempt";
import type { State, Step } from "./types";

/** Leaves; until the booked time is over, one may come back. */
export function leave(state: State): Step {
  if (!isLive(state)) return [state, []];
  if (state.phase.at === "reconnecting" && !state.attempt.welcomed) return leaveLost(state);
  return farewell(state, false);
}

/** The provider's end comes back from the server, to both; the consumer's is a leaving for good. */
export function end(state: State): Step {
  if (!canEnd(state)) return [{ ...state, panel: "none" }, []];
  if (state.role === "consumer") return farewell(state, true);
  return [{ ...state, panel: "none" }, [{ type: "send", message: { type: "end" } }]];
}

function farewell(state: State, forGood: boolean): Step {
  const reason = forGood ? "left_for_good" : "left";
  const phase = { at: "ended", reason, clock: state.clock, final: forGood } as const;
  const next: State = { ...state, phase, sharing: false, panel: "none" };
  return [
    next,
    [
      { type: "send", message: { type: "leave", for_good: forGood } },
      ...stopTimers(),
      { type: "stop_share" },
      { type: "release_devices" },
      timer(next, "close", FAREWELL_MS),
    ],
  ];
}
