// Table tests of the reducer: each row is a story of events, and what must hold after it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Participant, ServerMessage } from "../generated/protocol";
import { type Effect, type Event, initialState, reduce, type State } from "./state";

const CLOCK = { running: true, billable_ms: 61_000, cost_minor: 3000, remaining_ms: 600_000 };
const INFO = {
  id: "call",
  title: "Sick dog",
  now: 0,
  opens_at: 0,
  starts_at: 0,
  ends_at: 1_800_000_000,
  price: { currency: "NOK", model: "free" as const },
};
const OFFER = { sdp: "v=0", sources: [{ mid: "0", source: "microphone" as const }] };

function person(seat: string, presence: Participant["presence"]): Participant {
  const on = { microphone: true, camera: true, screen: false, waited_s: 0 };
  return { seat, name: seat.toUpperCase(), role: "provider", presence, ...on };
}

/** A page under test: feeds events, remembers the effects of the last one. */
class Page {
  state: State;
  effects: Effect[] = [];

  constructor(role: "consumer" | "provider" = "consumer") {
    this.state = initialState("call", role);
  }

  on(...events: Event[]): this {
    for (const event of events) [this.state, this.effects] = reduce(this.state, event);
    return this;
  }

  /** A message of the current connection. */
  hears(...messages: ServerMessage[]): this {
    for (const message of messages) this.on({ type: "message", attempt: this.attempt, message });
    return this;
  }

  get attempt(): number {
    return this.state.attempt.number;
  }

  get phase(): string {
    return this.state.phase.at;
  }

  did(type: Effect["type"]): boolean {
    return this.effects.some((effect) => effect.type === type);
  }

  sent(): string[] {
    return this.effects.flatMap((effect) => (effect.type === "send" ? [effect.message.type] : []));
  }

  timers(): string[] {
    return this.effects.flatMap((effect) => (effect.type === "start_timer" ? [effect.name] : []));
  }
}

function welcome(admitted: boolean, role: "consumer" | "provider" = "consumer"): ServerMessage {
  return { type: "welcome", protocol: 1, seat: "me", role, admitted, call: INFO };
}

/** A page that was welcomed: devices on, ticket, socket, offer made. */
function joined(admitted: boolean, role: "consumer" | "provider" = "consumer"): Page {
  const page = new Page(role).on(
    { type: "page_opened" },
    { type: "device_opened", kind: "microphone", id: "m" },
    { type: "device_opened", kind: "camera", id: "c" },
    { type: "join_pressed" },
  );
  page.on({ type: "offer_made", attempt: page.attempt, offer: OFFER });
  page.on({ type: "ticket", attempt: page.attempt, ticket: "t" });
  return page.hears(welcome(admitted, role));
}

function inCall(role: "consumer" | "provider" = "consumer"): Page {
  const page = joined(true, role).hears({ type: "clock", ...CLOCK });
  page.hears({ type: "participants", participants: [person("me", "connected"), person("kari", "connected")] });
  return page.on({ type: "peer", attempt: page.attempt, state: "connected" });
}

test("joining fetches the ticket and makes the peer at the same time", () => {
  const page = new Page().on({ type: "join_pressed" });
  assert.equal(page.phase, "connecting");
  assert.ok(page.did("fetch_ticket") && page.did("start_peer"));
  page.on({ type: "join_pressed" });
  assert.deepEqual(page.effects, [], "a second press does nothing");
});

test("the offer is sent once both the welcome and the offer are there, in either order", () => {
  assert.deepEqual(joined(false).sent(), ["media", "offer"]);
  const page = new Page().on({ type: "join_pressed" });
  page.on({ type: "ticket", attempt: 1, ticket: "t" }).hears(welcome(false));
  assert.deepEqual(page.sent(), ["media"]);
  page.on({ type: "offer_made", attempt: 1, offer: OFFER });
  assert.deepEqual(page.sent(), ["offer"]);
});

test("a consumer waits in the lobby until admitted, a provider does not", () => {
  assert.equal(joined(true, "provider").phase, "call");
  const page = joined(false);
  assert.equal(page.phase, "lobby");
  assert.equal(page.hears({ type: "admitted" }).phase, "call");
});

test("somebody at the door knocks once for the provider and never for the consumer", () => {
  const arrival: ServerMessage = { type: "participants", participants: [person("ola", "lobby")] };
  const provider = joined(true, "provider").hears(arrival);
  assert.ok(provider.did("knock"));
  assert.ok(!provider.hears(arrival).did("knock"));
  assert.ok(!joined(false).hears(arrival).did("knock"));
  provider.on({ type: "request_pressed", message: { type: "admit", seat: "ola" } });
  assert.deepEqual(provider.effects, [{ type: "send", message: { type: "admit", seat: "ola" } }]);
});

test("a lost socket is replaced at once, with a fresh ticket and a new peer", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 });
  assert.deepEqual(page.state.phase, { at: "reconnecting", from: "call" });
  assert.equal(page.attempt, 2);
  assert.ok(page.did("fetch_ticket") && !page.did("start_peer"), "the peer waits for the ticket");
  page.on({ type: "ticket", attempt: 2, ticket: "u" });
  assert.ok(page.did("open_socket") && page.did("start_peer"));
  page.on({ type: "offer_made", attempt: 2, offer: OFFER }).hears(welcome(true));
  assert.deepEqual(page.sent(), ["media", "offer"]);
  assert.equal(page.phase, "reconnecting", "back only when media is up");
  page.hears({ type: "answer", id: 2, sdp: "v=0", slots: [] });
  assert.ok(page.did("accept_answer"));
  assert.equal(page.on({ type: "peer", attempt: 2, state: "connected" }).phase, "call");
});

test("while the server is down the page tries again and again, with pauses, and does not give up", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 });
  for (let round = 0; round < 50; round += 1) {
    page.on({ type: "ticket_failed", attempt: page.attempt, status: round % 2 === 0 ? null : 503, code: null });
    assert.deepEqual(page.timers(), ["retry"]);
    assert.ok(!page.did("fetch_ticket"), "never without a pause");
    page.on({ type: "timer", name: "retry", attempt: page.attempt });
    assert.ok(page.did("fetch_ticket"));
  }
  assert.equal(page.phase, "reconnecting");
  page.on({ type: "back_online" });
  assert.ok(page.did("fetch_ticket"), "coming online does not wait for the timer");
});

test("a peer may be disconnected for a moment; if it stays so its path is made anew, if it fails it is replaced", () => {
  const page = inCall().on({ type: "peer", attempt: 1, state: "disconnected" });
  assert.deepEqual(page.timers(), ["peer_lost"]);
  assert.equal(page.phase, "call");
  page.on({ type: "peer", attempt: 1, state: "connected" });
  assert.ok(page.effects.some((effect) => effect.type === "stop_timer" && effect.name === "peer_lost"));
  assert.ok(inCall().on({ type: "timer", name: "peer_lost", attempt: 1 }).did("restart_peer"));
  assert.equal(inCall().on({ type: "peer", attempt: 1, state: "failed" }).phase, "reconnecting");
  assert.equal(inCall().on({ type: "timer", name: "silence", attempt: 1 }).phase, "reconnecting");
});

test("an attempt that is welcomed but never carries media does not become a tight loop", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 });
  page.on({ type: "ticket", attempt: 2, ticket: "u" }).hears(welcome(true));
  page.hears({ type: "error", code: "bad_offer", message: "", fatal: false });
  assert.deepEqual(page.timers(), ["retry"]);
});

test("what an earlier attempt still says changes nothing", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 });
  const before = page.state;
  page.on({ type: "socket_closed", attempt: 1 }, { type: "peer", attempt: 1, state: "failed" });
  page.on({ type: "message", attempt: 1, message: { type: "taken_over" } });
  page.on({ type: "ticket", attempt: 1, ticket: "old" }, { type: "timer", name: "silence", attempt: 1 });
  assert.equal(page.state, before);
});

test("those whom the restarted server has not seen again keep their tile for a while", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 });
  page.on({ type: "ticket", attempt: 2, ticket: "u" }).hears(welcome(true));
  assert.ok(page.timers().includes("others"));
  page.hears({ type: "participants", participants: [person("me", "connecting")] });
  const missing = page.state.missing.map((one) => [one.seat, one.presence]);
  assert.deepEqual(missing, [["kari", "reconnecting"]]);
  page.hears({ type: "participants", participants: [person("me", "connected"), person("kari", "connected")] });
  assert.deepEqual(page.state.missing, []);
  page.hears({ type: "participants", participants: [person("me", "connected")] });
  page.on({ type: "timer", name: "others", attempt: page.attempt });
  assert.deepEqual(page.state.missing, []);
});

test("the end and a take-over stop every recovery and let the devices go", () => {
  const ends: Array<[ServerMessage, string]> = [
    [{ type: "ended", reason: "window_ended", clock: CLOCK }, "ended"],
    [{ type: "taken_over" }, "taken_over"],
  ];
  for (const [message, phase] of ends) {
    const page = inCall().hears(message);
    assert.equal(page.phase, phase);
    assert.ok(page.did("close_connection") && page.did("release_devices"));
    page.on({ type: "socket_closed", attempt: 1 }, { type: "peer", attempt: 1, state: "failed" });
    page.on({ type: "timer", name: "retry", attempt: 1 }, { type: "back_online" });
    assert.equal(page.phase, phase);
    assert.deepEqual(page.effects, []);
  }
});

test("the server moves: the page comes back after the pause it was told", () => {
  const page = inCall().hears({ type: "moving", retry_after_ms: 1234 });
  assert.equal(page.phase, "reconnecting");
  const timer = page.effects.find((effect) => effect.type === "start_timer");
  assert.ok(timer?.type === "start_timer" && timer.ms === 1234 && timer.name === "retry");
  assert.ok(!page.did("fetch_ticket"));
});

test("leaving says so, keeps the socket for the last clock, then closes; coming back opens devices again", () => {
  const page = inCall().on({ type: "leave_pressed" });
  assert.equal(page.phase, "ended");
  assert.deepEqual(page.sent(), ["leave"]);
  assert.ok(!page.did("close_connection") && page.timers().includes("close"));
  page.hears({ type: "clock", ...CLOCK });
  assert.equal(page.on({ type: "socket_closed", attempt: 1 }).phase, "ended");
  assert.ok(page.on({ type: "timer", name: "close", attempt: 1 }).did("close_connection"));
  page.on({ type: "rejoin_pressed" });
  assert.equal(page.phase, "connecting");
  assert.equal(page.effects.filter((effect) => effect.type === "open_device").length, 2);
});

test("trial B3: after leaving the last figures come in and the way back stays open; an end cannot be taken back", () => {
  const page = inCall().on({ type: "leave_pressed" });
  page.hears({ type: "ended", reason: "left", clock: { ...CLOCK, cost_minor: 4500 } });
  assert.equal(page.state.clock?.cost_minor, 4500);
  assert.equal(page.on({ type: "rejoin_pressed" }).phase, "connecting");
  for (const reason of ["ended_by_provider", "window_ended", "cancelled", "settled", "signed_out", "handed_over"] as const) {
    const over = inCall().hears({ type: "ended", reason, clock: CLOCK });
    assert.equal(over.on({ type: "rejoin_pressed" }).phase, "ended", reason);
  }
  // The provider ended it while this page was saying goodbye.
  const both = inCall().on({ type: "leave_pressed" }).hears({ type: "ended", reason: "ended_by_provider", clock: CLOCK });
  assert.equal(both.on({ type: "rejoin_pressed" }).phase, "ended");
});

test("trial B3: the provider ends for both, the consumer leaves for good, and nobody before anything took place", () => {
  const provider = inCall("provider").hears({ type: "clock", ...CLOCK });
  provider.on({ type: "panel_pressed", panel: "end" }, { type: "end_confirmed" });
  assert.deepEqual([provider.sent(), provider.phase, provider.state.panel], [["end"], "call", "none"]);
  const consumer = inCall().hears({ type: "clock", ...CLOCK }).on({ type: "end_confirmed" });
  assert.deepEqual(consumer.effects[0], { type: "send", message: { type: "leave", for_good: true } });
  assert.equal(consumer.on({ type: "rejoin_pressed" }).phase, "ended");
  const before = inCall().hears({ type: "clock", ...CLOCK, billable_ms: 0 }).on({ type: "end_confirmed" });
  assert.deepEqual([before.sent(), before.phase], [[], "call"]);
});

test("answers of the ticket address that are final are told, all others are tried again", () => {
  const rows: Array<[number, string, string]> = [
    [401, "sign_in_first", "signed_out"],
    [403, "forbidden", "not_yours"],
    [404, "not_found", "not_yours"],
    [409, "not_open", "not_open"],
    [409, "ended", "over"],
    [409, "cancelled", "over"],
  ];
  for (const [status, code, why] of rows) {
    const page = new Page().on({ type: "join_pressed" }, { type: "ticket_failed", attempt: 1, status, code });
    assert.deepEqual(page.state.phase, { at: "refused", why }, code);
    assert.deepEqual(page.timers(), why === "not_open" ? ["retry"] : []);
  }
  for (const status of [null, 429, 500, 502, 503]) {
    const page = new Page().on({ type: "join_pressed" }, { type: "ticket_failed", attempt: 1, status, code: null });
    assert.equal(page.phase, "reconnecting", String(status));
  }
});

test("a room that is not open yet is asked for again by itself", () => {
  const page = new Page().on({ type: "join_pressed" }, { type: "ticket_failed", attempt: 1, status: 409, code: "not_open" });
  page.on({ type: "timer", name: "retry", attempt: 1 });
  assert.equal(page.phase, "connecting");
  assert.ok(page.did("fetch_ticket"));
});

test("muting tells the others; a device that opens after it was switched off is closed again", () => {
  const page = inCall().on({ type: "device_pressed", kind: "microphone" });
  assert.deepEqual(page.effects, [
    { type: "close_device", kind: "microphone" },
    { type: "send", message: { type: "media", microphone: false, camera: true, screen: false } },
  ]);
  page.on({ type: "device_pressed", kind: "microphone" }, { type: "device_pressed", kind: "microphone" });
  page.on({ type: "device_opened", kind: "microphone", id: "m" });
  assert.deepEqual(page.effects, [{ type: "close_device", kind: "microphone" }]);
  assert.deepEqual(page.state.devices.microphone, { at: "off" });
});

test("a denied camera is no obstacle to joining", () => {
  const page = new Page().on(
    { type: "page_opened" },
    { type: "device_failed", kind: "camera", problem: "blocked" },
    { type: "device_failed", kind: "microphone", problem: "blocked" },
    { type: "join_pressed" },
  );
  assert.equal(page.phase, "connecting");
  page.on({ type: "ticket", attempt: 1, ticket: "t" }).hears(welcome(true));
  assert.deepEqual(page.effects.find((effect) => effect.type === "send"), {
    type: "send",
    message: { type: "media", microphone: false, camera: false, screen: false },
  });
  page.on({ type: "device_pressed", kind: "camera" });
  assert.deepEqual(page.effects, [{ type: "open_device", kind: "camera", id: null }]);
});

test("an unplugged device is replaced by whatever there is", () => {
  const page = inCall().on({ type: "device_chosen", kind: "camera", id: "second" });
  assert.deepEqual(page.effects, [{ type: "open_device", kind: "camera", id: "second" }]);
  page.on({ type: "device_opened", kind: "camera", id: "second" }, { type: "device_lost", kind: "camera" });
  assert.deepEqual(page.effects, [{ type: "open_device", kind: "camera", id: null }]);
});

test("comings and goings of others are said, one's own are not", () => {
  const page = inCall();
  const said = () => page.state.notice?.key;
  assert.equal(said(), "call-said-joined");
  page.hears({ type: "participants", participants: [person("me", "reconnecting"), person("kari", "reconnecting")] });
  assert.equal(said(), "call-said-joined", "a loss is said by the banner");
  page.hears({ type: "participants", participants: [person("me", "connected"), person("kari", "connected")] });
  assert.equal(said(), "call-said-back");
  page.hears({ type: "participants", participants: [person("me", "connected"), person("kari", "left")] });
  assert.equal(said(), "call-said-left");
  page.on({ type: "device_pressed", kind: "microphone" });
  assert.equal(said(), "call-microphone-off");
  page.on({ type: "device_pressed", kind: "microphone" }, { type: "device_opened", kind: "microphone", id: "m" });
  assert.equal(said(), "call-microphone-on");
  const waiting = joined(false);
  assert.equal(waiting.state.notice, null, "devices that open before the call are seen");
  assert.equal(waiting.hears({ type: "admitted" }).state.notice?.key, "call-said-admitted");
});

test("a picture without room is told once, and that it is back; not of one who left", () => {
  const page = inCall();
  const slots = (seat: string | null, withheld: boolean) => page.hears({ type: "slots", slots: [{ mid: "7", seat, source: "camera", withheld }] });
  const said = () => [page.state.notice?.key, page.state.notice?.serial];
  slots("kari", false);
  assert.deepEqual(said(), ["call-said-joined", 1]);
  for (let time = 0; time < 2; time += 1) {
    slots("kari", true);
    assert.deepEqual(said(), ["call-tile-withheld", 2]);
  }
  slots("kari", false);
  assert.deepEqual(said(), ["call-said-picture-back", 3]);
  slots("kari", true);
  slots(null, false);
  assert.deepEqual(said(), ["call-tile-withheld", 4]);
});

test("a camera that gives nothing in the call says why, where it can be mended", () => {
  const page = inCall().on({ type: "device_failed", kind: "camera", problem: "in_use" });
  assert.equal(page.state.panel, "devices");
});

test("the device check has nothing to join", () => {
  const [state, effects] = reduce(initialState("check", "consumer"), { type: "join_pressed" });
  assert.deepEqual([state.phase.at, effects], ["check", []]);
});

test("a path that lets nothing through to the page is sought anew, once media was up", () => {
  assert.ok(inCall().hears({ type: "path_lost" }).did("restart_peer"));
});

test("a broken path is restarted with the same peer, and only a restart in vain makes a new one", () => {
  const broken = () => inCall().on({ type: "peer", attempt: 1, state: "unreachable" });
  const page = broken();
  assert.ok(page.did("restart_peer"));
  assert.deepEqual([page.phase, page.timers()], ["call", ["peer_restart"]]);
  page.on({ type: "peer", attempt: 1, state: "disconnected" });
  assert.deepEqual(page.effects, [], "one restart at a time");
  page.on({ type: "restart_offered", attempt: 1, ufrag: "abcd" });
  assert.deepEqual(page.effects, [{ type: "send", message: { type: "restart", id: 1, ufrag: "abcd" } }]);
  page.hears({ type: "restarted", id: 1, ufrag: "u", password: "p" });
  assert.ok(page.did("accept_restart"));
  assert.deepEqual(page.timers(), ["quiet", "silence", "peer_restart"]);
  page.on({ type: "peer", attempt: 1, state: "connected" });
  page.on({ type: "timer", name: "peer_restart", attempt: 1 });
  assert.deepEqual([page.phase, page.attempt, page.effects.length], ["call", 1, 0]);
  assert.ok(page.on({ type: "network_changed" }).did("restart_peer"), "and again at the next change");
  page.on({ type: "restart_offered", attempt: 1, ufrag: "efgh" });
  assert.deepEqual(page.effects, [{ type: "send", message: { type: "restart", id: 2, ufrag: "efgh" } }]);
  page.hears({ type: "restarted", id: 1, ufrag: "late", password: "p" });
  assert.ok(!page.did("accept_restart"), "a late answer is of the restart before");
  // In vain: no answer, no path, or nothing to restart.
  assert.equal(broken().on({ type: "timer", name: "peer_restart", attempt: 1 }).phase, "reconnecting");
  assert.equal(broken().on({ type: "restart_offered", attempt: 1, ufrag: null }).phase, "reconnecting");
  const refused = broken().hears({ type: "error", code: "bad_offer", message: "", fatal: false });
  assert.equal(refused.phase, "reconnecting");
});

test("leaving while the connection is lost ends the media at once and is said when the server is back", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 }, { type: "leave_pressed" });
  assert.equal(page.phase, "ended");
  assert.ok(page.did("close_connection") && page.did("fetch_ticket") && page.did("release_devices"));
  page.on({ type: "ticket_failed", attempt: page.attempt, status: 503, code: null });
  assert.deepEqual(page.timers(), ["retry"]);
  page.on({ type: "timer", name: "retry", attempt: page.attempt });
  page.on({ type: "ticket", attempt: page.attempt, ticket: "u" });
  assert.ok(page.did("open_socket") && !page.did("start_peer"), "no media for a farewell");
  page.hears(welcome(true));
  assert.deepEqual([page.sent(), page.timers()], [["leave"], ["close"]]);
  page.hears({ type: "ended", reason: "left", clock: CLOCK });
  page.on({ type: "timer", name: "close", attempt: page.attempt });
  assert.ok(page.did("close_connection"));
  assert.equal(page.phase, "ended");
});

test("a leaving that cannot be said is given up after a while, however often it was tried", () => {
  const page = inCall().on({ type: "socket_closed", attempt: 1 }, { type: "leave_pressed" });
  assert.ok(page.timers().includes("give_up"));
  const first = page.attempt;
  for (let tries = 0; tries < 3; tries++) {
    page.on({ type: "ticket_failed", attempt: page.attempt, status: null, code: null });
    page.on({ type: "timer", name: "retry", attempt: page.attempt });
  }
  page.on({ type: "timer", name: "give_up", attempt: first });
  assert.ok(page.did("close_connection"));
  page.on({ type: "timer", name: "retry", attempt: page.attempt }, { type: "ticket", attempt: page.attempt, ticket: "late" });
  assert.deepEqual(page.effects, [], "by now the person may have joined from another device");
});

test("leaving is said again where the socket was dead, and before the welcome over a new one", () => {
  const silent = inCall().on({ type: "leave_pressed" });
  assert.deepEqual([silent.sent(), silent.timers()], [["leave"], ["close", "give_up"]]);
  silent.on({ type: "timer", name: "close", attempt: silent.attempt });
  assert.deepEqual([silent.did("close_connection"), silent.timers()], [true, ["retry"]]);
  const closed = inCall().on({ type: "leave_pressed" }, { type: "socket_closed", attempt: 1 });
  assert.deepEqual(closed.timers(), ["retry"]);
  const early = new Page().on({ type: "join_pressed" }, { type: "leave_pressed" });
  assert.deepEqual([early.phase, early.did("fetch_ticket"), early.sent()], ["ended", true, []]);
});

test("leaving for good is final once the server said so, and no sooner", () => {
  const over = () => inCall().hears({ type: "clock", ...CLOCK, remaining_ms: 100 }).on({ type: "end_confirmed" });
  const said = over();
  assert.ok(said.state.phase.at === "ended" && !said.state.phase.final);
  said.hears({ type: "ended", reason: "left_for_good", clock: CLOCK });
  assert.ok(said.state.phase.at === "ended" && said.state.phase.final && said.state.phase.owed === undefined);
  const early = over().hears({ type: "error", code: "too_early", message: "", fatal: false });
  assert.deepEqual(early.effects[0], { type: "send", message: { type: "leave", for_good: false } });
  const unheard = over().on({ type: "timer", name: "give_up", attempt: 1 });
  assert.ok(unheard.state.phase.at === "ended" && unheard.state.phase.reason === "left");
  assert.equal(unheard.on({ type: "rejoin_pressed" }).phase, "connecting", "what was not heard can be taken back");
});

test("who ends a call too early reads when it can be ended", () => {
  const page = inCall("provider").hears({ type: "error", code: "too_early", message: "", fatal: false });
  assert.deepEqual([page.phase, page.state.notice?.key], ["call", "call-end-too-early"]);
});

test("a device that the browser gives after the end is let go at once", () => {
  const page = joined(true).on({ type: "device_pressed", kind: "camera" }, { type: "device_pressed", kind: "camera" });
  page.hears({ type: "ended", reason: "ended_by_provider", clock: CLOCK });
  page.on({ type: "device_opened", kind: "camera", id: "c" });
  assert.deepEqual(page.effects, [{ type: "release_devices" }]);
});

test("the pause that the server asks for is kept, whatever else is lost or comes back meanwhile", () => {
  const page = inCall().hears({ type: "moving", retry_after_ms: 4_000 });
  const retry = page.effects.find((effect) => effect.type === "start_timer" && effect.name === "retry");
  assert.ok(retry?.type === "start_timer" && retry.ms === 4_000);
  page.on({ type: "peer", attempt: 1, state: "failed" });
  assert.deepEqual(page.effects, []);
  page.on({ type: "back_online" }, { type: "socket_closed", attempt: 1 });
  assert.deepEqual(page.effects, []);
  assert.ok(page.on({ type: "timer", name: "retry", attempt: 1 }).did("fetch_ticket"));
});

test("sizes are sent together after a moment, and again to a new peer", () => {
  const page = inCall().on({ type: "slot_shown", mid: "7", width: 640, height: 360 });
  assert.deepEqual(page.timers(), ["sizes"]);
  page.on({ type: "slot_shown", mid: "8", width: 0, height: 0 }, { type: "slot_shown", mid: "8", width: 0, height: 0 });
  assert.deepEqual(page.timers(), [], "nothing new");
  page.on({ type: "timer", name: "sizes", attempt: 1 });
  const slots = [
    { mid: "7", width: 640, height: 360 },
    { mid: "8", width: 0, height: 0 },
  ];
  assert.deepEqual(page.effects, [{ type: "send", message: { type: "sizes", slots } }]);
  page.hears({ type: "answer", id: 1, sdp: "v=0", slots: [] });
  assert.deepEqual(page.sent(), ["sizes"]);
});

test("an upload that stays poor earns a hint, until it is better", () => {
  const quality = (sends: "poor" | "good"): ServerMessage => ({
    type: "quality",
    seats: [{ seat: "me", sends, receives: "good" }],
  });
  const page = inCall().hears(quality("poor"));
  assert.ok(page.timers().includes("upload"));
  assert.ok(!page.hears(quality("poor")).timers().includes("upload"), "the first one goes on running");
  assert.equal(page.on({ type: "timer", name: "upload", attempt: 1 }).state.uploadPoor, true);
  assert.equal(page.hears(quality("good")).state.uploadPoor, false);
});

test("a shared screen ends with the call, however that is over, and is not told after coming back", () => {
  const sharing = () => inCall().on({ type: "share_pressed" }, { type: "share_started" });
  assert.deepEqual(sharing().effects, [
    { type: "send", message: { type: "media", microphone: true, camera: true, screen: true } },
  ]);
  const elsewhere = sharing().hears({ type: "taken_over" });
  assert.equal(elsewhere.on({ type: "rejoin_pressed" }).state.sharing, false);
  assert.equal(sharing().hears({ type: "ended", reason: "left", clock: CLOCK }).state.sharing, false);
  assert.equal(sharing().on({ type: "leave_pressed" }).state.sharing, false);
  const late = inCall().on({ type: "share_pressed" }, { type: "leave_pressed" }, { type: "share_started" });
  assert.deepEqual([late.state.sharing, late.effects], [false, [{ type: "stop_share" }]]);
});
