// The call page as a pure function: state and event in, state and effects out. No DOM, no clock, no randomness.
import type { Role } from "../generated/protocol";
import { extensionTold } from "./extension";
import { connectionEvent } from "./state/connection";
import { deviceEvent } from "./state/device";
import { serverMessage } from "./state/message";
import { resume } from "./state/resume";
import { slotShown } from "./state/steering";
import type { Event, State, Step } from "./state/types";

export type * from "./state/types";

export function initialState(mode: State["mode"], role: Role): State {
  return {
    mode,
    role,
    phase: { at: "check" },
    attempt: {
      number: 0,
      peerStarted: false,
      welcomed: false,
      offer: null,
      mediaUp: false,
      restart: null,
      restarts: 0,
      paused: false,
      losses: 0,
      othersExpected: false,
    },
    seat: null,
    info: null,
    participants: [],
    missing: [],
    slots: [],
    sizes: {},
    quality: [],
    speakers: [],
    uploadPoor: false,
    clock: null,
    devices: { microphone: { at: "off" }, camera: { at: "off" } },
    chosen: { microphone: null, camera: null, speaker: null },
    sharing: false,
    microphoneSilent: false,
    network: "good",
    told: null,
    extension: null,
    quiet: false,
    layout: "speaker",
    panel: "none",
    notice: null,
  };
}

export function reduce(state: State, event: Event): Step {
  switch (event.type) {
    case "page_resumed":
      return resume(state, event.memory);
    case "page_opened":
    case "device_pressed":
    case "device_chosen":
    case "device_opened":
    case "camera_turned":
    case "device_failed":
    case "device_lost":
    case "share_pressed":
    case "share_started":
    case "share_stopped":
    case "microphone_silent":
      return deviceEvent(state, event);
    case "unsupported":
    case "join_pressed":
    case "leave_pressed":
    case "end_confirmed":
    case "rejoin_pressed":
    case "ticket":
    case "ticket_failed":
    case "socket_closed":
    case "offer_made":
    case "peer":
    case "timer":
    case "restart_offered":
    case "network_changed":
    case "back_online":
      return connectionEvent(state, event);
    case "message":
      return event.attempt === state.attempt.number ? serverMessage(state, event.message) : [state, []];
    case "request_pressed":
      return [state, [{ type: "send", message: event.message }]];
    case "extension_told":
      return [extensionTold(state, event.told, event.args), []];
    case "extension_pressed":
      return [state, [{ type: "act_on_extension", action: event.action, amount_minor: event.amount_minor }]];
    case "slot_shown":
      return slotShown(state, event.mid, event.width, event.height);
    case "layout_pressed":
      return [{ ...state, layout: state.layout === "grid" ? "speaker" : "grid" }, []];
    case "panel_pressed":
      return [{ ...state, panel: state.panel === event.panel ? "none" : event.panel }, []];
    case "network":
      return [{ ...state, network: event.level }, []];
  }
}
