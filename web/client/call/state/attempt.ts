// One attempt at a connection, and how the next one follows from a loss.
import type { Effect, Refusal, State, Step, TimerName } from "./types";

/** A peer that reports itself disconnected may come back on its own for this long. */
export const PEER_GRACE_MS = 1_500;
/** A new peer that carries no media after this long is given up and made anew. */
export const PEER_SETUP_MS = 5_000;
/** The clock comes every second; a second after it failed to come, that is said. */
export const QUIET_MS = 2_000;
/** Without any message for this long the socket is as good as dead. */
export const SILENCE_MS = 10_000;
/** How long after coming back the others are still expected. */
export const OTHERS_MS = 15_000;
export const NOT_OPEN_RETRY_MS = 15_000;
export const RETRY_MS = 500;
export const RETRY_JITTER_MS = 500;

/** Timers that mean nothing without a connection. */
const STEERING: Effect[] = [
  { type: "stop_timer", name: "peer_restart" },
  { type: "stop_timer", name: "sizes" },
  { type: "stop_timer", name: "upload" },
];
const UNJUDGED = { quality: [], speakers: [], uploadPoor: false, quiet: false };

export function isLive(state: State): boolean {
  switch (state.phase.at) {
    case "connecting":
    case "lobby":
    case "call":
    case "reconnecting":
      return true;
    case "check":
    case "ended":
    case "taken_over":
    case "refused":
      return false;
  }
}

/** Whether the page has let go of its devices. */
export function isOver({ phase }: State): boolean {
  return phase.at === "ended" || phase.at === "taken_over" || (phase.at === "refused" && phase.why !== "not_open");
}

export function newAttempt(state: State): Step {
  const number = state.attempt.number + 1;
  const attempt = { ...state.attempt, number, peerStarted: false, welcomed: false, offer: null, mediaUp: false, restart: null, paused: false };
  return [{ ...state, attempt }, [{ type: "fetch_ticket", attempt: number }]];
}

/** Makes the attempt's peer unless it has one. After a loss that waits for the ticket: the server may be down long. */
export function startPeer(state: State): Step {
  const { attempt } = state;
  if (attempt.peerStarted) return [state, []];
  const next = { ...state, attempt: { ...attempt, peerStarted: true } };
  return [next, [{ type: "start_peer", attempt: attempt.number }]];
}

/** The connection is gone: say so and try again, at once the first time and with a pause after that. */
export function recover(state: State): Step {
  const from = returnPoint(state);
  // The server said when to come back: what else is lost meanwhile changes nothing.
  if (from === null || state.attempt.paused) return [state, []];
  const { losses } = state.attempt;
  const stop: Effect[] = [
    { type: "close_socket" },
    { type: "stop_timer", name: "quiet" },
    { type: "stop_timer", name: "silence" },
    { type: "stop_timer", name: "peer_lost" },
    { type: "stop_timer", name: "peer_setup" },
    ...STEERING,
  ];
  const attempt = { ...state.attempt, welcomed: false, restart: null, losses: losses + 1 };
  const waiting: State = { ...state, attempt, phase: { at: "reconnecting", from }, network: "good", ...UNJUDGED };
  if (losses === 0) {
    const [next, effects] = newAttempt(waiting);
    return [next, [...stop, ...effects]];
  }
  return [waiting, [...stop, retryTimer(waiting, RETRY_MS)]];
}

function returnPoint(state: State): "lobby" | "call" | null {
  switch (state.phase.at) {
    case "connecting":
    case "lobby":
      return "lobby";
    case "call":
      return "call";
    case "reconnecting":
      return state.phase.from;
    case "check":
    case "ended":
    case "taken_over":
    case "refused":
      return null;
  }
}

/** The server asked for a new attempt after a pause: a deploy, or a full house. */
export function retryAfter(state: State, ms: number): Step {
  const from = returnPoint(state);
  if (from === null) return [state, []];
  const attempt = { ...state.attempt, welcomed: false, restart: null, paused: true, losses: state.attempt.losses + 1 };
  const next: State = { ...state, attempt, phase: { at: "reconnecting", from }, ...UNJUDGED };
  return [next, [{ type: "close_socket" }, ...stopTimers(), retryTimer(next, ms)]];
}

export function tryNow(state: State): Step {
  const [next, effects] = newAttempt(state);
  return [next, [{ type: "stop_timer", name: "retry" }, ...effects]];
}

/** Gives up, except that a room that is not open yet is asked for again by itself, with the devices kept open. */
export function refuse(state: State, why: Refusal): Step {
  const next: State = { ...state, phase: { at: "refused", why } };
  const again: Effect[] = why === "not_open" ? [retryTimer(next, NOT_OPEN_RETRY_MS)] : [{ type: "release_devices" }];
  return [next, [{ type: "close_connection" }, ...stopTimers(), ...again]];
}

export function stopTimers(): Effect[] {
  const names = ["retry", "peer_lost", "peer_setup", "quiet", "silence", "others", "knock", "give_up"] as const;
  return [...names.map((name) => ({ type: "stop_timer", name }) as const), ...STEERING];
}

export function sendOffer(state: State): Effect {
  const { number, offer } = state.attempt;
  if (offer === null) throw new Error("sendOffer is called once the offer is there");
  return { type: "send", message: { type: "offer", id: number, sdp: offer.sdp, sources: offer.sources } };
}

export function timer(state: State, name: Exclude<TimerName, "retry">, ms: number): Effect {
  return { type: "start_timer", name, attempt: state.attempt.number, ms, jitter_ms: 0 };
}

/** Started anew by every message. */
export function listen(state: State): Effect[] {
  return [timer(state, "quiet", QUIET_MS), timer(state, "silence", SILENCE_MS)];
}

export function expectOthers(state: State): Effect {
  return timer(state, "others", OTHERS_MS);
}

/** Nobody can end a call before its start, nor before both have talked; the server says the same. */
export function canEnd(state: State): boolean {
  if (state.info === null || state.clock === null || state.phase.at !== "call") return false;
  const now = state.info.ends_at - 1_000 * state.clock.remaining_ms;
  return state.clock.billable_ms > 0 && now >= state.info.starts_at;
}

export function setUpPeer(state: State): Effect {
  return timer(state, "peer_setup", PEER_SETUP_MS);
}

export function retryTimer(state: State, ms: number): Effect {
  return { type: "start_timer", name: "retry", attempt: state.attempt.number, ms, jitter_ms: RETRY_JITTER_MS };
}

/** Which answers of the ticket address are final. Everything else is worth another try. */
export function refusalOf(status: number, code: string | null): Refusal | null {
  switch (status) {
    case 401:
      return "signed_out";
    case 403:
    case 404:
      return "not_yours";
    case 409:
      return code === "not_open" ? "not_open" : "over";
    default:
      return null;
  }
}
