// Leaving a call and ending it: two things, and neither is losing the connection.
//
// What the person said stands once the server has confirmed it. Until then the page owes it: over a socket that is gone or
// silent it goes back, without media, just to say it, and gives up after a while, since by then the person may have
// joined from somewhere else.
import { canEnd, isLive, newAttempt, refusalOf, RETRY_MS, retryTimer, stopTimers, timer } from "./attempt";
import type { Effect, Event, Leaving, Phase, State, Step } from "./types";

/** How long the socket stays after a farewell, so that it gets out and the confirmation gets in. */
const FAREWELL_MS = 3_000;
/** How long the page goes on trying to say what it owes. */
const OWED_MS = 30_000;

/** Leaves; until the booked time is over, one may come back. */
export function leave(state: State): Step {
  return isLive(state) ? farewell(state, "for_now") : [state, []];
}

/** Who left may come back, unless for good. */
export function mayReturn({ final, owed }: Extract<Phase, { at: "ended" }>): boolean {
  return !final && owed !== "for_good";
}

/** The provider's end comes back from the server, to both; the consumer's is a leaving for good. */
export function end(state: State): Step {
  if (!canEnd(state)) return [{ ...state, panel: "none" }, []];
  if (state.role === "consumer") return farewell(state, "for_good");
  return [{ ...state, panel: "none" }, [{ type: "send", message: { type: "end" } }]];
}

/** Ends the media at once, so that time stops, and says why. */
function farewell(state: State, owed: Leaving): Step {
  const reason = owed === "for_good" ? "left_for_good" : "left";
  const phase = { at: "ended", reason, clock: state.clock, final: false, owed } as const;
  const left: State = { ...state, phase, sharing: false, panel: "none" };
  const [next, said] = state.attempt.welcomed ? sayFarewell(left, owed) : goBack(left);
  return [next, [...said, ...stopTimers(), { type: "stop_share" }, { type: "release_devices" }, timer(next, "give_up", OWED_MS)]];
}

function goBack(state: State): Step {
  const [next, fetch] = newAttempt(state);
  return [next, [{ type: "close_connection" }, ...fetch]];
}

/** Says over a connection that was welcomed what the page owes. */
export function sayFarewell(state: State, owed: Leaving): Step {
  const leave: Effect = { type: "send", message: { type: "leave", for_good: owed === "for_good" } };
  return [state, [leave, timer(state, "close", FAREWELL_MS)]];
}

/** What becomes of a farewell that the server has not confirmed yet. */
export function owedEvent(state: State, event: Event): Step {
  if (event.type === "timer" && event.name === "give_up") return giveUp(state);
  if (!("attempt" in event) || event.attempt !== state.attempt.number) return [state, []];
  const again: Step = [state, [{ type: "close_connection" }, retryTimer(state, RETRY_MS)]];
  switch (event.type) {
    case "ticket":
      return [state, [{ type: "open_socket", attempt: event.attempt, ticket: event.ticket }]];
    case "ticket_failed":
      return event.status !== null && refusalOf(event.status, event.code) !== null ? giveUp(state) : again;
    case "socket_closed":
      return again;
    case "timer":
      if (event.name === "close") return again;
      return event.name === "retry" ? newAttempt(state) : [state, []];
    default:
      return [state, []];
  }
}

/** What the server never confirmed is not for good. */
function giveUp(state: State): Step {
  if (state.phase.at !== "ended") return [state, []];
  const { reason, clock, final } = state.phase;
  const phase = { at: "ended", reason: reason === "left_for_good" ? "left" : reason, clock, final } as const;
  return [{ ...state, phase }, [{ type: "close_connection" }, ...stopTimers()]];
}
