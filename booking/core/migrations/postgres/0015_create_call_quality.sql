-- How each stream of a participant did, about every ten seconds while it changes: for the operator, thirty days at most.
CREATE TABLE call_quality (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    from_seat_id TEXT NOT NULL REFERENCES seat (id),
    at_us BIGINT NOT NULL,
    bitrate_bps BIGINT NOT NULL,
    lost_permille BIGINT NOT NULL,
    jitter_us BIGINT NOT NULL,
    spatial BIGINT,
    temporal BIGINT,
    wanted_spatial BIGINT,
    wanted_temporal BIGINT,
    score_centi BIGINT,
    PRIMARY KEY (call_id, seat_id, direction, source, from_seat_id, at_us)
);

CREATE INDEX call_quality_age ON call_quality (at_us);
