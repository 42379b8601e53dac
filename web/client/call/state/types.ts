// What the call page knows, what can happen to it, and what it may ask of the outside world.
import type {
  CallInfo,
  ClientMessage,
  Clock,
  EncodingState,
  EndReason,
  Participant,
  PublishedSource,
  Role,
  SeatQuality,
  ServerMessage,
  SlotAssignment,
  SourceKind,
} from "../../generated/protocol";
import type { Extension, ExtensionAction } from "../extension";
import type { Memory } from "./resume";

/** The two kinds of device that a person can be asked for. */
export type DeviceKind = "microphone" | "camera";

/** Why a device gives nothing. */
export type DeviceProblem = "blocked" | "blocked_by_system" | "in_use" | "none_found" | "unknown";

export type Device =
  | { at: "off" }
  | { at: "opening" }
  | { at: "on"; id: string }
  | { at: "failed"; problem: DeviceProblem };

/** Why the page gave up on its own; every one of them offers a way on. */
export type Refusal = "signed_out" | "not_yours" | "not_open" | "over" | "unsupported";

/** How somebody leaves: to come back until the time is over, or not to come back. */
export type Leaving = "for_now" | "for_good";

export type Phase =
  | { at: "check" }
  | { at: "connecting" }
  | { at: "lobby" }
  | { at: "call" }
  /** The connection is lost and being remade. `from` is where the page returns to in spirit while it waits. */
  | { at: "reconnecting"; from: "lobby" | "call" }
  /** `final` once the server said so; before that, leaving can be taken back. */
  /** `owed` until the server has confirmed the leaving: where the connection is lost, the page goes back just to say it. */
  /** `paused` while one who was turned away may not knock again. */
  | { at: "ended"; reason: EndReason; clock: Clock | null; final: boolean; owed?: Leaving; paused?: boolean }
  | { at: "taken_over" }
  | { at: "refused"; why: Refusal };

/** `unreachable`: no path any more, but one may be found again. `failed`: nothing helps but a new peer. */
export type PeerState = "connected" | "disconnected" | "unreachable" | "failed";

export type Network = "good" | "weak" | "bad";

export interface Offer {
  sdp: string;
  sources: PublishedSource[];
}

/** One attempt at a connection: a ticket, a socket and a peer. Events of earlier attempts are ignored. */
export interface Attempt {
  number: number;
  peerStarted: boolean;
  /** The socket has said hello and was welcomed. */
  welcomed: boolean;
  offer: Offer | null;
  /** Whether its media is up at the moment. */
  mediaUp: boolean;
  /** The number of the ICE restart under way; null when none is. */
  restart: number | null;
  /** ICE restarts begun so far, so that no late answer is taken for that of another one. */
  restarts: number;
  /** The server asked for a pause, which nothing cuts short. */
  paused: boolean;
  /** Attempts that were lost since media last flowed. */
  losses: number;
  /** For a while after coming back: people missing from the server's list are still shown. */
  othersExpected: boolean;
}

export interface Notice {
  key: string;
  args: Record<string, string | number>;
  /** Grows with every notice, so that the same words twice are two announcements. */
  serial: number;
}

export interface State {
  mode: "call" | "check";
  role: Role;
  phase: Phase;
  attempt: Attempt;
  seat: string | null;
  info: CallInfo | null;
  participants: Participant[];
  /** Who was here before the connection was lost and has not come back to the server yet. */
  missing: Participant[];
  slots: SlotAssignment[];
  /** How large each receive slot is shown, in pixels of the screen. */
  sizes: Record<string, { width: number; height: number }>;
  quality: SeatQuality[];
  /** Seats that speak, loudest first. */
  speakers: string[];
  /** What the person sends has been poor for long. */
  uploadPoor: boolean;
  clock: Clock | null;
  devices: Record<DeviceKind, Device>;
  /** Device ids the person picked; null is the browser's own choice. */
  chosen: Record<DeviceKind | "speaker", string | null>;
  sharing: boolean;
  microphoneSilent: boolean;
  network: Network;
  /** When the provider was last told by mail that somebody waits, Unix microseconds. */
  told: number | null;
  /** How going on beyond the highest price stands; null before the server said. */
  extension: Extension | null;
  /** The server has said nothing for longer than it ever does. */
  quiet: boolean;
  layout: "speaker" | "grid";
  panel: "none" | "devices" | "end" | "shortcuts";
  notice: Notice | null;
}

export type TimerName =
  | "retry"
  | "peer_lost"
  | "peer_setup"
  | "peer_restart"
  | "sizes"
  | "upload"
  | "quiet"
  | "silence"
  | "others"
  | "knock"
  | "close"
  | "give_up";

/** What is sent as it is pressed, since the server alone decides about it; the other messages go with the page's own state. */
type Request = Exclude<
  ClientMessage,
  { type: "hello" | "offer" | "media" | "sizes" | "restart" | "leave" | "end" | "ping" }
>;

/** Everything that can happen. `attempt` names the connection attempt an event belongs to. */
export type Event =
  | { type: "page_opened" }
  /** The page was loaded again in the same tab. */
  | { type: "page_resumed"; memory: Memory }
  | { type: "unsupported" }
  | { type: "join_pressed" }
  | { type: "leave_pressed" }
  /** The provider ends the call for both, the consumer leaves for good; asked before. */
  | { type: "end_confirmed" }
  | { type: "rejoin_pressed" }
  | { type: "device_pressed"; kind: DeviceKind }
  | { type: "device_chosen"; kind: DeviceKind | "speaker"; id: string }
  /** `kept`: the person picked it, and it is opened again next time. */
  | { type: "device_opened"; kind: DeviceKind; id: string; kept?: boolean }
  | { type: "camera_turned" }
  | { type: "device_failed"; kind: DeviceKind; problem: DeviceProblem }
  | { type: "device_lost"; kind: DeviceKind }
  | { type: "share_pressed" }
  | { type: "share_started" }
  | { type: "share_stopped" }
  | { type: "request_pressed"; message: Request }
  /** The server's word about extending, with the words that it is told in. */
  | { type: "extension_told"; told: Extension; args: Record<string, string> }
  | { type: "extension_pressed"; action: ExtensionAction; amount_minor: number }
  | { type: "layout_pressed" }
  | { type: "panel_pressed"; panel: State["panel"] }
  | { type: "ticket"; attempt: number; ticket: string }
  | { type: "ticket_failed"; attempt: number; status: number | null; code: string | null }
  | { type: "socket_closed"; attempt: number }
  | { type: "message"; attempt: number; message: ServerMessage }
  | { type: "offer_made"; attempt: number; offer: Offer }
  | { type: "peer"; attempt: number; state: PeerState }
  | { type: "restart_offered"; attempt: number; ufrag: string | null }
  | { type: "slot_shown"; mid: string; width: number; height: number }
  | { type: "timer"; name: TimerName; attempt: number }
  | { type: "back_online" }
  /** The device is in another network now, or back in one. */
  | { type: "network_changed" }
  | { type: "network"; level: Network }
  | { type: "microphone_silent"; silent: boolean };

/** Everything the page may do to the world. */
export type Effect =
  | { type: "open_device"; kind: DeviceKind; id: string | null }
  | { type: "close_device"; kind: DeviceKind }
  /** Opens the camera on the other side of a phone. */
  | { type: "turn_camera" }
  | { type: "set_speaker"; id: string }
  | { type: "start_share" }
  | { type: "stop_share" }
  | { type: "fetch_ticket"; attempt: number }
  | { type: "open_socket"; attempt: number; ticket: string }
  | { type: "start_peer"; attempt: number }
  | { type: "accept_answer"; attempt: number; sdp: string }
  | { type: "restart_peer"; attempt: number }
  | { type: "accept_restart"; attempt: number; ufrag: string; password: string }
  | { type: "set_encodings"; source: SourceKind; encodings: EncodingState[] }
  | { type: "send"; message: ClientMessage }
  /** Ends the socket; the peer stays, so that its last picture can be shown until the next one is up. */
  | { type: "close_socket" }
  /** Ends socket and peers. */
  | { type: "close_connection" }
  | { type: "release_devices" }
  /** Starts (or restarts) a timer that comes back as an event after `ms` plus up to `jitter_ms`. */
  | { type: "start_timer"; name: TimerName; attempt: number; ms: number; jitter_ms: number }
  | { type: "stop_timer"; name: TimerName }
  | { type: "act_on_extension"; action: ExtensionAction; amount_minor: number }
  | { type: "knock" };

export type Step = [State, Effect[]];
