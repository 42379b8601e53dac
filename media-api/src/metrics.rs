//! What the media API counts.

signaling::counts! {
    RoomsOpened = "rooms_opened",
    RoomsEndedIdle = "rooms_ended_idle",
    TicketsIssued = "tickets_issued",
    SessionsBegun = "sessions_begun",
    SessionsRefused = "sessions_refused",
    Restarts = "restarts",
    RestartsUnanswered = "restarts_unanswered",
    KeysBad = "keys_bad",
    TicketsBad = "tickets_bad",
    RateLimited = "rate_limited",
}
