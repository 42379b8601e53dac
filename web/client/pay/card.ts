// The card on the payment page: typed into Stripe's own fields, so that the form sends nothing but Stripe's name of it.

import { faultOf, type Fault } from "./faults";
import { openStripe, type CardElement, type Stripe } from "./stripe";

/** Where an error stands, and how it is said. */
function say(place: HTMLElement, fault: Fault | null): void {
  const field = place.closest(".field");
  const error = field?.querySelector<HTMLElement>("[data-pay-error]");
  const words = error?.querySelector("span");
  if (error === null || error === undefined || words === null || words === undefined) return;
  error.hidden = fault === null;
  words.textContent = fault === null ? "" : (place.dataset[fault] ?? "");
  field?.classList.toggle("bad", fault !== null);
}

/** As the page looks, in its theme: the fields are a page of their own. */
function look(place: HTMLElement): Record<string, unknown> {
  const { color, fontSize } = getComputedStyle(place);
  const placeholder = getComputedStyle(document.documentElement).getPropertyValue("--text-3").trim();
  return { base: { color, fontSize, "::placeholder": { color: placeholder || color } } };
}

async function name(stripe: Stripe, card: CardElement, place: HTMLElement): Promise<string | null> {
  const answer = await stripe.createPaymentMethod({ type: "card", card }).catch(() => undefined);
  if (answer?.paymentMethod !== undefined) return answer.paymentMethod.id;
  say(place, faultOf(answer?.error ?? {}));
  card.focus?.();
  return null;
}

function sendWhenNamed(form: HTMLFormElement, method: HTMLInputElement, place: HTMLElement, stripe: Stripe, card: CardElement): void {
  const buttons = form.querySelectorAll("button");
  const setWorking = (working: boolean): void => buttons.forEach((button) => (button.disabled = working));
  form.addEventListener("submit", (event) => {
    if (method.value !== "") return;
    // Nobody else is to take this for the one time that a form is sent.
    event.preventDefault();
    event.stopPropagation();
    // What is not ticked is said before the card leaves its fields.
    if (!form.reportValidity()) return;
    setWorking(true);
    void name(stripe, card, place).then((named) => {
      if (named === null) return setWorking(false);
      method.value = named;
      form.requestSubmit();
    });
  });
  // A page that comes back from the browser's memory begins anew.
  window.addEventListener("pageshow", () => {
    method.value = "";
    setWorking(false);
  });
}

/** Puts the fields where the page wants them. */
export async function takeCard(place: HTMLElement): Promise<void> {
  const form = place.closest("form");
  const method = form?.querySelector<HTMLInputElement>("input[type=hidden][name=method]");
  if (form === null || method === null || method === undefined) return;
  for (const tick of form.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) tick.required = true;
  try {
    const stripe = await openStripe(place);
    const card = stripe.elements().create("card", { hidePostalCode: true, disableLink: true, style: look(place) });
    card.mount(place);
    card.on("change", () => say(place, null));
    sendWhenNamed(form, method, place, stripe, card);
  } catch {
    say(place, "failed");
  }
}
