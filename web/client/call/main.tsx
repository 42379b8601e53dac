// Starts the call page: reads what the server wrote into it, wires store, effects and views, and listens to the window.
import { effect, type ReadonlySignal } from "@preact/signals";
import { render } from "preact";
import { type World, Runner } from "./effects";
import { type Extension, extensionSums, isExtensionDue } from "./extension";
import { money } from "./format";
import { playTones } from "./level";
import { createMedia, type Media } from "./media";
import { shownClock } from "./meter";
import { type CallPage, isCall, readPage } from "./page";
import { shortcut, takesText } from "./shortcuts";
import { type Event, initialState, type State } from "./state";
import { memoryOf, readMemory } from "./state/resume";
import { createStore } from "./store";
import { createTranslate } from "./text";
import { App } from "./view/app";
import { Context } from "./view/context";

/** Between two questions whether the other side is there. */
const OTHER_MS = 3_000;
const TEST_TONES_HZ = [523, 659, 784];

function browserWorld(): World {
  return {
    WebSocket,
    RTCPeerConnection,
    RTCRtpReceiver,
    devices: navigator.mediaDevices as MediaDevices | undefined,
    fetch: (input, init) => fetch(input, init),
    setTimeout: (run, ms) => window.setTimeout(run, ms),
    clearTimeout: (id) => window.clearTimeout(id),
    setInterval: (run, ms) => window.setInterval(run, ms),
    clearInterval: (id) => window.clearInterval(id),
    now: () => Date.now(),
    random: () => Math.random(),
    address: location.href,
  };
}

/** Until the page goes in, it asks whether the other side is there. */
function watchOther(url: string, state: ReadonlySignal<State>, media: Media): void {
  const ask = async () => {
    if (state.peek().phase.at !== "check" || document.visibilityState !== "visible") return;
    const answer = await fetch(url, { headers: { accept: "application/json" } }).catch(() => null);
    const { other } = answer?.ok === true ? ((await answer.json()) as { other: Media["other"]["value"] }) : { other: "away" as const };
    media.other.value = other;
  };
  void ask();
  window.setInterval(() => void ask(), OTHER_MS);
}

/** Near the highest price it asks how going on beyond it stands. */
function watchExtension(page: CallPage, state: ReadonlySignal<State>, media: Media, dispatch: (event: Event) => void): void {
  const ask = async () => {
    const { phase, info, clock, role, extension } = state.peek();
    // What is asked is followed to its end, also where the price has risen by it meanwhile.
    const open = extension?.last?.state === "asked" || extension?.last?.state === "agreed";
    if (phase.at !== "call" || !(open || isExtensionDue(info?.price ?? page.price, clock))) return;
    const answer = await fetch(page.extension_url, { headers: { accept: "application/json" } }).catch(() => null);
    if (answer?.ok !== true) return;
    const told = (await answer.json()) as Extension;
    const { amount_minor, cap_minor } = extensionSums(told, role);
    const amount = money(amount_minor, page.price.currency, page.locale);
    const cap = money(cap_minor, page.price.currency, page.locale);
    dispatch({ type: "extension_told", told, args: { name: page.other_name, amount, cap } });
  };
  window.setInterval(() => void ask(), OTHER_MS);
  media.extensionAsked.subscribe(() => void ask());
}

function start(root: HTMLElement): void {
  const page = readPage(document);
  const media = createMedia();
  const first = isCall(page) ? initialState("call", page.role) : initialState("check", "consumer");
  const { state, dispatch } = createStore(first, (effects) => runner.run(effects));
  const runner = new Runner(browserWorld(), isCall(page) ? page : null, media, (event: Event) => dispatch(event));

  navigator.mediaDevices?.addEventListener("devicechange", () => runner.devicesChanged());
  window.addEventListener("online", () => {
    dispatch({ type: "back_online" });
    dispatch({ type: "network_changed" });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") dispatch({ type: "back_online" });
  });
  window.addEventListener("pagehide", () => runner.close());
  window.setInterval(() => {
    media.now.value = Date.now();
  }, 1000);
  effect(() => {
    const { clock, info } = state.value;
    const since = media.now.value - media.toldAt.value;
    const price = info?.price ?? (isCall(page) ? page.price : null);
    media.shown.value = clock === null || price === null ? null : shownClock(state.value, clock, since, price, media.shown.peek());
  });
  document.addEventListener("keydown", (event) => {
    const pressed = shortcut(event, state.peek(), takesText(event.target));
    if (pressed === null) return;
    event.preventDefault();
    if (pressed === "focus_controls") document.querySelector<HTMLElement>(".control-bar button[tabindex='0']")?.focus();
    else dispatch(pressed);
  });

  const context = {
    page,
    state,
    media,
    t: createTranslate(page.locale, page.texts),
    dispatch,
    playTestSound: () => void playTones(TEST_TONES_HZ, media.speaker.peek()),
  };
  const able = "RTCPeerConnection" in window && "WebSocket" in window;
  // A page that was loaded again goes straight back to where it was. A duplicate of a tab has a copy of its memory, but
  // must not take the call from it.
  const key = isCall(page) ? `call-${page.call}` : "device-check";
  const [navigation] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  const memory = readMemory(sessionStorage.getItem(key), navigation?.type === "reload");
  if (isCall(page) && !able) dispatch({ type: "unsupported" });
  else dispatch(memory === null ? { type: "page_opened" } : { type: "page_resumed", memory });
  root.replaceChildren();
  render(
    <Context.Provider value={context}>
      <App />
    </Context.Provider>,
    root,
  );
  runner.devicesChanged();
  if (isCall(page)) {
    watchOther(page.other_url, state, media);
    watchExtension(page, state, media, dispatch);
  }
  state.subscribe((now) => {
    const next = memoryOf(now);
    if (next !== null) sessionStorage.setItem(key, JSON.stringify(next));
  });
}

const root = document.getElementById("call");
if (root !== null) start(root);
