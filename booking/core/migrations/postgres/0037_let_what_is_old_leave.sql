-- The door for the job of retention: while its row is there, rows older than cut_us may leave that otherwise stay. No row can
-- ever satisfy its key, so it must be gone again before the transaction that opened the door can be committed.
CREATE TABLE retention_door (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    cut_us BIGINT NOT NULL,
    shut BIGINT NOT NULL CHECK (shut = 2) REFERENCES retention_door (id) DEFERRABLE INITIALLY DEFERRED
);

DROP TRIGGER call_segment_stays ON call_segment;
DROP FUNCTION refuse_segments_are_never_deleted;

-- Once a statement and not once a row: the job deletes many at a time.
CREATE FUNCTION refuse_young_segments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cut BIGINT := COALESCE((SELECT d.cut_us FROM retention_door d), -9223372036854775808);
BEGIN
    IF EXISTS (SELECT 1 FROM gone WHERE gone.last_seen_us >= cut) THEN
        RAISE EXCEPTION 'segments are never deleted before their time';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER call_segment_stays AFTER DELETE ON call_segment REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION refuse_young_segments();

DROP TRIGGER ledger_tx_stays ON ledger_tx;

CREATE FUNCTION refuse_young_ledger_tx() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cut BIGINT := COALESCE((SELECT d.cut_us FROM retention_door d), -9223372036854775808);
BEGIN
    IF EXISTS (SELECT 1 FROM gone WHERE gone.created_us >= cut) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER ledger_tx_stays AFTER DELETE ON ledger_tx REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION refuse_young_ledger_tx();

DROP TRIGGER ledger_entry_stays ON ledger_entry;

CREATE FUNCTION refuse_young_ledger_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cut BIGINT := COALESCE((SELECT d.cut_us FROM retention_door d), -9223372036854775808);
BEGIN
    IF EXISTS (
        SELECT 1 FROM gone
        WHERE NOT EXISTS (SELECT 1 FROM ledger_tx t WHERE t.id = gone.tx_id AND t.created_us < cut)
    ) THEN
        RAISE EXCEPTION 'the ledger is append-only';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER ledger_entry_stays AFTER DELETE ON ledger_entry REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION refuse_young_ledger_entry();

-- What a run would delete (dry) or has deleted (real). It goes on from its cursor.
CREATE TABLE retention_run (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('dry', 'real')),
    -- The dry run whose report a real one carries out.
    basis_id TEXT REFERENCES retention_run (id),
    -- The moment that ages are counted from.
    as_of_us BIGINT NOT NULL,
    accounting_years BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    position TEXT NOT NULL,
    -- The last appointment that is to leave.
    last_case TEXT NOT NULL,
    started_us BIGINT NOT NULL,
    ended_us BIGINT
);

CREATE INDEX retention_run_kind ON retention_run (kind, as_of_us);
CREATE INDEX retention_run_basis ON retention_run (basis_id);

CREATE TABLE retention_line (
    run_id TEXT NOT NULL REFERENCES retention_run (id),
    table_name TEXT NOT NULL,
    entries BIGINT NOT NULL,
    oldest_us BIGINT,
    newest_us BIGINT,
    PRIMARY KEY (run_id, table_name)
);

-- Appointments that are old enough and stay all the same, by reason.
CREATE TABLE retention_kept (
    run_id TEXT NOT NULL REFERENCES retention_run (id),
    reason TEXT NOT NULL,
    appointments BIGINT NOT NULL,
    PRIMARY KEY (run_id, reason)
);

-- What an operator keeps from being deleted: everything about an account, or one appointment.
CREATE TABLE retention_hold (
    id TEXT PRIMARY KEY,
    account_id TEXT REFERENCES account (id),
    appointment_id TEXT REFERENCES appointment (id),
    reason TEXT NOT NULL,
    placed_us BIGINT NOT NULL,
    lifted_us BIGINT
);

CREATE INDEX retention_hold_account ON retention_hold (account_id);
CREATE INDEX retention_hold_appointment ON retention_hold (appointment_id);

-- Files that are to be gone before the rows that name them.
CREATE TABLE retention_file (
    path TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL
);

CREATE INDEX retention_file_appointment ON retention_file (appointment_id);

-- One row: since when the job may delete, and a lock between it and whoever keeps something back.
CREATE TABLE retention_switch (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    approved_us BIGINT,
    version BIGINT NOT NULL
);

INSERT INTO retention_switch (id, approved_us, version) VALUES (1, NULL, 0);

-- When somebody was here last, beyond the life of a session; how often they were warned since, when we took it that they have
-- left, and when deletion was asked for in their place.
CREATE TABLE account_activity (
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    seen_us BIGINT NOT NULL,
    warned BIGINT NOT NULL,
    warned_us BIGINT,
    left_us BIGINT,
    asked_us BIGINT
);

CREATE INDEX account_activity_seen ON account_activity (warned, seen_us);
CREATE INDEX account_activity_left ON account_activity (left_us);

-- Nobody knows when those were here last who have an account already: it counts from today.
INSERT INTO account_activity (account_id, seen_us, warned)
SELECT a.id, CAST(EXTRACT(EPOCH FROM now()) * 1000000 AS BIGINT), 0 FROM account a WHERE a.erased_us IS NULL;

-- Every key that a deletion must look for.
CREATE INDEX outbox_appointment ON outbox (appointment_id);
CREATE INDEX call_attendance_seat ON call_attendance (seat_id);
CREATE INDEX call_segment_seat ON call_segment (seat_id);
CREATE INDEX call_quality_seat ON call_quality (seat_id);
CREATE INDEX call_quality_from ON call_quality (from_seat_id);
