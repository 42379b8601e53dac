// Choice of microphone, camera and speaker, with a level, a test sound, and what to do where a device gives nothing.
import { browserOf } from "../devices";
import type { Device, DeviceKind, DeviceProblem } from "../state";
import type { Translate } from "../text";
import { useCall } from "./context";
import { Icon } from "./icon";

export function DeviceFields() {
  const { t } = useCall();
  return (
    <div class="device-fields">
      <DeviceSelect kind="camera" label={t("call-camera")} />
      <DeviceHelp kind="camera" />
      <DeviceSelect kind="microphone" label={t("call-microphone")} />
      <Level />
      <DeviceHelp kind="microphone" />
      <SilentHint />
      <DeviceSelect kind="speaker" label={t("call-speaker")} />
      <TestSound />
    </div>
  );
}

function DeviceSelect({ kind, label }: { kind: DeviceKind | "speaker"; label: string }) {
  const { state, media, dispatch } = useCall();
  const choices = media.choices.value[kind];
  if (choices.length === 0) return null;
  const device = kind === "speaker" ? null : state.value.devices[kind];
  const current = state.value.chosen[kind] ?? (device?.at === "on" ? device.id : choices[0]?.id);
  return (
    <label class="device-field">
      <span>{label}</span>
      <select
        data-device={kind}
        value={current ?? ""}
        onChange={(event) => dispatch({ type: "device_chosen", kind, id: event.currentTarget.value })}
      >
        {choices.map((choice) => (
          <option key={choice.id} value={choice.id} selected={choice.id === current}>
            {choice.label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A picture of the loudness; people who cannot see it hear about silence from the hint instead. */
function Level() {
  const { media, state } = useCall();
  if (state.value.devices.microphone.at !== "on") return null;
  return <progress class="level" aria-hidden="true" max={1} value={media.level.value} />;
}

function SilentHint() {
  const { state, t } = useCall();
  if (!state.value.microphoneSilent || state.value.devices.microphone.at !== "on") return null;
  return (
    <p class="device-hint" role="status">
      <Icon name="warning" />
      {t("call-banner-silent")}
    </p>
  );
}

function TestSound() {
  const { playTestSound, t } = useCall();
  return (
    <button type="button" class="call-button is-outlined" onClick={playTestSound}>
      <Icon name="sound" />
      {t("call-test-sound")}
    </button>
  );
}

function DeviceHelp({ kind }: { kind: DeviceKind }) {
  const { state, dispatch, t } = useCall();
  const { devices } = state.value;
  const device = devices[kind];
  if (device.at !== "failed") return null;
  const both = isBlocked(devices.camera) && isBlocked(devices.microphone);
  // One block, one message: it stands at the camera.
  if (both && kind === "microphone") return null;
  const retry = () => {
    for (const one of both ? (["camera", "microphone"] as const) : [kind]) dispatch({ type: "device_pressed", kind: one });
  };
  return (
    <div class="device-help" role="alert" data-problem={device.problem}>
      <p>
        <Icon name="warning" />
        <strong>{both ? t("call-both-blocked") : title(device.problem, kind, t)}</strong>
      </p>
      <p>{way(device.problem, kind, t)}</p>
      <button type="button" class="call-button is-outlined" onClick={retry}>
        {t("call-try-again")}
      </button>
    </div>
  );
}

function isBlocked(device: Device): boolean {
  return device.at === "failed" && device.problem === "blocked";
}

function title(problem: DeviceProblem, kind: DeviceKind, t: Translate): string {
  const camera = kind === "camera";
  switch (problem) {
    case "blocked":
    case "blocked_by_system":
    case "unknown":
      return camera ? t("call-camera-blocked") : t("call-microphone-blocked");
    case "in_use":
      return camera ? t("call-camera-in-use") : t("call-microphone-in-use");
    case "none_found":
      return camera ? t("call-camera-none") : t("call-microphone-none");
  }
}

function way(problem: DeviceProblem, kind: DeviceKind, t: Translate): string {
  switch (problem) {
    case "blocked":
      return unblock(t);
    case "blocked_by_system":
      return t("call-help-system");
    case "in_use":
      return kind === "camera" ? t("call-help-camera-in-use") : t("call-help-microphone-in-use");
    case "none_found":
      return kind === "camera" ? t("call-help-camera-none") : t("call-help-microphone-none");
    case "unknown":
      return t("call-help-unknown");
  }
}

function unblock(t: Translate): string {
  switch (browserOf(navigator.userAgent)) {
    case "chrome":
      return t("call-help-chrome");
    case "chrome-android":
      return t("call-help-chrome-android");
    case "firefox":
      return t("call-help-firefox");
    case "safari-mac":
      return t("call-help-safari-mac", { domain: location.hostname });
    case "safari-iphone":
      return t("call-help-safari-iphone");
  }
}
