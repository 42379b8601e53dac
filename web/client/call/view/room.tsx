// The call itself: top bar, stage, banner, controls, and the panel that is open.
import { bannerOf } from "../banner";
import { isCall } from "../page";
import { wallClock } from "../format";
import { useCall } from "./context";
import { ControlBar } from "./control-bar";
import { Icon } from "./icon";
import { AdmitCards } from "./admission";
import { ExtensionCard } from "./extension";
import { OpenPanel } from "./panels";
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
      <ExtensionCard />
      <BannerSlot />
      <ControlBar />
      <OpenPanel />
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
