// What the server says, and what follows from it.
import type { Clock, EndReason, ErrorCode, Participant, ServerMessage, SlotAssignment } from "../../generated/protocol";
import {
  expectOthers,
  isLive,
  listen,
  recover,
  refuse,
  retryAfter,
  sendOffer,
  setUpPeer,
  stopTimers,
  timer,
} from "./attempt";
import { mediaMessage } from "./device";
import { sayFarewell } from "./leaving";
import { say } from "./notice";
import { restarted, restartPeer } from "./restart";
import { hasLeft } from "../tiles";
import { qualityTold, sendSizes } from "./steering";
import type { Effect, State, Step } from "./types";

/** A full server is asked again after this long. */
const FULL_RETRY_MS = 5_000;
/** The server's pause for who was turned away, and a moment more. */
const DISMISSED_PAUSE_MS = 31_000;

export function serverMessage(state: State, message: ServerMessage): Step {
  if (!isLive(state)) return farewell(state, message);
  const [next, effects] = live(state.quiet ? { ...state, quiet: false } : state, message);
  return [next, isLive(next) && next.attempt.welcomed ? [...listen(next), ...effects] : effects];
}

/** The server's last word: after a plain leaving the way back stays open. */
function said({ paused }: Extract<State["phase"], { at: "ended" }>, message: { reason: EndReason; clock: Clock }): State["phase"] {
  const phase = { at: "ended", reason: message.reason, clock: message.clock, final: message.reason !== "left" } as const;
  return paused === undefined ? phase : { ...phase, paused };
}

/** After leaving, the confirmation with the last clock comes in; and what could not be said before is said now. */
function farewell(state: State, message: ServerMessage): Step {
  if (state.phase.at !== "ended") return [state, []];
  const { phase } = state;
  switch (message.type) {
    case "ended":
      return [{ ...state, clock: message.clock, phase: said(phase, message) }, []];
    case "welcome":
      return phase.owed === undefined ? [state, []] : sayFarewell(state, phase.owed);
    case "error":
      // Too early to leave for good: then for now.
      if (phase.owed !== "for_good") return [state, []];
      return sayFarewell({ ...state, phase: { ...phase, reason: "left", owed: "for_now" } }, "for_now");
    default:
      return [state, []];
  }
}

function live(state: State, message: ServerMessage): Step {
  switch (message.type) {
    case "welcome":
      return welcome(state, message);
    case "answer":
      if (message.id !== state.attempt.number) return [state, []];
      return [
        state,
        [
          { type: "accept_answer", attempt: state.attempt.number, sdp: message.sdp },
          setUpPeer(state),
          ...sendSizes(state),
        ],
      ];
    case "restarted":
      return restarted(state, message);
    case "path_lost":
      return state.attempt.mediaUp ? restartPeer(state) : [state, []];
    case "encodings":
      return [state, [{ type: "set_encodings", source: message.source, encodings: message.encodings }]];
    case "quality":
      return qualityTold(state, message.seats);
    case "speakers":
      return [{ ...state, speakers: message.seats }, []];
    case "participants":
      return participants(state, message.participants);
    case "admitted":
      if (state.phase.at !== "lobby") return [state, []];
      return [say({ ...state, phase: { at: "call" } }, "call-said-admitted"), []];
    case "slots":
      return [slotsTold(state, message.slots), []];
    case "clock": {
      const { running, billable_ms, cost_minor, remaining_ms } = message;
      return [{ ...state, clock: { running, billable_ms, cost_minor, remaining_ms } }, []];
    }
    case "price":
      return [state.info === null ? state : { ...state, info: { ...state.info, price: message.price } }, []];
    case "ended":
      return message.reason === "dismissed" ? turnedAway(state, message.clock) : over(state, message);
    case "taken_over":
      return [
        { ...state, phase: { at: "taken_over" }, sharing: false },
        [...stopTimers(), { type: "close_connection" }, { type: "release_devices" }],
      ];
    case "moving":
      return retryAfter(state, message.retry_after_ms);
    case "error":
      return refused(state, message.code, message.fatal);
    case "provider_told":
      return [{ ...state, told: message.at }, []];
    case "pong":
      return [state, []];
  }
}

/** A picture that goes for want of room is told, and that it is back. */
function slotsTold(state: State, slots: SlotAssignment[]): State {
  const next = { ...state, slots };
  const before = (one: SlotAssignment) => state.slots.find(({ mid, seat }) => mid === one.mid && seat === one.seat)?.withheld === true;
  if (slots.some((one) => one.withheld && !before(one))) return say(next, "call-tile-withheld");
  const back = slots.some((one) => one.seat !== null && !one.withheld && before(one));
  return back ? say(next, "call-said-picture-back") : next;
}

function over(state: State, { reason, clock }: { reason: EndReason; clock: Clock }): Step {
  const phase = { at: "ended", reason, clock, final: reason !== "left" } as const;
  return [{ ...state, clock, phase, sharing: false }, [...stopTimers(), { type: "close_connection" }, { type: "release_devices" }]];
}

/** Who was turned away may knock again after a pause, which the server keeps, too. */
function turnedAway(state: State, clock: Clock | null): Step {
  const phase = { at: "ended", reason: "dismissed", clock, final: false, paused: true } as const;
  const next: State = { ...state, clock, phase, sharing: false };
  const close: Effect[] = [{ type: "close_connection" }, { type: "release_devices" }];
  return [next, [...stopTimers(), ...close, timer(next, "knock", DISMISSED_PAUSE_MS)]];
}

function welcome(state: State, message: Extract<ServerMessage, { type: "welcome" }>): Step {
  const { seat, role, call, admitted } = message;
  const back = state.phase.at === "reconnecting";
  const attempt = { ...state.attempt, welcomed: true, paused: false, othersExpected: back };
  const next: State = { ...state, seat, role, info: call, attempt, phase: afterWelcome(state, admitted) };
  const effects: Effect[] = [{ type: "send", message: mediaMessage(next) }];
  if (back) effects.push(expectOthers(next));
  if (attempt.offer !== null) effects.push(sendOffer(next));
  return [next, effects];
}

/** A page that comes back to a call says so only when its media is up again. */
function afterWelcome(state: State, admitted: boolean): State["phase"] {
  if (!admitted) return { at: "lobby" };
  if (state.phase.at === "reconnecting" && state.phase.from === "call") return state.phase;
  return { at: "call" };
}

function refused(state: State, code: ErrorCode, fatal: boolean): Step {
  switch (code) {
    case "not_open":
      return refuse(state, "not_open");
    case "turned_away":
      return turnedAway(state, state.clock);
    case "full":
      return retryAfter(state, FULL_RETRY_MS);
    case "bad_ticket":
    case "bad_hello":
    case "bad_offer":
    case "internal":
      return recover(state);
    case "too_early":
      return [say(state, "call-end-too-early", {}), []];
    case "bad_message":
    case "forbidden":
    case "unknown_seat":
    case "rate_limited":
      return fatal ? recover(state) : [state, []];
  }
}

function participants(state: State, list: Participant[]): Step {
  const next = { ...state, participants: list, missing: missing(state, list) };
  const knocks = arrivals(state, list);
  const notice = changeNotice(state, list);
  return [notice === null ? next : say(next, notice.key, notice.args), knocks ? [{ type: "knock" }] : []];
}

/**
 * Those who were here before the connection was lost and whom the server has not seen again yet: they are most likely on
 * their way back too, and keep their tile for a while.
 */
function missing(state: State, told: Participant[]): Participant[] {
  if (!state.attempt.othersExpected) return [];
  const here = new Set(told.map((one) => one.seat));
  return [...state.participants, ...state.missing]
    .filter((one) => !hasLeft(one) && one.presence !== "lobby" && !here.has(one.seat))
    .map((one) => ({ ...one, presence: "reconnecting" }));
}

/** Whether somebody new waits outside a provider's door. */
function arrivals(state: State, list: Participant[]): boolean {
  if (state.role !== "provider") return false;
  const waiting = new Set(state.participants.filter((one) => one.presence === "lobby").map((one) => one.seat));
  return list.some((one) => one.presence === "lobby" && !waiting.has(one.seat));
}

/** The one change of another person that is worth saying aloud. */
function changeNotice(state: State, list: Participant[]): { key: string; args: { name: string } } | null {
  for (const one of list) {
    if (one.seat === state.seat) continue;
    const before = state.participants.find((earlier) => earlier.seat === one.seat)?.presence;
    if (before === one.presence) continue;
    const args = { name: one.name };
    switch (one.presence) {
      case "lobby":
        if (state.role === "provider") return { key: "call-said-waiting", args };
        break;
      case "connected":
        return { key: before === "reconnecting" ? "call-said-back" : "call-said-joined", args };
      case "left":
        return { key: "call-said-left", args };
      case "left_for_good":
        return { key: "call-said-left-for-good", args };
      case "connecting":
      case "reconnecting":
        // The banner says that, and how the clock stands.
        break;
    }
  }
  return null;
}
