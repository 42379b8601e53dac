// What each source is sent as: simulcast for the camera, so that everyone gets the picture that fits their tile.
import type { EncodingState, SourceKind } from "../generated/protocol";

/** Most bits a second that a source with one encoding may take. */
const BITRATE_BPS_MAX: Record<Exclude<SourceKind, "camera">, number> = {
  microphone: 48_000,
  screen: 2_500_000,
  screen_audio: 96_000,
};

type Encoding = RTCRtpEncodingParameters & { scalabilityMode?: string };

/** Smallest first: that is what a browser keeps when the network is weak. */
const CAMERA: Encoding[] = [
  { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T2" },
  { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T2" },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 1_500_000, scalabilityMode: "L1T2" },
];

/** Chromium codes three encodings of pictures from this size on, and leaves the largest out of smaller ones. */
const THREE_FROM_PIXELS = 960 * 540;
const SMALL_CAMERA: Encoding[] = [
  { rid: "l", scaleResolutionDownBy: 2, maxBitrate: 150_000, scalabilityMode: "L1T2" },
  { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 800_000, scalabilityMode: "L1T2" },
];

function cameraEncodings(track: MediaStreamTrack | string): Encoding[] {
  if (typeof track === "string") return CAMERA;
  const { width = 0, height = 0 } = track.getSettings();
  return width > 0 && width * height < THREE_FROM_PIXELS ? SMALL_CAMERA : CAMERA;
}

/** Adds a sending transceiver. A browser that cannot make temporal layers refuses the mode, and is asked without. */
export function addSender(
  connection: RTCPeerConnection,
  source: SourceKind,
  track: MediaStreamTrack | "audio" | "video",
): RTCRtpTransceiver {
  const add = (sendEncodings: Encoding[]) => connection.addTransceiver(track, { direction: "sendonly", sendEncodings });
  if (source !== "camera") return add([{ maxBitrate: BITRATE_BPS_MAX[source] }]);
  const encodings = cameraEncodings(track);
  try {
    return add(encodings);
  } catch {
    return add(encodings.map(({ scalabilityMode: _, ...rest }) => rest));
  }
}

/** Lets those encodings rest that nobody watches. */
export async function setEncodings(sender: RTCRtpSender, wanted: readonly EncodingState[]): Promise<void> {
  const parameters = sender.getParameters();
  const active = new Map(wanted.map((one) => [one.rid, one.active]));
  let changed = false;
  for (const encoding of parameters.encodings) {
    const want = active.get(encoding.rid ?? "");
    if (want === undefined || want === encoding.active) continue;
    encoding.active = want;
    changed = true;
  }
  if (changed) await sender.setParameters(parameters);
}

/** The first `ice-ufrag` of a description. */
export function ufragOf(sdp: string): string | null {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? null;
}

/** The earlier answer with the new credentials of the server. */
export function withCredentials(answer: string, ufrag: string, password: string): string {
  return answer
    .replace(/^a=ice-ufrag:.*?(\r?)$/gm, (_, end: string) => `a=ice-ufrag:${ufrag}${end}`)
    .replace(/^a=ice-pwd:.*?(\r?)$/gm, (_, end: string) => `a=ice-pwd:${password}${end}`);
}
