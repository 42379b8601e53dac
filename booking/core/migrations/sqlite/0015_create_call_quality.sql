-- How each stream of a participant did, about every ten seconds while it changes: for the operator, thirty days at most.
CREATE TABLE call_quality (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    from_seat_id TEXT NOT NULL REFERENCES seat (id),
    at_us INTEGER NOT NULL,
    bitrate_bps INTEGER NOT NULL,
    lost_permille INTEGER NOT NULL,
    jitter_us INTEGER NOT NULL,
    spatial INTEGER,
    temporal INTEGER,
    wanted_spatial INTEGER,
    wanted_temporal INTEGER,
    score_centi INTEGER,
    PRIMARY KEY (call_id, seat_id, direction, source, from_seat_id, at_us)
) STRICT;

CREATE INDEX call_quality_age ON call_quality (at_us);
