// Starts the call page: reads what the server wrote into it, wires store, effects and views, and listens to the window.
import { render } from "preact";
import { type World, Runner } from "./effects";
import { playTones } from "./level";
import { createMedia } from "./media";
import { isCall, readPage } from "./page";
import { shortcut } from "./shortcuts";
import { type Event, initialState, type State } from "./state";
import { createStore } from "./store";
import { createTranslate } from "./text";
import { App } from "./view/app";
import { Context } from "./view/context";

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

function isInside(at: State["phase"]["at"]): boolean {
  return at === "lobby" || at === "call" || at === "reconnecting";
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
  document.addEventListener("keydown", (event) => {
    const pressed = shortcut(event, state.peek());
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
  root.replaceChildren();
  render(
    <Context.Provider value={context}>
      <App />
    </Context.Provider>,
    root,
  );
  const able = "RTCPeerConnection" in window && "WebSocket" in window;
  dispatch({ type: able || !isCall(page) ? "page_opened" : "unsupported" });
  if (!isCall(page)) return;
  // A page that was loaded again goes straight back to where it was.
  const inside = `in-call-${page.call}`;
  const wasInside = sessionStorage.getItem(inside) !== null;
  state.subscribe(({ phase }) => {
    if (isInside(phase.at)) sessionStorage.setItem(inside, "yes");
    else if (phase.at !== "check" && phase.at !== "connecting") sessionStorage.removeItem(inside);
  });
  if (wasInside && able) dispatch({ type: "join_pressed" });
}

const root = document.getElementById("call");
if (root !== null) start(root);
