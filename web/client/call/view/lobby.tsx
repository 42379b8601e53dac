// The waiting room: what happens next, when, and that waiting costs nothing. And the provider's card for who waits.
import { useState } from "preact/hooks";
import { elapsed, money, wallClock } from "../format";
import { isCall } from "../page";
import { hasLeft, waiting } from "../tiles";
import { useCall } from "./context";
import { DeviceFields } from "./device-fields";
import { Preview } from "./device-check";
import { Avatar } from "./tile";

export function Lobby() {
  const { page, state, media, dispatch, t } = useCall();
  if (!isCall(page)) return null;
  const { phase, info } = state.value;
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
      <p role="status" class="lobby-words">
        {phase.at === "reconnecting" ? t("call-lobby-reconnecting") : t(who, { name: page.other_name, time })}
      </p>
      <dl class="lobby-facts">
        <dt>{until > 0 ? t("call-lobby-starts-in") : t("call-lobby-started")}</dt>
        <dd class="num">{elapsed(Math.abs(until))}</dd>
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
    </Preview>
  );
}

/** When this script began, by the own clock: the moment `page.now` speaks of, near enough. */
const openedAt = Date.now();

/** Turning somebody away is asked first: it cannot be taken back for half a minute. */
function Dismiss({ seat, name }: { seat: string; name: string }) {
  const { dispatch, t } = useCall();
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <button type="button" class="call-button is-text" data-action="dismiss" onClick={() => setAsked(true)}>
        {t("call-dismiss")}
      </button>
    );
  }
  return (
    <>
      <p role="alert">{t("call-dismiss-ask", { name })}</p>
      <button
        type="button"
        class="call-button is-text"
        data-action="dismiss-confirmed"
        onClick={() => dispatch({ type: "dismiss_pressed", seat })}
      >
        {t("call-dismiss-yes", { name })}
      </button>
      <button type="button" class="call-button is-text" onClick={() => setAsked(false)}>
        {t("call-dismiss-no")}
      </button>
    </>
  );
}

/** Never takes the focus; Ctrl or Cmd and Enter admits the first. */
export function AdmitCards() {
  const { state, page, dispatch, t } = useCall();
  const people = waiting(state.value);
  if (people.length === 0 || !isCall(page)) return null;
  return (
    <div class="admit-cards" role="alert">
      {people.map((person) => (
        <section key={person.seat} class="admit-card" data-waiting={person.seat}>
          <Avatar id={person.seat} name={person.name} />
          <div>
            <h2>{person.name}</h2>
            <p>{t("call-admit-waited", { minutes: Math.floor(person.waited_s / 60) })}</p>
          </div>
          <div class="admit-actions">
            <button
              type="button"
              class="call-button is-filled"
              data-action="admit"
              aria-keyshortcuts="Control+Enter"
              onClick={() => dispatch({ type: "admit_pressed", seat: person.seat })}
            >
              {t("call-admit")}
            </button>
            <Dismiss seat={person.seat} name={person.name} />
          </div>
        </section>
      ))}
    </div>
  );
}
