// Amounts, clocks and times as people read them.

const SPACE = "\u00a0";

/** `450 kr`, `1 250,50 kr`: whole amounts without decimals, unless `exact` asks for them. */
export function money(minor: number, currency: string, locale: string, exact = false): string {
  const decimals = exact || minor % 100 !== 0 ? 2 : 0;
  const number = new Intl.NumberFormat(locale === "nb" ? "nb-NO" : "en-GB", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
    .format(minor / 100)
    .replace(/\s/g, SPACE);
  return `${number}${SPACE}${currency === "NOK" ? "kr" : currency}`;
}

/** `12:04`, or `1:02:04` above an hour. Parts of a second are not counted. */
export function elapsed(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const clock = `${two(minutes % 60)}:${two(seconds % 60)}`;
  return minutes < 60 ? clock : `${Math.floor(minutes / 60)}:${clock}`;
}

/** `21 min 40,3 s`, `1 t 5 min 0,0 s`: in started tenths of a second, as receipts write measured time. */
export function duration(ms: number, locale: string): string {
  const tenths = Math.ceil(Math.max(0, ms) / 100);
  const minutes = Math.floor(tenths / 600);
  const [hours, rest] = [Math.floor(minutes / 60), tenths % 600];
  const parts = [`${Math.floor(rest / 10)}${locale === "nb" ? "," : "."}${rest % 10}${SPACE}s`];
  if (minutes % 60 > 0) parts.unshift(`${minutes % 60}${SPACE}min`);
  if (hours > 0) parts.unshift(`${hours}${SPACE}${locale === "nb" ? "t" : "h"}`);
  return parts.join(" ");
}

/** `10:00` on the wall of `zone`; `micros` are Unix microseconds. */
export function wallClock(micros: number, zone: string): string {
  return new Intl.DateTimeFormat("nb-NO", { hour: "2-digit", minute: "2-digit", timeZone: zone }).format(micros / 1000);
}

/** First letters of the first and last word. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return letters.map((word) => [...(word ?? "")][0]?.toLocaleUpperCase() ?? "").join("");
}

/** One of the eight avatar colours, the same for the same id everywhere. */
export function avatarClass(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return `av-${sum % 8}`;
}
