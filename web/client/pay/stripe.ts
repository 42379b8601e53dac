// What is used of Stripe's script, and how it comes onto the page.

export interface StripeError {
  type?: string;
  code?: string;
}

export interface CardElement {
  mount(place: HTMLElement): void;
  on(event: "change", listener: () => void): void;
  focus?(): void;
}

export interface Stripe {
  elements(): { create(type: "card", options: Record<string, unknown>): CardElement };
  createPaymentMethod(of: { type: "card"; card: CardElement }): Promise<{ error?: StripeError; paymentMethod?: { id: string } }>;
  handleNextAction(of: { clientSecret: string }): Promise<{ error?: StripeError }>;
}

type MakeStripe = (key: string, options: { locale: string; stripeAccount?: string }) => Stripe;

function makeStripe(): MakeStripe | undefined {
  return (globalThis as { Stripe?: MakeStripe }).Stripe;
}

/** Loads the script that `place` names, and opens it with the key and the account named there. */
export async function openStripe(place: HTMLElement): Promise<Stripe> {
  const { script = "", key = "", account = "" } = place.dataset;
  await new Promise<void>((loaded, failed) => {
    const tag = document.createElement("script");
    tag.src = script;
    tag.addEventListener("load", () => loaded());
    tag.addEventListener("error", () => failed(new Error("Stripe's script did not come")));
    document.head.append(tag);
  });
  const make = makeStripe();
  if (make === undefined) throw new Error("Stripe's script is another");
  const options = { locale: document.documentElement.lang };
  return make(key, account === "" ? options : { ...options, stripeAccount: account });
}
