// The call itself: top bar, stage, banner, controls, and the panel of devices.
import { useEffect, useRef } from "preact/hooks";
import { bannerOf } from "../banner";
import { isCall } from "../page";
import { wallClock } from "../format";
import { useCall } from "./context";
import { ControlBar } from "./control-bar";
import { DeviceFields } from "./device-fields";
import { Icon } from "./icon";
import { AdmitCards } from "./lobby";
import { Stage } from "./stage";
import { TopBar } from "./top-bar";

export function Room() {
  const { state } = useCall();
  const { panel } = state.value;
  return (
    <div class={`room${panel === "none" ? "" : " has-panel"}`}>
      <TopBar />
      <Stage />
      <AdmitCards />
      <BannerSlot />
      <ControlBar />
      {panel === "devices" ? <DevicePanel /> : null}
      {panel === "end" ? <EndPanel /> : null}
    </div>
  );
}

/** Always as high as one banner, so that nothing jumps when one comes. */
function BannerSlot() {
  const { state, media, page, dispatch, t } = useCall();
  const banner = bannerOf(state.value, media.soundBlocked.value);
  const args = {
    ...banner?.args,
    time: state.value.info !== null && isCall(page) ? wallClock(state.value.info.ends_at, page.time_zone) : "",
  };
  const playAll = () => {
    for (const player of document.querySelectorAll("audio")) void player.play();
    media.soundBlocked.value = false;
  };
  return (
    <div class="banner-slot" role="status">
      {banner === null ? null : (
        <p class={`banner is-${banner.tone}`} data-banner={banner.key}>
          <Icon name="warning" />
          <span>{t(banner.key, args)}</span>
          {banner.action === "sound" ? (
            <button type="button" class="call-button is-text" onClick={playAll}>
              {t("call-banner-sound-on")}
            </button>
          ) : null}
          {banner.action === "camera_off" ? (
            <button
              type="button"
              class="call-button is-text"
              onClick={() => dispatch({ type: "device_pressed", kind: "camera" })}
            >
              {t("call-banner-camera-off")}
            </button>
          ) : null}
          {banner.action === "devices" ? (
            <button
              type="button"
              class="call-button is-text"
              onClick={() => dispatch({ type: "panel_pressed", panel: "devices" })}
            >
              {t("call-devices-open")}
            </button>
          ) : null}
        </p>
      )}
    </div>
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
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const texts = END_TEXTS[state.value.role === "provider" ? "provider" : "consumer"];
  return (
    <aside class="panel" aria-label={t(texts.action)}>
      <header>
        <h2 ref={heading} tabIndex={-1}>{t(texts.action)}</h2>
      </header>
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
    </aside>
  );
}

function DevicePanel() {
  const { dispatch, t } = useCall();
  const close = () => dispatch({ type: "panel_pressed", panel: "devices" });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <aside class="panel" aria-label={t("call-devices")}>
      <header>
        <h2 ref={heading} tabIndex={-1}>{t("call-devices")}</h2>
        <button type="button" class="call-button is-text" aria-label={t("call-close")} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <DeviceFields />
      <section class="shortcuts">
        <h3>{t("call-shortcuts")}</h3>
        <dl>
          <dt>Ctrl + D</dt>
          <dd>{t("call-microphone")}</dd>
          <dt>Ctrl + E</dt>
          <dd>{t("call-camera")}</dd>
          <dt>F2</dt>
          <dd>{t("call-controls")}</dd>
        </dl>
      </section>
    </aside>
  );
}
