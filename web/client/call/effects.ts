// Carries out what the reducer asks for. The only place that touches sockets, peers, devices, fetch and timers.
import { Capture, type CaptureWorld } from "./capture";
import { playTones } from "./level";
import type { Media } from "./media";
import type { CallPage } from "./page";
import { Peer, type PeerWorld } from "./peer";
import { type Connection, connect, type SocketWorld, socketUrl } from "./signaling";
import type { Effect, Event, TimerName } from "./state";

const TICKET_WAIT_MS = 4_000;
const SPEAKING_MS = 150;
const SPEAKING_LEVEL = 0.02;

/** The outside world, as far as the page touches it. */
export interface World extends PeerWorld, SocketWorld, CaptureWorld {
  fetch: typeof fetch;
  setTimeout: (run: () => void, ms: number) => number;
  clearTimeout: (id: number) => void;
  /** From 0 to 1, the end excluded. */
  random: () => number;
  /** The address of the page. */
  address: string;
}

export class Runner {
  readonly #world: World;
  readonly #page: Pick<CallPage, "ticket_url" | "socket_url" | "extension_url"> | null;
  readonly #media: Media;
  readonly #dispatch: (event: Event) => void;
  readonly #capture: Capture;
  readonly #timers = new Map<TimerName, { id: number; due: number; attempt: number }>();
  #connection: Connection | null = null;
  #peer: Peer | null = null;
  /** The peer before, kept until the new one carries media so that its last picture stays on screen. */
  #lastPeer: Peer | null = null;
  #fetching: AbortController | null = null;

  constructor(
    world: World,
    page: Pick<CallPage, "ticket_url" | "socket_url" | "extension_url"> | null,
    media: Media,
    dispatch: (event: Event) => void,
  ) {
    this.#world = world;
    this.#page = page;
    this.#media = media;
    this.#dispatch = dispatch;
    this.#capture = new Capture(world, media, dispatch, (source, track) => void this.#peer?.setTrack(source, track));
    world.setInterval(() => this.#listen(), SPEAKING_MS);
  }

  run(effects: readonly Effect[]): void {
    const requests = effects.filter((effect) => effect.type === "open_device");
    if (requests.length > 0) void this.#capture.open(requests);
    for (const effect of effects) this.#one(effect);
  }

  #one(effect: Effect): void {
    switch (effect.type) {
      case "open_device":
        return; // Opened together above, so that the browser asks once.
      case "close_device":
        return this.#capture.close(effect.kind);
      case "turn_camera":
        return void this.#capture.turnCamera();
      case "set_speaker":
        this.#media.speaker.value = effect.id;
        return;
      case "start_share":
        return void this.#capture.startShare();
      case "stop_share":
        return this.#capture.stopShare();
      case "fetch_ticket":
        return void this.#fetchTicket(effect.attempt);
      case "open_socket":
        return this.#openSocket(effect.attempt, effect.ticket);
      case "start_peer":
        return this.#startPeer(effect.attempt);
      case "accept_answer":
        return void this.#accept(effect.attempt, effect.sdp);
      case "restart_peer":
        return void this.#restart(effect.attempt);
      case "accept_restart":
        return void this.#acceptRestart(effect.attempt, effect.ufrag, effect.password);
      case "set_encodings":
        return this.#peer?.setEncodings(effect.source, effect.encodings);
      case "send":
        return this.#connection?.send(effect.message);
      case "close_socket":
        return this.#closeSocket();
      case "close_connection":
        return this.close();
      case "release_devices":
        return this.#capture.release();
      case "start_timer":
        return this.#startTimer(effect);
      case "stop_timer":
        return this.#stopTimer(effect.name);
      case "act_on_extension":
        return void this.#actOnExtension(effect.action, effect.amount_minor);
      case "knock":
        return void playTones([660, 880], this.#media.speaker.peek());
    }
  }

  /** What came of it is told by whoever watches the server's word; a lost request is pressed again. */
  async #actOnExtension(action: string, amount_minor: number): Promise<void> {
    const body = new URLSearchParams({ action, amount: String(amount_minor) });
    const headers = { accept: "application/json" };
    await this.#world.fetch(this.#page?.extension_url ?? "", { method: "POST", headers, body }).catch(() => null);
    this.#media.extensionAsked.value += 1;
  }

  devicesChanged(): void {
    void this.#capture.refreshChoices();
  }

  /** Ends socket and peers; also when the page goes away. */
  close(): void {
    this.#closeSocket();
    this.#peer?.close();
    this.#lastPeer?.close();
    this.#peer = null;
    this.#lastPeer = null;
  }

  async #fetchTicket(attempt: number): Promise<void> {
    this.#fetching?.abort();
    const abort = new AbortController();
    this.#fetching = abort;
    const late = this.#world.setTimeout(() => abort.abort(), TICKET_WAIT_MS);
    try {
      const answer = await this.#world.fetch(this.#page?.ticket_url ?? "", {
        method: "POST",
        headers: { accept: "application/json" },
        signal: abort.signal,
      });
      if (!answer.ok) {
        const { error } = (await answer.json().catch(() => ({}))) as { error?: string };
        return this.#dispatch({ type: "ticket_failed", attempt, status: answer.status, code: error ?? null });
      }
      const { ticket } = (await answer.json()) as { ticket: string };
      this.#dispatch({ type: "ticket", attempt, ticket });
    } catch {
      this.#dispatch({ type: "ticket_failed", attempt, status: null, code: null });
    } finally {
      this.#world.clearTimeout(late);
    }
  }

  #openSocket(attempt: number, ticket: string): void {
    this.#closeSocket();
    this.#connection = connect(
      this.#world,
      socketUrl(this.#page?.socket_url ?? "", this.#world.address),
      ticket,
      (message) => {
        if (message.type === "clock") this.#media.toldAt.value = this.#world.now();
        this.#dispatch({ type: "message", attempt, message });
      },
      () => this.#dispatch({ type: "socket_closed", attempt }),
    );
  }

  #closeSocket(): void {
    this.#connection?.close();
    this.#connection = null;
  }

  #startPeer(attempt: number): void {
    const peer = new Peer(this.#world, this.#media.local.peek(), {
      offer: (offer) => this.#dispatch({ type: "offer_made", attempt, offer }),
      state: (state) => {
        if (state === "connected" && this.#peer === peer) this.#dropLastPeer();
        this.#dispatch({ type: "peer", attempt, state });
      },
      network: (level) => this.#dispatch({ type: "network", level }),
    });
    // Of the peers before, the one whose picture is on screen stays; an attempt that never came up goes.
    if (this.#lastPeer === null) this.#lastPeer = this.#peer;
    else this.#peer?.close();
    this.#peer = peer;
    peer.offer().catch(() => this.#dispatch({ type: "peer", attempt, state: "failed" }));
  }

  #dropLastPeer(): void {
    this.#lastPeer?.close();
    this.#lastPeer = null;
  }

  async #accept(attempt: number, sdp: string): Promise<void> {
    const peer = this.#peer;
    try {
      await peer?.accept(sdp);
      if (peer !== null && peer === this.#peer) this.#media.remote.value = peer.slots();
    } catch {
      this.#dispatch({ type: "peer", attempt, state: "failed" });
    }
  }

  async #restart(attempt: number): Promise<void> {
    const ufrag = await (this.#peer?.restart() ?? Promise.resolve(null)).catch(() => null);
    this.#dispatch({ type: "restart_offered", attempt, ufrag });
  }

  async #acceptRestart(attempt: number, ufrag: string, password: string): Promise<void> {
    try {
      await this.#peer?.acceptRestart(ufrag, password);
    } catch {
      this.#dispatch({ type: "peer", attempt, state: "failed" });
    }
  }

  #startTimer({ name, attempt, ms, jitter_ms }: Extract<Effect, { type: "start_timer" }>): void {
    this.#stopTimer(name);
    const wait = ms + this.#world.random() * jitter_ms;
    const due = this.#world.now() + wait;
    this.#timers.set(name, { id: this.#world.setTimeout(() => this.#fire(name), wait), due, attempt });
  }

  #stopTimer(name: TimerName): void {
    this.#world.clearTimeout(this.#timers.get(name)?.id ?? 0);
    this.#timers.delete(name);
  }

  /** A timer, and with it all that are due by the wall clock: while a machine sleeps, the browser's own count stands. */
  #fire(first: TimerName): void {
    const now = this.#world.now();
    const due = [...this.#timers].filter(([name, timer]) => name === first || timer.due <= now);
    for (const [name, timer] of due.sort(([, a], [, b]) => a.due - b.due)) {
      if (this.#timers.get(name) !== timer) continue;
      this.#stopTimer(name);
      this.#dispatch({ type: "timer", name, attempt: timer.attempt });
    }
  }

  #listen(): void {
    const levels = [...(this.#peer?.loudness() ?? [])];
    const loud = new Set(levels.filter(([, level]) => level > SPEAKING_LEVEL).map(([mid]) => mid));
    const before = this.#media.speaking.peek();
    if (loud.size !== before.size || [...loud].some((mid) => !before.has(mid))) this.#media.speaking.value = loud;
  }
}
