// What every view needs: the store's pieces, texts, and a way to say what was pressed.
import type { ReadonlySignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Media } from "../media";
import type { PageData } from "../page";
import type { Event, State } from "../state";
import type { Translate } from "../text";

export interface CallContext {
  page: PageData;
  state: ReadonlySignal<State>;
  media: Media;
  t: Translate;
  dispatch: (event: Event) => void;
  playTestSound: () => void;
}

export const Context = createContext<CallContext | null>(null);

export function useCall(): CallContext {
  const value = useContext(Context);
  if (value === null) throw new Error("every view is inside the provider that main.tsx renders");
  return value;
}
