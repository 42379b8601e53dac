// Which tiles the stage shows, from what the server said about people and slots.
import type { Participant, Quality, SlotAssignment, SourceKind } from "../generated/protocol";
import type { State } from "./state";

export interface Tile {
  /** Stays the same through reconnects, so that the picture element does too. */
  key: string;
  seat: string;
  name: string;
  source: "camera" | "screen";
  /** The receive slot that carries the picture; null while nothing does. */
  mid: string | null;
  /** The receive slot that carries the voice, for the speaking ring. */
  voice: string | null;
  pictureOn: boolean;
  /** The picture is not sent to us at present, since our connection has no room for it. */
  withheld: boolean;
  microphoneOn: boolean;
  lost: boolean;
}

/** Whether a person left on purpose, to come back or not. */
export function hasLeft(one: Participant): boolean {
  return one.presence === "left" || one.presence === "left_for_good";
}

/** Tiles of the others: shared screens first, then people in the order of the server's list. */
export function remoteTiles(state: State): Tile[] {
  const people = [...state.participants, ...state.missing].filter(
    (one) => one.seat !== state.seat && one.presence !== "lobby" && !hasLeft(one),
  );
  const screens = people.filter((one) => one.screen).map((one) => tile(state, one, "screen"));
  return [...screens, ...people.map((one) => tile(state, one, "camera"))];
}

function tile(state: State, person: Participant, source: "camera" | "screen"): Tile {
  const slot = slotOf(state, person.seat, source);
  return {
    key: `${person.seat}/${source}`,
    seat: person.seat,
    name: person.name,
    source,
    mid: slot?.mid ?? null,
    voice: slotOf(state, person.seat, "microphone")?.mid ?? null,
    pictureOn: source === "screen" || person.camera,
    withheld: slot?.withheld === true,
    microphoneOn: person.microphone,
    lost: person.presence === "reconnecting" || state.phase.at === "reconnecting",
  };
}

function slotOf(state: State, seat: string, source: SourceKind): SlotAssignment | undefined {
  return state.slots.find((slot) => slot.seat === seat && slot.source === source);
}

/** How well a seat is connected: the worse of what it sends and receives. Null while nobody knows. */
export function qualityOf(state: State, seat: string): Quality | null {
  const known = state.quality.find((one) => one.seat === seat);
  const ways = [known?.sends, known?.receives];
  return (["poor", "fair", "good"] as const).find((quality) => ways.includes(quality)) ?? null;
}

/** The tile that is shown large: a shared screen, else whoever speaks loudest, else the first. */
export function mainTile(state: State, tiles: readonly Tile[]): string | null {
  const speaking = state.speakers.flatMap((seat) => tiles.filter((one) => one.seat === seat));
  const main = tiles.find((one) => one.source === "screen") ?? speaking[0] ?? tiles[0];
  return main?.key ?? null;
}

export interface Voice {
  key: string;
  seat: string;
  source: SourceKind;
  mid: string;
}

/** The audio slots that carry somebody, each to be played. */
export function voices(state: State): Voice[] {
  return state.slots.flatMap(({ mid, seat, source }) => {
    if (seat === null || (source !== "microphone" && source !== "screen_audio")) return [];
    return [{ key: `${seat}/${source}`, seat, source, mid }];
  });
}

/** Who waits outside, for the provider. */
export function waiting(state: State): Participant[] {
  return state.role === "provider" ? state.participants.filter((one) => one.presence === "lobby") : [];
}
