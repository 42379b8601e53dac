// A page that is loaded again, one whose server falls silent, and one that was turned away.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServerMessage } from "../generated/protocol";
import { type Effect, type Event, initialState, reduce, type State } from "./state";
import { type Memory, memoryOf, readMemory } from "./state/resume";

const CHOSEN = { microphone: "m2", camera: null, speaker: "s2" };
const IN_CALL: Memory = { at: "call", microphone: true, camera: false, chosen: CHOSEN, layout: "grid" };
const CLOCK = { running: true, billable_ms: 61_000, cost_minor: 3000, remaining_ms: 600_000 };
const INFO = { id: "c", title: "", now: 0, opens_at: 0, starts_at: 0, ends_at: 9, price: { currency: "NOK", model: "free" } } as const;
const WELCOME: ServerMessage = { type: "welcome", protocol: 1, seat: "me", role: "consumer", admitted: true, call: INFO };

function after(state: State, ...events: Event[]): [State, Effect[]] {
  let effects: Effect[] = [];
  let next = state;
  for (const event of events) [next, effects] = reduce(next, event);
  return [next, effects];
}

function resumed(memory: Memory, mode: State["mode"] = "call"): [State, Effect[]] {
  return after(initialState(mode, "consumer"), { type: "page_resumed", memory });
}

const heard = (state: State, message: ServerMessage): Event => ({ type: "message", attempt: state.attempt.number, message });

function inCall(): State {
  const [opened] = resumed(IN_CALL);
  const offer = { sdp: "v=0", sources: [] };
  const [back] = after(
    opened,
    { type: "ticket", attempt: 1, ticket: "t" },
    { type: "offer_made", attempt: 1, offer },
    heard(opened, WELCOME),
    heard(opened, { type: "clock", ...CLOCK }),
    { type: "peer", attempt: 1, state: "connected" },
  );
  return back;
}

test("trial E7: who was let in goes straight back in, with the devices as they were", () => {
  const [state, effects] = resumed(IN_CALL);
  assert.deepEqual(state.phase, { at: "reconnecting", from: "call" });
  assert.deepEqual([state.devices.microphone.at, state.devices.camera.at], ["opening", "off"]);
  assert.deepEqual([state.chosen, state.layout], [CHOSEN, "grid"]);
  assert.deepEqual(effects, [
    { type: "open_device", kind: "microphone", id: "m2" },
    { type: "set_speaker", id: "s2" },
    { type: "fetch_ticket", attempt: 1 },
    { type: "start_peer", attempt: 1 },
  ]);
  const back = inCall();
  assert.deepEqual(back.phase, { at: "call" });
  assert.deepEqual(after(back, heard(back, { type: "admitted" }))[0].phase, { at: "call" });
});

test("a page that was not in yet, or had left, asks again, with the devices as they were", () => {
  for (const mode of ["call", "check"] as const) {
    const [state, effects] = resumed({ ...IN_CALL, at: mode === "check" ? "call" : "check" }, mode);
    assert.equal(state.phase.at, "check");
    assert.ok(!effects.some((effect) => effect.type === "fetch_ticket"));
    assert.equal(state.devices.camera.at, "off");
  }
});

test("what is remembered is where the page is and what the person chose", () => {
  const state = inCall();
  assert.deepEqual(memoryOf(state), IN_CALL);
  const [lost] = after(state, { type: "socket_closed", attempt: 1 });
  assert.equal(memoryOf(lost)?.at, "call");
  assert.equal(memoryOf(after(state, { type: "leave_pressed" })[0])?.at, "check");
  const [going] = after(initialState("call", "consumer"), { type: "join_pressed" });
  assert.equal(memoryOf(going), null);
  assert.deepEqual(readMemory(JSON.stringify(IN_CALL), true), IN_CALL);
  for (const odd of [null, "", "null", "{", "[]", "7"]) assert.equal(readMemory(odd, true), null, String(odd));
  assert.equal(readMemory('{"at":"moon","chosen":{"camera":7}}', true)?.at, "check");
  assert.deepEqual(readMemory(JSON.stringify(IN_CALL), false), { ...IN_CALL, at: "check" }, "a duplicate of the tab asks first");
});

test("trial E7: a server that falls silent is said a second after it should have spoken, and unsaid by its next word", () => {
  const state = inCall();
  const [, effects] = after(state, heard(state, { type: "clock", ...CLOCK }));
  const quiet = effects.find((effect) => effect.type === "start_timer" && effect.name === "quiet");
  assert.ok(quiet?.type === "start_timer" && quiet.ms <= 2_000, "the clock comes every second");
  const [silent] = after(state, { type: "timer", name: "quiet", attempt: 1 });
  assert.deepEqual([silent.quiet, silent.phase.at], [true, "call"]);
  assert.equal(after(silent, heard(silent, { type: "clock", ...CLOCK }))[0].quiet, false);
  assert.equal(after(silent, { type: "socket_closed", attempt: 1 })[0].quiet, false);
});

test("a clock whose media has failed is not carried on", () => {
  const [state] = after(inCall(), { type: "peer", attempt: 1, state: "failed" });
  assert.equal(state.clock?.running, false);
  assert.equal(after(inCall(), { type: "socket_closed", attempt: 1 })[0].clock?.running, true, "media may well go on");
});

test("trial E13: who was turned away may knock again after a pause", () => {
  const state = inCall();
  for (const message of [
    { type: "ended", reason: "dismissed", clock: CLOCK },
    { type: "error", code: "turned_away", message: "", fatal: true },
  ] as const) {
    const [away, effects] = after(state, heard(state, message));
    assert.ok(away.phase.at === "ended" && away.phase.reason === "dismissed");
    assert.ok(effects.some((effect) => effect.type === "start_timer" && effect.name === "knock" && effect.ms >= 30_000));
    assert.equal(after(away, { type: "rejoin_pressed" })[0].phase.at, "ended", "not yet");
    const [may] = after(away, { type: "timer", name: "knock", attempt: 1 });
    assert.equal(after(may, { type: "rejoin_pressed" })[0].phase.at, "connecting");
  }
});

test("trial E20: a mail to the provider is shown when the server says that it went", () => {
  const state = inCall();
  assert.equal(after(state, heard(state, { type: "provider_told", at: 5 }))[0].told, 5);
});

test("trial E22: the camera is turned around only while it is on, and the choice is kept", () => {
  const off = inCall();
  assert.deepEqual(after(off, { type: "camera_turned" })[1], []);
  const [on] = after(off, { type: "device_pressed", kind: "camera" }, { type: "device_opened", kind: "camera", id: "front" });
  const [turning, effects] = after(on, { type: "camera_turned" });
  assert.deepEqual(effects, [{ type: "turn_camera" }]);
  const [turned] = after(turning, { type: "device_opened", kind: "camera", id: "back", kept: true });
  assert.deepEqual([turned.devices.camera, turned.chosen.camera], [{ at: "on", id: "back" }, "back"]);
});
