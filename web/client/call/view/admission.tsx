// The provider's card for who waits outside.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { isCall } from "../page";
import { waiting } from "../tiles";
import { useCall } from "./context";
import { Avatar } from "./tile";

/** Turning somebody away is asked first: it cannot be taken back for half a minute. */
function Dismiss({ seat, name }: { seat: string; name: string }) {
  const { dispatch, t } = useCall();
  const [asked, setAsked] = useState<boolean | null>(null);
  const next = useRef<HTMLButtonElement & HTMLParagraphElement>(null);
  // The focus follows, before anything else can be pressed: to the question, and back.
  useLayoutEffect(() => (asked === null ? undefined : next.current?.focus()), [asked]);
  if (asked !== true) {
    return (
      <button ref={next} type="button" class="call-button is-text" data-action="dismiss" onClick={() => setAsked(true)}>
        {t("call-dismiss")}
      </button>
    );
  }
  return (
    <>
      <p ref={next} tabIndex={-1}>
        {t("call-dismiss-ask", { name })}
      </p>
      <button
        type="button"
        class="call-button is-text"
        data-action="dismiss-confirmed"
        onClick={() => dispatch({ type: "request_pressed", message: { type: "dismiss", seat } })}
      >
        {t("call-dismiss-yes", { name })}
      </button>
      <button type="button" class="call-button is-text" onClick={() => setAsked(false)}>
        {t("call-dismiss-no")}
      </button>
    </>
  );
}

/** Never takes the focus, and is told of once, beside it; Ctrl or Cmd and Enter admits the first. */
export function AdmitCards() {
  const { state, page, dispatch, t } = useCall();
  const people = waiting(state.value);
  if (people.length === 0 || !isCall(page)) return null;
  return (
    <section class="admit-cards" aria-label={t("call-admit-cards")}>
      {people.map((person) => (
        <div key={person.seat} class="admit-card" data-waiting={person.seat}>
          <Avatar id={person.seat} name={person.name} />
          <div>
            <h2>
              <bdi>{person.name}</bdi>
            </h2>
            <p>{t("call-admit-waited", { minutes: Math.floor(person.waited_s / 60) })}</p>
          </div>
          <div class="admit-actions">
            <button
              type="button"
              class="call-button is-filled"
              data-action="admit"
              aria-keyshortcuts="Control+Enter"
              onClick={() => dispatch({ type: "request_pressed", message: { type: "admit", seat: person.seat } })}
            >
              {t("call-admit")}
            </button>
            <Dismiss seat={person.seat} name={person.name} />
          </div>
        </div>
      ))}
    </section>
  );
}
