// Elements that play a track. They outlive the track, so that the last picture stays through a reconnect.
import { useEffect, useRef } from "preact/hooks";
import type { Voice } from "../tiles";
import { useCall } from "./context";

/** Puts a track into an element once it carries something; until then the element keeps what it had. */
function attach(element: HTMLMediaElement, track: MediaStreamTrack, blocked: (blocked: boolean) => void): () => void {
  const put = () => {
    element.srcObject = new MediaStream([track]);
    element.play().then(
      () => blocked(false),
      (error: unknown) => blocked(error instanceof Error && error.name === "NotAllowedError"),
    );
  };
  if (element.srcObject === null || !track.muted) {
    put();
    return () => undefined;
  }
  track.addEventListener("unmute", put, { once: true });
  return () => track.removeEventListener("unmute", put);
}

/** Tells how large a slot is shown; a hidden picture, or a page in the background, shows nothing. */
function useShownSize(element: { current: HTMLVideoElement | null }, mid: string | null, hidden: boolean): void {
  const { dispatch } = useCall();
  useEffect(() => {
    const video = element.current;
    if (video === null || mid === null) return undefined;
    const tell = () => {
      const shown = !hidden && document.visibilityState === "visible";
      const pixels = (length: number) => (shown ? Math.min(Math.round(length * window.devicePixelRatio), 0xffff) : 0);
      dispatch({ type: "slot_shown", mid, width: pixels(video.clientWidth), height: pixels(video.clientHeight) });
    };
    const observer = new ResizeObserver(tell);
    observer.observe(video);
    document.addEventListener("visibilitychange", tell);
    tell();
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", tell);
    };
  }, [mid, hidden]);
}

export interface PictureProps {
  track: MediaStreamTrack | null;
  seat: string;
  source: "camera" | "screen";
  label: string;
  /** As in a mirror, unless the camera looks away from the person. */
  mirrored?: boolean;
  hidden?: boolean;
  /** The receive slot that is shown; the server is told how large. */
  mid?: string | null;
}

export function Picture({ track, seat, source, label, mirrored = false, hidden = false, mid = null }: PictureProps) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (element.current === null || track === null) return undefined;
    return attach(element.current, track, () => undefined);
  }, [track]);
  useShownSize(element, mid, hidden);
  const turned = mirrored && track?.getSettings().facingMode !== "environment";
  return (
    <video
      ref={element}
      class={`picture${turned ? " is-mirrored" : ""}${hidden ? " is-hidden" : ""}`}
      data-seat={seat}
      data-source={source}
      aria-label={label}
      autoPlay
      playsInline
      muted
    />
  );
}

export function Sound({ voice }: { voice: Voice }) {
  const { media } = useCall();
  const element = useRef<HTMLAudioElement>(null);
  const track = media.remote.value.get(voice.mid) ?? null;
  const speaker = media.speaker.value;
  useEffect(() => {
    if (element.current === null || track === null) return undefined;
    return attach(element.current, track, (blocked) => {
      media.soundBlocked.value = blocked;
    });
  }, [track]);
  useEffect(() => {
    const player = element.current;
    if (player !== null && speaker !== null && "setSinkId" in player) player.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);
  return <audio ref={element} data-seat={voice.seat} data-source={voice.source} autoPlay />;
}
