// The card about going on beyond the highest price: the consumer asks, the provider answers, both see how it stands.
import { useRef, useState } from "preact/hooks";
import { type ExtensionAction, extensionKey, extensionSerial, extensionSums } from "../extension";
import { money } from "../format";
import { isCall } from "../page";
import { useCall } from "./context";

/** Never takes the focus, and is told of once, beside it; what was closed stays so until something else is to be said. */
export function ExtensionCard() {
  const { state, page, dispatch, t } = useCall();
  const { extension, role, info } = state.value;
  const [closed, setClosed] = useState("");
  const said = useRef<HTMLParagraphElement>(null);
  const key = extensionKey(extension, role);
  const serial = extensionSerial(extension, role);
  if (!isCall(page) || extension === null || key === null || closed === serial) return null;
  const { currency } = info?.price ?? page.price;
  const { amount_minor, cap_minor } = extensionSums(extension, role);
  const args = {
    name: page.other_name,
    amount: money(amount_minor, currency, page.locale),
    cap: money(cap_minor, currency, page.locale),
  };
  const button = (action: ExtensionAction, label: string, filled = false) => (
    <button
      type="button"
      class={`call-button is-${filled ? "filled" : "text"}`}
      data-action={`extend-${action}`}
      onClick={() => {
        // The button goes with what it was for: the focus stays in the card, on what is said next.
        said.current?.focus();
        dispatch({ type: "extension_pressed", action, amount_minor });
      }}
    >
      {t(label, args)}
    </button>
  );
  const close = (label: string) => (
    <button
      type="button"
      class="call-button is-text"
      data-action="extend-close"
      onClick={() => {
        setClosed(serial);
        document.querySelector<HTMLElement>(".control-bar button[tabindex='0']")?.focus();
      }}
    >
      {t(label)}
    </button>
  );
  return (
    <section class="extend-card" aria-label={t("call-extend-region")} data-extension={key}>
      <p ref={said} tabIndex={-1}>
        {t(key, args)}
      </p>
      {key === "call-extend-offer" ? <p class="extend-consent">{t("call-extend-consent", args)}</p> : null}
      <div class="admit-actions">
        {key === "call-extend-offer" ? button("ask", "call-extend-ask", true) : null}
        {key === "call-extend-asks" ? button("agree", "call-extend-agree", true) : null}
        {key === "call-extend-asks" ? button("decline", "call-extend-decline") : null}
        {key === "call-extend-asked" ? button("withdraw", "call-extend-withdraw") : null}
        {key === "call-extend-offer" ? close("call-extend-no") : null}
        {isOver(key) ? close("call-close") : null}
      </div>
    </section>
  );
}

function isOver(key: string): boolean {
  return !["call-extend-offer", "call-extend-asked", "call-extend-asks", "call-extend-agreed"].includes(key);
}
