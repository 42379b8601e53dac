// Holds the state, feeds events to the reducer one at a time, and hands its effects on.
import { signal } from "@preact/signals";
import { type Effect, type Event, reduce, type State } from "./state";

export function createStore(initial: State, run: (effects: readonly Effect[]) => void) {
  const state = signal(initial);
  const waiting: Event[] = [];
  let busy = false;
  const dispatch = (event: Event) => {
    waiting.push(event);
    // An effect may cause an event at once; it takes its turn after the one being handled.
    if (busy) return;
    busy = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [after, effects] = reduce(state.peek(), next);
        state.value = after;
        run(effects);
      }
    } finally {
      busy = false;
    }
  };
  return { state, dispatch };
}
