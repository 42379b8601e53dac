// Microphone, camera, speaker and shared screen: what the person wants, and what the devices give.
import type { ClientMessage } from "../../generated/protocol";
import { isLive, isOver } from "./attempt";
import { say } from "./notice";
import type { DeviceKind, Effect, Event, State, Step } from "./types";

type DeviceEvent = Extract<
  Event,
  {
    type:
      | "page_opened"
      | "device_pressed"
      | "device_chosen"
      | "device_opened"
      | "camera_turned"
      | "device_failed"
      | "device_lost"
      | "share_pressed"
      | "share_started"
      | "share_stopped"
      | "microphone_silent";
  }
>;

export function deviceEvent(state: State, event: DeviceEvent): Step {
  switch (event.type) {
    case "page_opened": {
      const [first, microphone] = open(state, "microphone");
      const [next, camera] = open(first, "camera");
      return [next, [...microphone, ...camera]];
    }
    case "device_pressed":
      return pressed(state, event.kind);
    case "device_chosen":
      return chosen(state, event.kind, event.id);
    case "device_opened":
      // Switched off while the browser was still asking: it stays off.
      if (state.devices[event.kind].at !== "opening") return [state, [{ type: "close_device", kind: event.kind }]];
      return opened(
        saidOf(event.kind, "on", {
          ...state,
          devices: { ...state.devices, [event.kind]: { at: "on", id: event.id } },
          chosen: event.kept === true ? { ...state.chosen, [event.kind]: event.id } : state.chosen,
        }),
      );
    case "camera_turned":
      if (state.devices.camera.at !== "on") return [state, []];
      return [{ ...state, devices: { ...state.devices, camera: { at: "opening" } } }, [{ type: "turn_camera" }]];
    case "device_failed":
      return told({
        ...state,
        devices: { ...state.devices, [event.kind]: { at: "failed", problem: event.problem } },
        // What to do about it stands there.
        panel: state.phase.at === "call" && state.panel === "none" ? "devices" : state.panel,
      });
    case "device_lost":
      // The device was unplugged: whatever the browser offers instead is better than silence.
      return open({ ...state, chosen: { ...state.chosen, [event.kind]: null } }, event.kind);
    case "share_pressed":
      return [state, [{ type: state.sharing ? "stop_share" : "start_share" }]];
    case "share_started":
      // The browser's dialogue may be answered after the call was left.
      return isLive(state) ? told({ ...state, sharing: true }) : [state, [{ type: "stop_share" }]];
    case "share_stopped":
      return told({ ...state, sharing: false });
    case "microphone_silent":
      return [{ ...state, microphoneSilent: event.silent }, []];
  }
}

/** The browser's question may be answered after the call was over: then nothing may go on seeing or hearing. */
function opened(state: State): Step {
  return isOver(state) ? [state, [{ type: "release_devices" }]] : told(state);
}

function open(state: State, kind: DeviceKind): Step {
  const devices = { ...state.devices, [kind]: { at: "opening" } };
  return [{ ...state, devices }, [{ type: "open_device", kind, id: state.chosen[kind] }]];
}

function pressed(state: State, kind: DeviceKind): Step {
  switch (state.devices[kind].at) {
    case "off":
    case "failed":
      return open(state, kind);
    case "opening":
    case "on": {
      const silent = kind === "microphone" ? false : state.microphoneSilent;
      const devices = { ...state.devices, [kind]: { at: "off" } };
      const [next, effects] = told(saidOf(kind, "off", { ...state, devices, microphoneSilent: silent }));
      return [next, [{ type: "close_device", kind }, ...effects]];
    }
  }
}

function chosen(state: State, kind: DeviceKind | "speaker", id: string): Step {
  const next = { ...state, chosen: { ...state.chosen, [kind]: id } };
  if (kind === "speaker") return [next, [{ type: "set_speaker", id }]];
  return open(next, kind);
}

const SWITCHED = {
  microphone: { on: "call-microphone-on", off: "call-microphone-off" },
  camera: { on: "call-camera-on", off: "call-camera-off" },
} as const;

/** In the call a key switches it, too, wherever the focus is. */
function saidOf(kind: DeviceKind, now: "on" | "off", state: State): State {
  return state.phase.at === "call" ? say(state, SWITCHED[kind][now]) : state;
}

/** The others learn of a change at once; a connection that is not welcomed yet says it after the welcome. */
function told(state: State): Step {
  const effects: Effect[] =
    isLive(state) && state.attempt.welcomed ? [{ type: "send", message: mediaMessage(state) }] : [];
  return [state, effects];
}

/** What this page sends at the moment. */
export function mediaMessage(state: State): ClientMessage {
  const { microphone, camera } = state.devices;
  return { type: "media", microphone: microphone.at === "on", camera: camera.at === "on", screen: state.sharing };
}
