// Microphone, camera, screen, layout, devices, leave: always the same, always in the same place.
import { useLayoutEffect, useRef } from "preact/hooks";
import { canEnd } from "../state/attempt";
import { useCall } from "./context";
import { Icon, type IconName } from "./icon";

interface ControlProps {
  /** Which control it is, where that is not its icon's name. */
  control?: string;
  icon: IconName;
  word: string;
  /** What pressing it does, for those who do not see the state. */
  name: string;
  tone?: "on" | "off" | "live" | "leave";
  /** Whether the panel that it opens is open. */
  expanded?: boolean;
  wide?: boolean;
  shortcut?: string;
  onPress: () => void;
}

function Control({ control, icon, word, name, tone = "on", expanded, wide = false, shortcut, onPress }: ControlProps) {
  return (
    <button
      type="button"
      aria-label={spoken(word, name)}
      class={`control is-${tone}${wide ? " is-wide" : ""}`}
      aria-expanded={expanded}
      aria-keyshortcuts={shortcut}
      title={shortcut === undefined ? name : `${name} (${shortcut})`}
      data-control={control ?? icon}
      onClick={onPress}
    >
      <Icon name={icon} size={24} />
      <span class="control-word">{word}</span>
    </button>
  );
}

/** People who speak to their browser say the word they see, so the name holds it (WCAG 2.5.3). */
function spoken(word: string, name: string): string {
  return `${name} `.toLowerCase().startsWith(`${word} `.toLowerCase()) ? name : `${word}. ${name}`;
}

export function MicrophoneControl() {
  const { state, dispatch, t } = useCall();
  const { at } = state.value.devices.microphone;
  const on = at === "on" || at === "opening";
  return (
    <Control
      icon={on ? "microphone" : "microphone-off"}
      word={on ? t("call-microphone") : t("call-microphone-off")}
      name={on ? t("call-microphone-turn-off") : t("call-microphone-turn-on")}
      tone={on ? "on" : "off"}
      shortcut="Alt+M"
      onPress={() => dispatch({ type: "device_pressed", kind: "microphone" })}
    />
  );
}

export function CameraControl() {
  const { state, dispatch, t } = useCall();
  const { at } = state.value.devices.camera;
  const on = at === "on" || at === "opening";
  return (
    <Control
      icon={on ? "camera" : "camera-off"}
      word={on ? t("call-camera") : t("call-camera-off")}
      name={on ? t("call-camera-turn-off") : t("call-camera-turn-on")}
      tone={on ? "on" : "off"}
      shortcut="Alt+K"
      onPress={() => dispatch({ type: "device_pressed", kind: "camera" })}
    />
  );
}

/** The other camera of a phone. Shown where there is another one and fingers to point with. */
export function TurnCameraControl() {
  const { state, media, dispatch, t } = useCall();
  if (state.value.devices.camera.at !== "on" || media.choices.value.camera.length < 2) return null;
  return (
    <span class="for-fingers">
      <Control
        icon="turn"
        word={t("call-camera-turn-word")}
        name={t("call-camera-turn")}
        onPress={() => dispatch({ type: "camera_turned" })}
      />
    </span>
  );
}

/** Phones share no screen, and their browsers say so. */
function ShareControl() {
  const { state, dispatch, t } = useCall();
  const { sharing } = state.value;
  if (navigator.mediaDevices?.getDisplayMedia === undefined) return null;
  return (
    <Control
      icon="screen"
      word={sharing ? t("call-sharing") : t("call-share")}
      name={sharing ? t("call-share-stop") : t("call-share-start")}
      tone={sharing ? "live" : "on"}
      wide
      onPress={() => dispatch({ type: "share_pressed" })}
    />
  );
}

export function ControlBar() {
  const { state, dispatch, t } = useCall();
  const bar = useRef<HTMLDivElement>(null);
  const { layout, panel } = state.value;
  useLayoutEffect(() => keepOneStop(bar.current), []);
  return (
    <nav class="control-region" aria-label={t("call-controls")}>
      <div ref={bar} class="control-bar" role="toolbar" aria-label={t("call-controls")} onKeyDown={moveFocus} onFocusIn={keepFocus}>
        <MicrophoneControl />
        <CameraControl />
        <ShareControl />
        <Control
          icon={layout === "grid" ? "speaker" : "grid"}
          word={layout === "grid" ? t("call-layout-speaker") : t("call-layout-grid")}
          name={layout === "grid" ? t("call-layout-to-speaker") : t("call-layout-to-grid")}
          wide
          onPress={() => dispatch({ type: "layout_pressed" })}
        />
        <Control
          icon="devices"
          word={t("call-devices")}
          name={t("call-devices-open")}
          expanded={panel === "devices"}
          onPress={() => dispatch({ type: "panel_pressed", panel: "devices" })}
        />
        <Control
          icon="help"
          word={t("call-shortcuts-word")}
          name={t("call-shortcuts")}
          expanded={panel === "shortcuts"}
          wide
          shortcut="?"
          onPress={() => dispatch({ type: "panel_pressed", panel: "shortcuts" })}
        />
        <span class="control-gap" />
        {canEnd(state.value) ? (
          <Control
            control="end"
            icon="close"
            word={t("call-end-word")}
            name={state.value.role === "provider" ? t("call-end") : t("call-end-consumer")}
            expanded={panel === "end"}
            onPress={() => dispatch({ type: "panel_pressed", panel: "end" })}
          />
        ) : null}
        <Control
          icon="leave"
          word={t("call-leave-word")}
          name={t("call-leave")}
          tone="leave"
          onPress={() => dispatch({ type: "leave_pressed" })}
        />
      </div>
    </nav>
  );
}

/** A toolbar is one stop for Tab: the button that had the focus last. */
function rove(bar: HTMLElement | null, current: Element | null): void {
  for (const button of bar?.querySelectorAll("button") ?? []) button.tabIndex = button === current ? 0 : -1;
}

/** Controls come and go, and a narrow screen hides some: one that can be reached stays the stop. */
function keepOneStop(bar: HTMLElement | null): (() => void) | undefined {
  if (bar === null) return undefined;
  const settle = () => {
    const shown = shownButtons(bar);
    rove(bar, shown.find((one) => one.tabIndex === 0) ?? shown[0] ?? null);
  };
  const changes = new MutationObserver(settle);
  changes.observe(bar, { childList: true, subtree: true });
  const width = new ResizeObserver(settle);
  width.observe(bar);
  settle();
  return () => {
    changes.disconnect();
    width.disconnect();
  };
}

function shownButtons(bar: HTMLElement): HTMLButtonElement[] {
  return [...bar.querySelectorAll("button")].filter((one) => one.offsetParent !== null);
}

function keepFocus(event: FocusEvent & { currentTarget: HTMLElement }): void {
  rove(event.currentTarget, (event.target as Element | null)?.closest("button") ?? null);
}

/** Arrows move inside the toolbar; Home and End go to its ends. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const buttons = shownButtons(event.currentTarget);
  const at = buttons.findIndex((button) => button === document.activeElement);
  const last = buttons.length - 1;
  const target = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last }[event.key];
  if (target === undefined || at < 0) return;
  event.preventDefault();
  buttons[(target + buttons.length) % buttons.length]?.focus();
}
