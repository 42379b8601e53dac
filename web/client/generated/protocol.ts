// Made from signaling/protocol by `BOOKA_WRITE=1 cargo test -p signaling-protocol generated`. Do not edit.

/** The version of the protocol, sent in `hello`. */
export const PROTOCOL_VERSION = 1;

export type CallInfo = { id: string, 
/**
 * What is talked about, for example the service's title.
 */
title: string, now: number, opens_at: number, starts_at: number, ends_at: number, price: PriceTerms, };

export type ClientMessage = { "type": "hello", protocol: number, ticket: string, }
  | { "type": "offer", id: number, sdp: string, sources: Array<PublishedSource>, }
  | { "type": "media", microphone: boolean, camera: boolean, screen: boolean, }
  | { "type": "sizes", slots: Array<SlotSize>, }
  | { "type": "restart", id: number, ufrag: string, }
  | { "type": "admit", seat: string, }
  | { "type": "dismiss", seat: string, }
  | { "type": "leave", for_good: boolean, }
  | { "type": "end", }
  | { "type": "ping", at: number, };

export type Clock = { 
/**
 * Whether billable time runs at this moment.
 */
running: boolean, 
/**
 * Billable time so far, milliseconds.
 */
billable_ms: number, 
/**
 * What that costs, minor units.
 */
cost_minor: number, 
/**
 * Until the booked window ends, milliseconds, never below zero.
 */
remaining_ms: number, };

export type Discount = { 
/**
 * Basis points: 1000 is 10 %.
 */
percent_bp: number, 
/**
 * Minor units, besides.
 */
fixed_minor: number, };

export type EncodingState = { rid: string, active: boolean, };

export type EndReason = "left" | "left_for_good" | "ended_by_provider" | "window_ended" | "dismissed" | "cancelled" | "settled" | "signed_out" | "handed_over";

export type ErrorCode = "bad_message" | "bad_hello" | "bad_ticket" | "not_open" | "turned_away" | "forbidden" | "too_early" | "unknown_seat" | "bad_offer" | "rate_limited" | "full" | "internal";

export type Participant = { seat: string, name: string, role: Role, presence: Presence, microphone: boolean, camera: boolean, screen: boolean, 
/**
 * Seconds since the seat first arrived, for the lobby card.
 */
waited_s: number, };

export type Presence = "lobby" | "connecting" | "connected" | "reconnecting" | "left" | "left_for_good";

export type PriceTerms = { 
/**
 * ISO 4217 code, for example `NOK`.
 */
currency: string, 
/**
 * What a promo code takes off.
 */
discount?: Discount, } & ({ "model": "free" } | { "model": "fixed", amount_minor: number, } | { "model": "per_minute", rate_minor: number, increment_s: number, free_s: number, cap_minor: number, });

export type PublishedSource = { mid: string, source: SourceKind, };

export type Quality = "poor" | "fair" | "good";

export type Role = "consumer" | "provider";

export type SeatQuality = { seat: string, 
/**
 * What the seat sends, as it arrives at the server.
 */
sends: Quality | null, 
/**
 * What the seat receives.
 */
receives: Quality | null, };

export type ServerMessage = { "type": "welcome", protocol: number, seat: string, role: Role, admitted: boolean, call: CallInfo, }
  | { "type": "answer", id: number, sdp: string, slots: Array<SlotDescription>, }
  | { "type": "participants", participants: Array<Participant>, }
  | { "type": "provider_told", 
/**
 * When the mail was written, Unix microseconds UTC.
 */
at: number, }
  | { "type": "admitted", }
  | { "type": "slots", slots: Array<SlotAssignment>, }
  | { "type": "restarted", id: number, ufrag: string, password: string, }
  | { "type": "path_lost", }
  | { "type": "encodings", source: SourceKind, encodings: Array<EncodingState>, }
  | { "type": "quality", seats: Array<SeatQuality>, }
  | { "type": "speakers", seats: Array<string>, }
  | { "type": "clock" } & Clock
  | { "type": "price", price: PriceTerms, }
  | { "type": "ended", reason: EndReason, clock: Clock, }
  | { "type": "taken_over", }
  | { "type": "moving", retry_after_ms: number, }
  | { "type": "error", code: ErrorCode, message: string, fatal: boolean, }
  | { "type": "pong", at: number, };

export type SlotAssignment = { mid: string, seat: string | null, source: SourceKind | null, 
/**
 * Nothing of it is sent at present: the connection of whoever is told has no room for this picture.
 */
withheld: boolean, };

export type SlotDescription = { mid: string, kind: SlotKind, };

export type SlotKind = "audio" | "video";

export type SlotSize = { mid: string, width: number, height: number, };

export type SourceKind = "microphone" | "camera" | "screen" | "screen_audio";
