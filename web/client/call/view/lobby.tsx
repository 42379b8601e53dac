// The waiting room: what happens next, when, and that waiting costs nothing.
import { elapsed, money, wallClock } from "../format";
import { isCall } from "../page";
import { hasLeft } from "../tiles";
import { useCall } from "./context";
import { DeviceFields } from "./device-fields";
import { Preview, With } from "./device-check";

export function Lobby() {
  const { page, state, media, dispatch, t } = useCall();
  if (!isCall(page)) return null;
  const { phase, info, quiet, told } = state.value;
  const starts = info?.starts_at ?? page.starts_at;
  // The server's clock, carried on by ours.
  const now = page.now / 1000 + (media.now.value - openedAt);
  const until = starts / 1000 - now;
  const time = wallClock(starts, page.time_zone);
  // Only who is here knows that somebody waits.
  const known = state.value.participants.some((one) => one.role === "provider" && !hasLeft(one));
  const who = known ? "call-lobby" : until > 0 ? "call-lobby-alone" : "call-lobby-late";
  return (
    <Preview>
      <p class="before-when">
        {wallClock(starts, page.time_zone)}–{wallClock(page.ends_at, page.time_zone)}
      </p>
      <h1 tabIndex={-1}>{t("call-lobby-title")}</h1>
      <With page={page} />
      <p role="status" class="lobby-words">
        {phase.at === "reconnecting" || quiet ? t("call-lobby-reconnecting") : t(who, { name: page.other_name, time })}
      </p>
      {known || told === null ? null : <p data-told={told}>{t("call-lobby-told", { name: page.other_name, time: wallClock(told, page.time_zone) })}</p>}
      <dl class="lobby-facts">
        {until > 0 ? (
          <>
            <dt>{t("call-lobby-starts-in")}</dt>
            <dd class="num">{elapsed(until)}</dd>
          </>
        ) : null}
        <dt>{t("call-lobby-cost")}</dt>
        <dd class="num">{money(0, page.price.currency, page.locale)}</dd>
      </dl>
      <details class="lobby-devices">
        <summary>{t("call-devices")}</summary>
        <DeviceFields />
      </details>
      <button
        type="button"
        class="call-button is-outlined"
        data-action="leave"
        onClick={() => dispatch({ type: "leave_pressed" })}
      >
        {t("call-lobby-leave")}
      </button>
      {known || until > 0 || page.cancel_url === null ? null : (
        <a class="call-button is-text" href={page.cancel_url}>
          {t("call-lobby-cancel")}
        </a>
      )}
    </Preview>
  );
}

/** When this script began, by the own clock: the moment `page.now` speaks of, near enough. */
const openedAt = Date.now();
