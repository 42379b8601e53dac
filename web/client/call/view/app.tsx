// Which screen the phase of the call asks for, and what sounds and is said aloud whatever the screen.
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Phase } from "../state";
import { voices } from "../tiles";
import { useCall } from "./context";
import { DeviceCheck } from "./device-check";
import { End } from "./end";
import { Lobby } from "./lobby";
import { Sound } from "./media";
import { Room } from "./room";

export function App() {
  const { state, t } = useCall();
  const { phase, notice } = state.value;
  const root = useRef<HTMLElement>(null);
  const screen = screenOf(phase);
  // A new screen is announced by moving to its heading, where it has one that can take the focus.
  useLayoutEffect(() => root.current?.querySelector<HTMLElement>("h1[tabindex]")?.focus(), [screen]);
  return (
    <main ref={root} class={`call is-${screen}`} data-phase={phase.at} data-attempt={state.value.attempt.number}>
      {screen === "check" ? <DeviceCheck /> : null}
      {screen === "lobby" ? <Lobby /> : null}
      {screen === "room" ? <Room /> : null}
      {screen === "end" ? <End /> : null}
      {screen === "room" ? voices(state.value).map((voice) => <Sound key={voice.key} voice={voice} />) : null}
      <p class="sr" role="status" data-said={notice?.key}>
        {notice === null ? null : <span key={notice.serial}>{t(notice.key, notice.args)}</span>}
      </p>
    </main>
  );
}

function screenOf(phase: Phase): "check" | "lobby" | "room" | "end" {
  switch (phase.at) {
    case "check":
    case "connecting":
      return "check";
    case "lobby":
      return "lobby";
    case "call":
      return "room";
    case "reconnecting":
      return phase.from === "call" ? "room" : "lobby";
    case "ended":
    case "taken_over":
    case "refused":
      return "end";
  }
}
