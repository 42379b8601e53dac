// What views need of live media objects. They cannot be part of the state: they are neither plain nor comparable.
import { signal } from "@preact/signals";
import type { Clock } from "../generated/protocol";

export type LocalSource = "microphone" | "camera" | "screen" | "screen_audio";

export interface DeviceChoice {
  id: string;
  label: string;
}

export function createMedia() {
  return {
    local: signal<Partial<Record<LocalSource, MediaStreamTrack>>>({}),
    /** Tracks of the receive slots by mid. */
    remote: signal<ReadonlyMap<string, MediaStreamTrack>>(new Map()),
    /** Receive slots in which somebody speaks at the moment. */
    speaking: signal<ReadonlySet<string>>(new Set()),
    /** Loudness of the own microphone, 0 to 1. */
    level: signal(0),
    choices: signal<Record<"microphone" | "camera" | "speaker", DeviceChoice[]>>({
      microphone: [],
      camera: [],
      speaker: [],
    }),
    speaker: signal<string | null>(null),
    /** Unix milliseconds by the own clock, once a second. */
    now: signal(Date.now()),
    /** When the server last said how its clock stands, by the own clock. */
    toldAt: signal(Date.now()),
    /** What is shown of the server's clock at the moment. */
    shown: signal<Clock | null>(null),
    /** Where the other side is, as far as this page knows before it goes in. */
    other: signal<"away" | "waiting" | "here">("away"),
    /** Grows with each thing that was sent about extending, so that the answer is asked for at once. */
    extensionAsked: signal(0),
    /** The browser wants a click before it plays sound. */
    soundBlocked: signal(false),
  };
}

export type Media = ReturnType<typeof createMedia>;

export function setLocal(media: Media, source: LocalSource, track: MediaStreamTrack | null): void {
  const next = { ...media.local.peek() };
  if (track === null) delete next[source];
  else next[source] = track;
  media.local.value = next;
}
