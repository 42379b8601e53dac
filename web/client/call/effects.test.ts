// Tests of the shell around the reducer, against a small world of fakes: tickets, sockets, peers and timers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Runner, type World } from "./effects";
import { createMedia } from "./media";
import type { Effect, Event } from "./state";

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.closed = true;
    this.onclose?.();
  }
}

class FakePeer {
  static all: FakePeer[] = [];
  connectionState = "new";
  onconnectionstatechange: (() => void) | null = null;
  answer: string | null = null;
  transceivers: Array<{ direction: string; mid: string; receiver: object; sender: object }> = [];

  constructor() {
    FakePeer.all.push(this);
  }

  addTransceiver(kind: string, init: { direction: string }) {
    const mid = String(this.transceivers.length);
    const receiver = { track: { kind }, getSynchronizationSources: () => [] };
    const one = { direction: init.direction, mid, receiver, sender: {}, setCodecPreferences: () => undefined };
    this.transceivers.push(one);
    return one;
  }

  getTransceivers() {
    return this.transceivers;
  }

  async createOffer() {
    return { type: "offer", sdp: this.transceivers.map(({ mid }) => `m=x\r\na=mid:${mid}\r\n`).join("") };
  }

  async setLocalDescription() {}

  async setRemoteDescription({ sdp }: { sdp: string }) {
    this.answer = sdp;
  }

  become(state: string): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  close(): void {
    this.connectionState = "closed";
  }
}

function setUp(fetchTicket: (init: RequestInit) => Promise<Response>) {
  FakeSocket.all = [];
  FakePeer.all = [];
  const events: Event[] = [];
  const timers = new Map<number, { run: () => void; ms: number }>();
  let next = 1;
  const clock = { now: 1234.5 };
  const world = {
    WebSocket: FakeSocket,
    RTCPeerConnection: FakePeer,
    RTCRtpReceiver: { getCapabilities: () => ({ codecs: [] }) },
    devices: undefined,
    fetch: (_: string, init: RequestInit) => fetchTicket(init),
    setTimeout: (run: () => void, ms: number) => {
      timers.set(next, { run, ms });
      return next++;
    },
    clearTimeout: (id: number) => timers.delete(id),
    setInterval: () => 0,
    clearInterval: () => undefined,
    now: () => clock.now,
    random: () => 0.5,
    address: "http://localhost:8080/call/1",
  } as unknown as World;
  const page = { ticket_url: "/call/1/ticket", socket_url: "/call/socket", extension_url: "/call/1/extension" };
  const runner = new Runner(world, page, createMedia(), (event) => events.push(event));
  return { events, timers, clock, run: (...effects: Effect[]) => runner.run(effects) };
}

const settle = () => new Promise((done) => setImmediate(done));

test("a ticket comes back as an event, and so does every way of not getting one", async () => {
  const rows: Array<[() => Promise<Response>, Event]> = [
    [async () => Response.json({ ticket: "t" }), { type: "ticket", attempt: 3, ticket: "t" }],
    [
      async () => Response.json({ error: "not_open" }, { status: 409 }),
      { type: "ticket_failed", attempt: 3, status: 409, code: "not_open" },
    ],
    [async () => new Response("", { status: 502 }), { type: "ticket_failed", attempt: 3, status: 502, code: null }],
    [async () => new Response("not json"), { type: "ticket_failed", attempt: 3, status: null, code: null }],
    [() => Promise.reject(new TypeError("refused")), { type: "ticket_failed", attempt: 3, status: null, code: null }],
  ];
  for (const [answer, expected] of rows) {
    const { events, run, timers } = setUp(answer);
    run({ type: "fetch_ticket", attempt: 3 });
    await settle();
    assert.deepEqual(events, [expected]);
    assert.equal(timers.size, 0, "the time limit is lifted");
  }
});

test("a server that never answers is given up after the time limit", async () => {
  const hang = ({ signal }: RequestInit) =>
    new Promise<Response>((_, fail) => signal?.addEventListener("abort", () => fail(new Error("aborted"))));
  const { events, run, timers } = setUp(hang);
  run({ type: "fetch_ticket", attempt: 1 });
  [...timers.values()][0]?.run();
  await settle();
  assert.deepEqual(events, [{ type: "ticket_failed", attempt: 1, status: null, code: null }]);
});

test("after a sleep every timer that is due comes with the first, in order", () => {
  const { events, timers, clock, run } = setUp(() => Promise.reject(new Error("unused")));
  const start = (name: "give_up" | "retry" | "silence", ms: number): Effect => ({ type: "start_timer", name, attempt: 4, ms, jitter_ms: 0 });
  run(start("silence", 90_000), start("give_up", 30_000), start("retry", 500));
  clock.now += 60_000;
  [...timers.values()][2]?.run();
  const fired = events.map((event) => (event.type === "timer" ? event.name : ""));
  assert.deepEqual([fired, timers.size], [["retry", "give_up"], 1]);
  clock.now -= 3_600_000;
  [...timers.values()][0]?.run();
  assert.equal(events.length, 3, "a clock that was set back stops no timer");
});

test("a socket says hello first, passes messages on, skips nonsense, and reports its end once", () => {
  const { events, run } = setUp(() => Promise.reject(new Error("unused")));
  run({ type: "open_socket", attempt: 2, ticket: "t" });
  const [socket] = FakeSocket.all;
  assert.equal(socket?.url, "ws://localhost:8080/call/socket");
  run({ type: "send", message: { type: "leave", for_good: false } });
  assert.deepEqual(socket?.sent, [], "nothing goes out before it is open");
  if (socket !== undefined) socket.readyState = FakeSocket.OPEN;
  socket?.onopen?.();
  assert.deepEqual(socket?.sent, ['{"type":"hello","protocol":1,"ticket":"t"}']);
  for (const data of ["{", "null", '"x"', new ArrayBuffer(1), '{"type":"admitted"}']) socket?.onmessage?.({ data });
  assert.deepEqual(events, [{ type: "message", attempt: 2, message: { type: "admitted" } }]);
  socket?.onclose?.();
  socket?.onclose?.();
  assert.deepEqual(events.slice(1), [{ type: "socket_closed", attempt: 2 }]);
});

test("a socket that the page closes itself reports nothing", () => {
  const { events, run } = setUp(() => Promise.reject(new Error("unused")));
  run({ type: "open_socket", attempt: 1, ticket: "t" }, { type: "close_socket" });
  assert.ok(FakeSocket.all[0]?.closed);
  assert.deepEqual(events, []);
});

test("the offer names its sources and the answer reaches the peer it is for", async () => {
  const { events, run } = setUp(() => Promise.reject(new Error("unused")));
  run({ type: "start_peer", attempt: 1 });
  await settle();
  const [offer] = events;
  assert.ok(offer?.type === "offer_made");
  assert.deepEqual(
    offer.offer.sources.map((one) => `${one.mid} ${one.source}`),
    ["0 microphone", "1 camera", "2 screen", "3 screen_audio"],
  );
  assert.equal(FakePeer.all[0]?.transceivers.length, 9, "four sources, three audio slots, two video slots");
  run({ type: "accept_answer", attempt: 1, sdp: "answer" });
  await settle();
  assert.equal(FakePeer.all[0]?.answer, "answer");
});

test("the peer whose picture is on screen lives until a new one carries media; failed attempts go at once", () => {
  const { run } = setUp(() => Promise.reject(new Error("unused")));
  run({ type: "start_peer", attempt: 1 });
  FakePeer.all[0]?.become("connected");
  run({ type: "start_peer", attempt: 2 });
  run({ type: "start_peer", attempt: 3 });
  const states = () => FakePeer.all.map((one) => one.connectionState);
  assert.deepEqual(states(), ["connected", "closed", "new"]);
  FakePeer.all[2]?.become("connected");
  assert.deepEqual(states(), ["closed", "closed", "connected"]);
  run({ type: "close_connection" });
  assert.deepEqual(states(), ["closed", "closed", "closed"]);
});

test("a timer waits its time and its share of the jitter, and starting it again replaces it", () => {
  const { events, run, timers } = setUp(() => Promise.reject(new Error("unused")));
  const retry = { type: "start_timer", name: "retry", ms: 500, jitter_ms: 500 } as const;
  run({ ...retry, attempt: 1 }, { ...retry, attempt: 2 });
  assert.deepEqual([...timers.values()].map(({ ms }) => ms), [750]);
  [...timers.values()][0]?.run();
  assert.deepEqual(events, [{ type: "timer", name: "retry", attempt: 2 }]);
  run({ ...retry, attempt: 3 }, { type: "stop_timer", name: "retry" });
  assert.equal(timers.size, 0);
});
