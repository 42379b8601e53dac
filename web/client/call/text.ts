// Texts in the language of the page, from the same Fluent source as the server's.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";

/** Letters of scripts that are written from right to left, by the blocks that Unicode keeps for them. */
const FROM_THE_RIGHT = /[\u{590}-\u{8ff}\u{fb1d}-\u{fdff}\u{fe70}-\u{feff}\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

export type Translate = (key: string, args?: Record<string, FluentVariable>) => string;

export function createTranslate(locale: string, source: string): Translate {
  const bundle = new FluentBundle(locale, { useIsolating: false });
  bundle.addResource(new FluentResource(source));
  return (key, args) => {
    const pattern = bundle.getMessage(key)?.value;
    if (!pattern) return key;
    const apart = Object.entries(args ?? {}).map(([name, value]) => [name, isolated(value)] as const);
    return bundle.formatPattern(pattern, Object.fromEntries(apart), []);
  };
}

/** Keeps a name that is written from right to left from turning the sentence over, as the server's texts do (FSI and PDI). */
function isolated(value: FluentVariable): FluentVariable {
  return typeof value === "string" && FROM_THE_RIGHT.test(value) ? `\u2068${value}\u2069` : value;
}
