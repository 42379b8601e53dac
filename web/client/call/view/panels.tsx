// The panels beside or below the stage: devices, keyboard shortcuts, and the question before anything ends.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { SHORTCUTS } from "../shortcuts";
import { useCall } from "./context";
import { DeviceFields } from "./device-fields";
import { Icon } from "./icon";

export function OpenPanel() {
  const { state } = useCall();
  switch (state.value.panel) {
    case "none":
      return null;
    case "devices":
      return <DevicePanel />;
    case "shortcuts":
      return <ShortcutPanel />;
    case "end":
      return <EndPanel />;
  }
}

/** Takes the focus when it opens and gives it back when it closes; `close` where it may be left without an answer. */
function Panel({ title, close, children }: { title: string; close?: () => void; children: ComponentChildren }) {
  const { t } = useCall();
  const panel = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const [own, opener] = [panel.current, document.activeElement];
    heading.current?.focus();
    return () => giveFocusBack(own, opener);
  }, []);
  return (
    <aside ref={panel} class="panel" aria-label={title}>
      <header>
        <h2 ref={heading} tabIndex={-1}>{title}</h2>
        {close === undefined ? null : (
          <button type="button" class="call-button is-text" aria-label={t("call-close")} onClick={close}>
            <Icon name="close" />
          </button>
        )}
      </header>
      {children}
    </aside>
  );
}

/** To what opened the panel or, where that is gone, to the controls. Who is elsewhere already is left there. */
function giveFocusBack(panel: HTMLElement | null, opener: Element | null): void {
  const at = document.activeElement;
  if (at !== null && at !== document.body && panel?.contains(at) !== true) return;
  const there = opener instanceof HTMLElement && opener !== document.body && opener.isConnected;
  (there ? opener : document.querySelector<HTMLElement>(".control-bar button[tabindex='0']"))?.focus();
}

function DevicePanel() {
  const { dispatch, t } = useCall();
  return (
    <Panel title={t("call-devices")} close={() => dispatch({ type: "panel_pressed", panel: "devices" })}>
      <DeviceFields />
      <button
        type="button"
        class="call-button is-text for-keyboards"
        onClick={() => dispatch({ type: "panel_pressed", panel: "shortcuts" })}
      >
        {t("call-shortcuts")}
      </button>
    </Panel>
  );
}

function ShortcutPanel() {
  const { state, dispatch, t } = useCall();
  const own = SHORTCUTS.filter(({ text }) => state.value.role === "provider" || text !== "call-key-admit");
  return (
    <Panel title={t("call-shortcuts")} close={() => dispatch({ type: "panel_pressed", panel: "shortcuts" })}>
      <dl class="shortcuts">
        {own.map(({ keys, text }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

/** The provider ends the call for both; the consumer leaves for good. */
const END_TEXTS = {
  provider: { action: "call-end", ask: "call-end-ask" },
  consumer: { action: "call-end-consumer", ask: "call-end-ask-consumer" },
} as const;

/** Asks before anything ends, and says what follows. */
function EndPanel() {
  const { state, dispatch, t } = useCall();
  const texts = END_TEXTS[state.value.role === "provider" ? "provider" : "consumer"];
  return (
    <Panel title={t(texts.action)}>
      <p>{t(texts.ask)}</p>
      <div class="end-actions">
        <button
          type="button"
          class="call-button is-filled"
          data-action="end"
          onClick={() => dispatch({ type: "end_confirmed" })}
        >
          {t(texts.action)}
        </button>
        <button
          type="button"
          class="call-button is-outlined"
          onClick={() => dispatch({ type: "panel_pressed", panel: "end" })}
        >
          {t("call-end-not")}
        </button>
      </div>
    </Panel>
  );
}
