// Cameras, microphones and speakers: opening, listing, naming what is wrong with them.
import type { DeviceKind, DeviceProblem } from "./state";
import type { DeviceChoice } from "./media";

export interface Opened {
  kind: DeviceKind;
  track: MediaStreamTrack;
}

export interface Refused {
  kind: DeviceKind;
  problem: DeviceProblem;
}

export interface Request {
  kind: DeviceKind;
  id: string | null;
  /** Which side of a phone, where no device is named. */
  facing?: "user" | "environment";
}

type Devices = Pick<MediaDevices, "getUserMedia" | "enumerateDevices">;

/**
 * Opens what is asked for, together if it can be, so that the browser asks only once. If that fails, each kind is tried
 * alone: a missing camera must not cost the sound.
 */
export async function openDevices(
  devices: Devices | undefined,
  requests: readonly Request[],
): Promise<Array<Opened | Refused>> {
  if (devices === undefined) return requests.map(({ kind }) => ({ kind, problem: "unknown" }));
  if (requests.length > 1) {
    try {
      return await open(devices, requests);
    } catch {
      // The separate attempts below say which one it was.
    }
  }
  const results: Array<Opened | Refused> = [];
  for (const request of requests) results.push(await openOne(devices, request));
  return results;
}

async function openOne(devices: Devices, request: Request): Promise<Opened | Refused> {
  const { kind } = request;
  try {
    const [opened] = await open(devices, [request]);
    return opened ?? { kind, problem: "none_found" };
  } catch (error) {
    // The chosen device is gone: any other will do.
    if (request.id !== null && errorName(error) === "OverconstrainedError") {
      return openOne(devices, { kind, id: null });
    }
    return { kind, problem: problemOf(error) };
  }
}

async function open(devices: Devices, requests: readonly Request[]): Promise<Opened[]> {
  const constraints: MediaStreamConstraints = {};
  for (const { kind, id, facing } of requests) {
    const side = facing === undefined ? {} : { facingMode: { ideal: facing } };
    const device = id === null ? side : { deviceId: { exact: id } };
    if (kind === "microphone") {
      constraints.audio = { ...device, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
    } else {
      const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
      constraints.video = { ...device, ...size };
    }
  }
  const stream = await devices.getUserMedia(constraints);
  return stream.getTracks().map((track) => ({ kind: track.kind === "audio" ? "microphone" : "camera", track }));
}

export function problemOf(error: unknown): DeviceProblem {
  switch (errorName(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return /system/i.test(error instanceof Error ? error.message : "") ? "blocked_by_system" : "blocked";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none_found";
    case "NotReadableError":
    case "AbortError":
      return "in_use";
    default:
      return "unknown";
  }
}

function errorName(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}

const KINDS = { microphone: "audioinput", camera: "videoinput", speaker: "audiooutput" } as const;

/** The devices by kind. Without permission the browser names none, and they are left out. */
export async function listDevices(
  devices: Devices | undefined,
): Promise<Record<keyof typeof KINDS, DeviceChoice[]>> {
  const all = devices === undefined ? [] : await devices.enumerateDevices();
  const named = (kind: MediaDeviceKind) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== "" && device.label !== "")
      .map((device) => ({ id: device.deviceId, label: device.label }));
  return { microphone: named(KINDS.microphone), camera: named(KINDS.camera), speaker: named(KINDS.speaker) };
}

/** Whose words to use when explaining how to lift a block. */
export type Browser = "chrome" | "chrome-android" | "firefox" | "safari-mac" | "safari-iphone";

export function browserOf(userAgent: string): Browser {
  if (/iPhone|iPad/.test(userAgent)) return "safari-iphone";
  if (/Firefox\//.test(userAgent)) return "firefox";
  if (/Android/.test(userAgent)) return "chrome-android";
  if (/Chrome\/|Chromium\//.test(userAgent)) return "chrome";
  return "safari-mac";
}
