-- The call of an appointment has the appointment's id.
CREATE TABLE call (
    id TEXT PRIMARY KEY REFERENCES appointment (id),
    opens_us INTEGER NOT NULL,
    starts_us INTEGER NOT NULL,
    ends_us INTEGER NOT NULL,
    ended_us INTEGER,
    version INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL
) STRICT;

CREATE TABLE call_attendance (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    arrived_us INTEGER NOT NULL,
    admitted_us INTEGER,
    PRIMARY KEY (call_id, seat_id)
) STRICT;

-- Spans of verified presence. Only last_seen_us and the end ever change.
CREATE TABLE call_segment (
    call_id TEXT NOT NULL REFERENCES call (id),
    seat_id TEXT NOT NULL REFERENCES seat (id),
    seq INTEGER NOT NULL,
    node TEXT NOT NULL,
    started_us INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    ended_us INTEGER,
    end_reason TEXT,
    PRIMARY KEY (call_id, seat_id, seq)
) STRICT;

CREATE INDEX call_segment_open ON call_segment (ended_us, last_seen_us);

CREATE TRIGGER call_segment_stays BEFORE DELETE ON call_segment
BEGIN
    SELECT RAISE(ABORT, 'segments are never deleted');
END;

-- One charge a call, by the key.
CREATE TABLE charge (
    call_id TEXT PRIMARY KEY REFERENCES call (id),
    outcome TEXT NOT NULL,
    billable_us INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    vat_bp INTEGER NOT NULL,
    vat_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;
