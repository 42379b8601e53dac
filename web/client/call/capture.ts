// The own devices in use: opens, mutes, swaps and releases them, and shares the screen.
import { listDevices, openDevices, type Request } from "./devices";
import { type LevelMeter, measureLevel } from "./level";
import { type LocalSource, type Media, setLocal } from "./media";
import type { DeviceKind, Event } from "./state";

export interface CaptureWorld {
  devices: (Pick<MediaDevices, "getUserMedia" | "enumerateDevices"> & Partial<MediaDevices>) | undefined;
}

export class Capture {
  readonly #world: CaptureWorld;
  readonly #media: Media;
  readonly #dispatch: (event: Event) => void;
  readonly #changed: (source: LocalSource, track: MediaStreamTrack | null) => void;
  #meter: LevelMeter | null = null;

  constructor(
    world: CaptureWorld,
    media: Media,
    dispatch: (event: Event) => void,
    changed: (source: LocalSource, track: MediaStreamTrack | null) => void,
  ) {
    this.#world = world;
    this.#media = media;
    this.#dispatch = dispatch;
    this.#changed = changed;
  }

  async open(requests: readonly Request[]): Promise<void> {
    const wanted = requests.filter((request) => !this.#reuse(request));
    this.#took(await openDevices(this.#world.devices, wanted), false);
    await this.refreshChoices();
  }

  /** The camera of the other side, or the next one where cameras have no sides. A phone opens one at a time. */
  async turnCamera(): Promise<void> {
    const { facingMode, deviceId } = this.#media.local.peek().camera?.getSettings() ?? {};
    const { camera: cameras } = this.#media.choices.peek();
    const next = cameras[(cameras.findIndex(({ id }) => id === deviceId) + 1) % cameras.length];
    const facing = facingMode === "environment" ? "user" : "environment";
    this.close("camera");
    const request: Request = facingMode === undefined ? { kind: "camera", id: next?.id ?? null } : { kind: "camera", id: null, facing };
    this.#took(await openDevices(this.#world.devices, [request]), true);
  }

  #took(results: Awaited<ReturnType<typeof openDevices>>, kept: boolean): void {
    for (const result of results) {
      if ("problem" in result) {
        this.#dispatch({ type: "device_failed", kind: result.kind, problem: result.problem });
      } else {
        this.#useTrack(result.kind, result.track);
        this.#dispatch({ type: "device_opened", kind: result.kind, id: result.track.getSettings().deviceId ?? "", kept });
      }
    }
  }

  /** A microphone that was only muted is opened by unmuting it. */
  #reuse({ kind, id }: Request): boolean {
    const track = this.#media.local.peek()[kind];
    if (track === undefined || track.readyState !== "live") return false;
    const current = track.getSettings().deviceId ?? "";
    if (id !== null && id !== current) return false;
    track.enabled = true;
    this.#dispatch({ type: "device_opened", kind, id: current });
    return true;
  }

  #useTrack(kind: DeviceKind, track: MediaStreamTrack): void {
    const before = this.#media.local.peek()[kind];
    if (before !== undefined) before.onended = null;
    before?.stop();
    track.onended = () => this.#dispatch({ type: "device_lost", kind });
    this.#setTrack(kind, track);
    if (kind === "microphone") this.#measure(track);
  }

  #setTrack(source: LocalSource, track: MediaStreamTrack | null): void {
    setLocal(this.#media, source, track);
    this.#changed(source, track);
  }

  #measure(track: MediaStreamTrack): void {
    this.#meter?.stop();
    this.#meter = measureLevel(
      track,
      (level) => {
        this.#media.level.value = level;
      },
      (silent) => this.#dispatch({ type: "microphone_silent", silent }),
    );
  }

  /** Muting keeps the microphone open, which is quick; a camera that is off is really off, light and all. */
  close(kind: DeviceKind): void {
    const track = this.#media.local.peek()[kind];
    if (track === undefined) return;
    if (kind === "microphone") {
      track.enabled = false;
    } else {
      track.onended = null;
      track.stop();
      this.#setTrack(kind, null);
    }
  }

  release(): void {
    this.#meter?.stop();
    this.#meter = null;
    for (const track of Object.values(this.#media.local.peek())) {
      track.onended = null;
      track.stop();
    }
    this.#media.local.value = {};
  }

  async refreshChoices(): Promise<void> {
    this.#media.choices.value = await listDevices(this.#world.devices);
  }

  async startShare(): Promise<void> {
    try {
      const stream = await this.#world.devices?.getDisplayMedia?.({ video: true, audio: true });
      const [video] = stream?.getVideoTracks() ?? [];
      if (stream === undefined || video === undefined) return;
      // Words must stay readable: rather fewer pictures than smaller ones.
      video.contentHint = "detail";
      video.onended = () => this.stopShare();
      this.#setTrack("screen", video);
      this.#setTrack("screen_audio", stream.getAudioTracks()[0] ?? null);
      this.#dispatch({ type: "share_started" });
    } catch {
      // The person closed the browser's dialogue: nothing was shared and nothing needs saying.
    }
  }

  stopShare(): void {
    const { screen, screen_audio } = this.#media.local.peek();
    if (screen === undefined) return;
    for (const track of [screen, screen_audio]) track?.stop();
    this.#setTrack("screen", null);
    this.#setTrack("screen_audio", null);
    this.#dispatch({ type: "share_stopped" });
  }
}
