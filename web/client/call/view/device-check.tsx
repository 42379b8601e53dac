// Before the call: see yourself, hear yourself, choose devices, and go in, with or without a camera.
import type { ComponentChildren } from "preact";
import { money, wallClock } from "../format";
import { discounted } from "../meter";
import { type CallPage, isCall } from "../page";
import { useCall } from "./context";
import { CameraControl, MicrophoneControl, TurnCameraControl } from "./control-bar";
import { DeviceFields } from "./device-fields";
import { Icon } from "./icon";
import { Picture } from "./media";
import { Avatar } from "./tile";

/** The own picture with its two switches, beside whatever `children` hold. */
export function Preview({ children }: { children: ComponentChildren }) {
  const { state, media, page, t } = useCall();
  const camera = state.value.devices.camera.at;
  const on = camera === "on";
  const name = isCall(page) ? page.name : "";
  return (
    <div class="before">
      <div class="preview">
        <Picture
          track={media.local.value.camera ?? null}
          seat={state.value.seat ?? ""}
          source="camera"
          label={t("call-tile-you")}
          mirrored
          hidden={!on}
        />
        {on ? null : camera === "opening" ? (
          <p class="preview-off">{t("call-camera-starts")}</p>
        ) : name === "" ? (
          <p class="preview-off">{t("call-camera-is-off")}</p>
        ) : (
          <Avatar id={state.value.seat ?? name} name={name} large />
        )}
        <div class="preview-controls">
          <MicrophoneControl />
          <CameraControl />
          <TurnCameraControl />
        </div>
      </div>
      <div class="before-side">{children}</div>
    </div>
  );
}

export function DeviceCheck() {
  const { page, state, dispatch, t } = useCall();
  if (!isCall(page)) return <PlainCheck />;
  const going = state.value.phase.at === "connecting";
  const label = page.role === "provider" ? t("call-join-provider") : t("call-join");
  return (
    <Preview>
      <p class="before-when">
        {wallClock(page.starts_at, page.time_zone)}–{wallClock(page.ends_at, page.time_zone)}
        <PriceWord />
      </p>
      <h1>
        <bdi>{page.title}</bdi>
      </h1>
      <With page={page} />
      <DeviceFields />
      <div class="before-join">
        <OtherSide />
        <button
          type="button"
          class="call-button is-filled"
          data-action="join"
          aria-disabled={going}
          onClick={() => dispatch({ type: "join_pressed" })}
        >
          {going ? t("call-joining") : label}
        </button>
      </div>
      {page.role === "consumer" ? <p class="before-note">{t("call-join-note", { name: page.other_name })}</p> : null}
    </Preview>
  );
}

/** The person on the other side, and whose business it is. */
export function With({ page }: { page: CallPage }) {
  return (
    <p class="before-with">
      <bdi>{page.other_name}</bdi>
      {page.business === null || page.business === page.other_name ? null : (
        <>
          {", "}
          <bdi>{page.business}</bdi>
        </>
      )}
    </p>
  );
}

/** Whether the other one is there already: who waits should not wait for a choice of devices. */
function OtherSide() {
  const { page, media, t } = useCall();
  const other = media.other.value;
  if (!isCall(page)) return null;
  // The line that says it is there from the beginning, or nobody who listens hears of it.
  return (
    <div role="status">
      {other === "away" ? null : (
        <p class="before-other" data-other={other}>
          <Icon name="good" />
          <span>{t(other === "waiting" ? "call-other-waits" : "call-other-here", { name: page.other_name })}</span>
        </p>
      )}
    </div>
  );
}

function PriceWord() {
  const { page, t } = useCall();
  if (!isCall(page)) return null;
  const { price, locale } = page;
  const amount = (minor: number) => money(minor, price.currency, locale);
  switch (price.model) {
    case "free":
      return <span>{t("call-meter-free")}</span>;
    case "fixed":
      return <span>{t("call-meter-fixed", { amount: amount(discounted(price, price.amount_minor)) })}</span>;
    case "per_minute":
      return <span>{t("call-price-cap", { rate: amount(price.rate_minor), cap: amount(discounted(price, price.cap_minor)) })}</span>;
  }
}

/** The check that needs no appointment: nothing to join, only an answer. */
function PlainCheck() {
  const { page, state, t } = useCall();
  const { microphone, camera } = state.value.devices;
  const good = microphone.at === "on" && camera.at === "on" && !state.value.microphoneSilent;
  return (
    <Preview>
      <h1>{t("call-check-title")}</h1>
      <DeviceFields />
      {good ? (
        <p class="before-good" role="status">
          <Icon name="good" />
          {t("call-check-good")}
        </p>
      ) : null}
      {page.back_url === undefined ? null : (
        <a class="call-button is-outlined" href={page.back_url}>
          {t("call-back")}
        </a>
      )}
    </Preview>
  );
}
