// ICE restart: the path is made anew while the peer, its slots and its pictures stay. Only when that does not help, or not
// soon, a new attempt follows.
import type { ServerMessage } from "../../generated/protocol";
import { recover, timer } from "./attempt";
import type { State, Step } from "./types";

/** The server answers a restart at once, unless the socket is dead too. */
const ANSWER_MS = 2_000;
/** The new path carries media after this long, or never. */
const CONNECT_MS = 5_000;

/** Begins a restart unless one is under way; what cannot be restarted is made anew. */
export function restartPeer(state: State): Step {
  const { attempt } = state;
  if (attempt.restart !== null) return [state, []];
  if (!attempt.welcomed || state.phase.at === "reconnecting") return recover(state);
  const number = attempt.restarts + 1;
  const next: State = { ...state, attempt: { ...attempt, restart: number, restarts: number } };
  return [
    next,
    [
      { type: "stop_timer", name: "peer_lost" },
      { type: "restart_peer", attempt: attempt.number },
      timer(next, "peer_restart", ANSWER_MS),
    ],
  ];
}

export function restartOffered(state: State, ufrag: string | null): Step {
  const { restart } = state.attempt;
  if (restart === null) return [state, []];
  if (ufrag === null) return recover(state);
  return [state, [{ type: "send", message: { type: "restart", id: restart, ufrag } }]];
}

export function restarted(state: State, message: Extract<ServerMessage, { type: "restarted" }>): Step {
  const { attempt } = state;
  if (attempt.restart !== message.id) return [state, []];
  const { ufrag, password } = message;
  // Waits for the new path from here on; a path that was never broken may not report itself again.
  return [
    state,
    [
      { type: "accept_restart", attempt: attempt.number, ufrag, password },
      timer(state, "peer_restart", CONNECT_MS),
    ],
  ];
}

/** Time is up: either media is up all the same, or the restart was in vain. */
export function restartOver(state: State): Step {
  if (!state.attempt.mediaUp) return recover(state);
  return [{ ...state, attempt: { ...state.attempt, restart: null } }, []];
}
