// Texts in the language of the page, from the same Fluent source as the server's.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

export type Translate = (key: string, args?: Record<string, FluentVariable>) => string;

export function createTranslate(locale: string, source: string): Translate {
  const bundle = new FluentBundle(locale, { useIsolating: false });
  bundle.addResource(new FluentResource(source));
  return (key, args) => {
    const pattern = bundle.getMessage(key)?.value;
    return pattern ? bundle.formatPattern(pattern, args ?? null, []) : key;
  };
}
