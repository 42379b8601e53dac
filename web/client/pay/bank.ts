// The bank's question, which Stripe's script puts; then the server hears the answer from Stripe itself.

import { isAnswered } from "./faults";
import { openStripe } from "./stripe";

export async function askForBank(place: HTMLElement): Promise<void> {
  const form = document.querySelector<HTMLFormElement>("form[data-pay-answer]");
  const failed = document.querySelector<HTMLElement>("[data-pay-failed]");
  if (form === null || failed === null) return;
  try {
    const stripe = await openStripe(place);
    const { error } = await stripe.handleNextAction({ clientSecret: place.dataset["secret"] ?? "" });
    if (!isAnswered(error)) throw new Error("no answer");
    form.requestSubmit();
  } catch {
    failed.hidden = false;
  }
}
