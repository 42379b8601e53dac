// One peer connection: a single offer with everything it will ever send and receive, a single answer.
import type { EncodingState, PublishedSource, SourceKind } from "../generated/protocol";
import type { LocalSource } from "./media";
import { addSender, setEncodings, ufragOf, withCredentials } from "./sending";
import type { Network, Offer, PeerState } from "./state";
import { networkLevel, readSample, type Sample } from "./statistics";

/** Receive slots of a one-to-one call. */
const AUDIO_SLOTS = 3;
const VIDEO_SLOTS = 2;
const STATISTICS_MS = 2_000;

const SOURCES = ["microphone", "camera", "screen", "screen_audio"] as const;

export interface PeerWorld {
  RTCPeerConnection: typeof RTCPeerConnection;
  RTCRtpReceiver: typeof RTCRtpReceiver;
  setInterval: (run: () => void, ms: number) => number;
  clearInterval: (id: number) => void;
}

export interface PeerEvents {
  offer(offer: Offer): void;
  state(state: PeerState): void;
  network(level: Network): void;
}

export class Peer {
  readonly #connection: RTCPeerConnection;
  readonly #senders = new Map<SourceKind, RTCRtpSender>();
  readonly #world: PeerWorld;
  readonly #events: PeerEvents;
  readonly #statistics: number;
  #described: Promise<void> = Promise.resolve();
  #sample: Sample | null = null;
  #closed = false;
  #answer: string | null = null;
  /** Changes of one sender's parameters take turns: each must begin with what the one before left. */
  #tuned: Promise<void> = Promise.resolve();

  constructor(world: PeerWorld, tracks: Partial<Record<LocalSource, MediaStreamTrack>>, events: PeerEvents) {
    this.#world = world;
    this.#events = events;
    this.#connection = new world.RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#connection.onconnectionstatechange = () => this.#stateChanged();
    for (const source of SOURCES) this.#addSender(source, tracks[source]);
    for (let slot = 0; slot < AUDIO_SLOTS; slot += 1) this.#addSlot("audio");
    for (let slot = 0; slot < VIDEO_SLOTS; slot += 1) this.#addSlot("video");
    this.#statistics = world.setInterval(() => void this.#measure(), STATISTICS_MS);
  }

  /** Makes the offer and hands it out while the browser still applies it: the server needs no candidates of ours. */
  async offer(): Promise<void> {
    const { sdp = "" } = await this.#connection.createOffer();
    if (this.#closed) return;
    this.#described = this.#connection.setLocalDescription({ type: "offer", sdp });
    this.#events.offer({ sdp, sources: publishedSources(sdp) });
    await this.#described;
  }

  async accept(sdp: string): Promise<void> {
    await this.#described;
    if (this.#closed) return;
    this.#answer = sdp;
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
  }

  /** Begins an ICE restart (RFC 8839 4.4.1.1.1) and gives its `ice-ufrag`; null where nothing can be restarted. */
  async restart(): Promise<string | null> {
    if (this.#closed || this.#answer === null) return null;
    // A restart that was never answered is taken up again rather than begun anew.
    if (this.#connection.signalingState === "stable") {
      const { sdp = "" } = await this.#connection.createOffer({ iceRestart: true });
      if (this.#closed) return null;
      await this.#connection.setLocalDescription({ type: "offer", sdp });
    }
    return ufragOf(this.#connection.localDescription?.sdp ?? "");
  }

  /** Completes an ICE restart with the server's new credentials. */
  async acceptRestart(ufrag: string, password: string): Promise<void> {
    if (this.#closed || this.#answer === null) return;
    await this.accept(withCredentials(this.#answer, ufrag, password));
  }

  setEncodings(source: SourceKind, encodings: readonly EncodingState[]): void {
    const sender = this.#senders.get(source);
    if (sender === undefined) return;
    // A browser that will not rest an encoding only wastes some bits.
    this.#tuned = this.#tuned.then(() => setEncodings(sender, encodings)).catch(() => undefined);
  }

  async setTrack(source: SourceKind, track: MediaStreamTrack | null): Promise<void> {
    await this.#senders.get(source)?.replaceTrack(track);
  }

  /** The tracks of the receive slots by mid, once the offer is applied. */
  slots(): Map<string, MediaStreamTrack> {
    const receiving = this.#connection.getTransceivers().filter((one) => one.direction === "recvonly");
    return new Map(receiving.flatMap((one) => (one.mid === null ? [] : [[one.mid, one.receiver.track] as const])));
  }

  /** Loudness of what each audio slot plays, 0 to 1, by mid. */
  loudness(): Map<string, number> {
    const levels = new Map<string, number>();
    for (const { mid, receiver } of this.#connection.getTransceivers()) {
      if (mid === null || receiver.track.kind !== "audio") continue;
      const [newest] = receiver.getSynchronizationSources();
      if (newest?.audioLevel !== undefined) levels.set(mid, newest.audioLevel);
    }
    return levels;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#world.clearInterval(this.#statistics);
    this.#connection.onconnectionstatechange = null;
    this.#connection.close();
  }

  #addSender(source: SourceKind, track: MediaStreamTrack | undefined): void {
    const kind = mediaKind(source);
    const transceiver = addSender(this.#connection, source, track ?? kind);
    this.#prefer(transceiver, kind);
    this.#senders.set(source, transceiver.sender);
  }

  #addSlot(kind: "audio" | "video"): void {
    this.#prefer(this.#connection.addTransceiver(kind, { direction: "recvonly" }), kind);
  }

  /** A short list of codecs halves the offer and the time to join. */
  #prefer(transceiver: RTCRtpTransceiver, kind: "audio" | "video"): void {
    const wanted = kind === "audio" ? ["audio/red", "audio/opus"] : ["video/vp8", "video/h264", "video/rtx"];
    const known = this.#world.RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
    const codecs = wanted.flatMap((name) => known.filter((codec) => codec.mimeType.toLowerCase() === name));
    if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
  }

  #stateChanged(): void {
    const { connectionState, iceConnectionState } = this.#connection;
    // Only a path can be made anew; what DTLS has ended stays ended.
    if (connectionState === "failed" && iceConnectionState === "failed") {
      this.#events.state("unreachable");
    } else if (connectionState === "connected" || connectionState === "disconnected" || connectionState === "failed") {
      this.#events.state(connectionState);
    } else if (connectionState === "closed") {
      this.#events.state("failed");
    }
  }

  async #measure(): Promise<void> {
    if (this.#closed || this.#connection.connectionState !== "connected") return;
    const sample = readSample(await this.#connection.getStats());
    if (this.#sample !== null) this.#events.network(networkLevel(this.#sample, sample));
    this.#sample = sample;
  }
}

function mediaKind(source: SourceKind): "audio" | "video" {
  return source === "microphone" || source === "screen_audio" ? "audio" : "video";
}

/** The mids of the offer are in the order of its m-lines, and the sending ones were added first. */
export function publishedSources(sdp: string): PublishedSource[] {
  const mids = [...sdp.matchAll(/^a=mid:(\S+)/gm)].map((match) => match[1] ?? "");
  return SOURCES.flatMap((source, at) => {
    const mid = mids[at];
    return mid === undefined ? [] : [{ mid, source }];
  });
}
