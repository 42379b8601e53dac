// The provider's card for who waits outside.
import { useState } from "preact/hooks";
import { isCall } from "../page";
import { waiting } from "../tiles";
import { useCall } from "./context";
import { Avatar } from "./tile";

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
