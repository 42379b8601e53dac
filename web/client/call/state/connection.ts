// The life of the connection: join, lose, come back by itself, leave.
//
// Every loss takes the same way: a fresh ticket, a new socket, a new peer, numbered as a new attempt.
import {
  isLive,
  listen,
  newAttempt,
  PEER_GRACE_MS,
  recover,
  refusalOf,
  refuse,
  sendOffer,
  startPeer,
  timer,
  tryNow,
} from "./attempt";
import { end, leave, mayReturn, owedEvent } from "./leaving";
import { say } from "./notice";
import { restartOffered, restartOver, restartPeer } from "./restart";
import { sendSizes } from "./steering";
import type { Effect, Event, PeerState, State, Step } from "./types";

type ConnectionEvent = Extract<
  Event,
  {
    type:
      | "unsupported"
      | "join_pressed"
      | "leave_pressed"
      | "end_confirmed"
      | "rejoin_pressed"
      | "ticket"
      | "ticket_failed"
      | "socket_closed"
      | "offer_made"
      | "peer"
      | "timer"
      | "restart_offered"
      | "network_changed"
      | "back_online";
  }
>;

export function connectionEvent(state: State, event: ConnectionEvent): Step {
  switch (event.type) {
    case "unsupported":
      return refuse(state, "unsupported");
    case "join_pressed":
      return state.phase.at === "check" && state.mode === "call" ? begin(state) : [state, []];
    case "rejoin_pressed":
      return canRejoin(state) ? begin(state) : [state, []];
    case "leave_pressed":
      return leave(state);
    case "end_confirmed":
      return end(state);
    case "back_online":
      return state.phase.at === "reconnecting" && state.attempt.losses > 1 && !state.attempt.paused
        ? tryNow(state)
        : [state, []];
    case "network_changed":
      // The path of before may be gone without a word; making a new one costs nothing if it is not.
      return isLive(state) && state.attempt.mediaUp && state.attempt.welcomed ? restartPeer(state) : [state, []];
    default:
      // Whatever an earlier attempt still has to say is of no interest.
      return event.attempt === state.attempt.number && isLive(state) ? attemptEvent(state, event) : late(state, event);
  }
}

/** After a farewell only one thing is left to do; before the doors open, the page knocks again. */
function late(state: State, event: ConnectionEvent): Step {
  if (state.phase.at === "ended" && state.phase.owed !== undefined) return owedEvent(state, event);
  const early = state.phase.at === "refused" && state.phase.why === "not_open";
  if (early && event.type === "timer" && event.name === "retry") return begin(state);
  if (state.phase.at === "ended" && event.type === "timer" && event.name === "knock") {
    return [{ ...state, phase: { ...state.phase, paused: false } }, []];
  }
  const over = event.type === "timer" && event.name === "close" && !isLive(state);
  return [state, over ? [{ type: "close_connection" }, { type: "release_devices" }] : []];
}

function attemptEvent(state: State, event: Extract<ConnectionEvent, { attempt: number }>): Step {
  const { attempt } = state;
  switch (event.type) {
    case "ticket": {
      const [next, effects] = startPeer(state);
      return [next, [{ type: "open_socket", attempt: attempt.number, ticket: event.ticket }, ...effects, ...listen(next)]];
    }
    case "ticket_failed":
      return ticketFailed(state, event.status, event.code);
    case "socket_closed":
      return recover(state);
    case "offer_made": {
      const next = { ...state, attempt: { ...attempt, offer: event.offer } };
      return [next, attempt.welcomed ? [sendOffer(next)] : []];
    }
    case "restart_offered":
      return restartOffered(state, event.ufrag);
    case "peer":
      return peerEvent(state, event.state);
    case "timer":
      return timerEvent(state, event.name);
  }
}

function peerEvent(state: State, peer: PeerState): Step {
  const down: State = { ...state, attempt: { ...state.attempt, mediaUp: false } };
  switch (peer) {
    case "connected": {
      const up: State = { ...state, attempt: { ...state.attempt, mediaUp: true, losses: 0 } };
      const back = state.phase.at === "reconnecting" && state.attempt.welcomed;
      return [
        back ? say({ ...up, phase: { at: "call" } }, "call-said-reconnected") : up,
        [
          { type: "stop_timer", name: "peer_lost" },
          { type: "stop_timer", name: "peer_setup" },
        ],
      ];
    }
    case "disconnected":
      return [down, state.attempt.restart === null ? [timer(down, "peer_lost", PEER_GRACE_MS)] : []];
    case "unreachable":
      return state.attempt.losses === 0 ? restartPeer(down) : recover(stopped(down));
    case "failed":
      return recover(stopped(down));
  }
}

/** Without media nothing is counted, whatever the server said last. */
function stopped(state: State): State {
  return state.clock === null ? state : { ...state, clock: { ...state.clock, running: false } };
}

function timerEvent(state: State, name: Extract<Event, { type: "timer" }>["name"]): Step {
  switch (name) {
    case "retry":
      return tryNow(state);
    case "peer_lost":
      return restartPeer(state);
    case "peer_restart":
      return restartOver(state);
    case "sizes":
      return [state, sendSizes(state)];
    case "upload":
      return [{ ...state, uploadPoor: true }, []];
    case "quiet":
      return [{ ...state, quiet: state.attempt.welcomed }, []];
    case "peer_setup":
    case "silence":
      return recover(state);
    case "others":
      return [{ ...state, attempt: { ...state.attempt, othersExpected: false }, missing: [] }, []];
    case "knock":
    case "close":
    case "give_up":
      return [state, []];
  }
}

function canRejoin(state: State): boolean {
  switch (state.phase.at) {
    case "taken_over":
    case "refused":
      return true;
    case "ended":
      return mayReturn(state.phase) && state.phase.paused !== true;
    case "check":
    case "connecting":
    case "lobby":
    case "call":
    case "reconnecting":
      return false;
  }
}

/**
 * First joining, or joining again on purpose: devices that were released are opened again. The peer is made while the
 * ticket is fetched, so that its offer is ready when the welcome comes.
 */
function begin(state: State): Step {
  const [fresh, fetch] = newAttempt({ ...state, phase: { at: "connecting" }, notice: null });
  const [next, start] = startPeer(fresh);
  const effects = [...fetch, ...start];
  const reopen: Effect[] = [];
  const devices = { ...next.devices };
  if (state.phase.at !== "check") {
    for (const kind of ["microphone", "camera"] as const) {
      if (devices[kind].at === "on") {
        reopen.push({ type: "open_device", kind, id: next.chosen[kind] });
        devices[kind] = { at: "opening" };
      }
    }
  }
  return [{ ...next, devices }, [{ type: "stop_timer", name: "close" }, { type: "stop_timer", name: "give_up" }, ...reopen, ...effects]];
}

function ticketFailed(state: State, status: number | null, code: string | null): Step {
  const why = status === null ? null : refusalOf(status, code);
  return why === null ? recover(state) : refuse(state, why);
}
