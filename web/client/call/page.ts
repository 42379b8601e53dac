// What the server put into the page for the island.
import type { PriceTerms, Role } from "../generated/protocol";

interface Common {
  locale: "nb" | "en";
  /** Fluent source of the call's texts in that language. */
  texts: string;
  back_url?: string;
}

/** Times are Unix microseconds by the server's clock. */
export interface CallPage extends Common {
  mode?: "call";
  call: string;
  role: Role;
  name: string;
  /** The one person on the other side. */
  other_name: string;
  /** Whose appointment the consumer booked; null for the provider. */
  business: string | null;
  title: string;
  ticket_url: string;
  /** Says whether the other side is there. */
  other_url: string;
  /** Says how going on beyond the highest price stands, and takes what is pressed about it. */
  extension_url: string;
  socket_url: string;
  after_url: string;
  /** Where the consumer may cancel while nothing has taken place; null for the provider. */
  cancel_url: string | null;
  opens_at: number;
  starts_at: number;
  ends_at: number;
  now: number;
  time_zone: string;
  price: PriceTerms;
}

export interface CheckPage extends Common {
  mode: "check";
}

export type PageData = CallPage | CheckPage;

export function isCall(page: PageData): page is CallPage {
  return page.mode !== "check";
}

export function readPage(document: Document): PageData {
  const text = document.getElementById("call-data")?.textContent;
  if (!text) throw new Error("the page carries no call data");
  return JSON.parse(text) as PageData;
}
