-- The call of an appointment has the appointment's id.
CREATE TABLE call (
    id TEXT PRIMARY KEY REFERENCES appointment (id),
    opens_us BIGINT NOT NULL,
    starts_us BIGINT NOT NULL,
    ends_us BIGINT NOT NULL,
    ended_us BIGINT,
    version BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL
);

CREATE TABLE call_attendance (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    arrived_us BIGINT NOT NULL,
    admitted_us BIGINT,
    PRIMARY KEY (call_id, seat_id)
);

-- Spans of verified presence. Only last_seen_us and the end ever change.
CREATE TABLE call_segment (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    seq BIGINT NOT NULL,
    node TEXT NOT NULL,
    started_us BIGINT NOT NULL,
    last_seen_us BIGINT NOT NULL,
    ended_us BIGINT,
    end_reason TEXT,
    PRIMARY KEY (call_id, seat_id, seq)
);

CREATE INDEX call_segment_open ON call_segment (ended_us, last_seen_us);

CREATE FUNCTION refuse_segments_are_never_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'segments are never deleted';
END;
$$;

CREATE TRIGGER call_segment_stays BEFORE DELETE ON call_segment FOR EACH ROW EXECUTE FUNCTION refuse_segments_are_never_deleted();

-- One charge a call, by the key.
CREATE TABLE charge (
    call_id TEXT PRIMARY KEY REFERENCES call (id),
    outcome TEXT NOT NULL,
    billable_us BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    vat_bp BIGINT NOT NULL,
    vat_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_us BIGINT NOT NULL
);
