-- The door for the job of retention: while its row is there, rows older than cut_us may leave that otherwise stay. No row can
-- ever satisfy its key, so it must be gone again before the transaction that opened the door can be committed.
CREATE TABLE retention_door (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    cut_us INTEGER NOT NULL,
    shut INTEGER NOT NULL CHECK (shut = 2) REFERENCES retention_door (id) DEFERRABLE INITIALLY DEFERRED
) STRICT;

DROP TRIGGER call_segment_stays;

CREATE TRIGGER call_segment_stays BEFORE DELETE ON call_segment
WHEN NOT EXISTS (SELECT 1 FROM retention_door d WHERE OLD.last_seen_us < d.cut_us)
BEGIN
    SELECT RAISE(ABORT, 'segments are never deleted before their time');
END;

DROP TRIGGER ledger_tx_stays;

CREATE TRIGGER ledger_tx_stays BEFORE DELETE ON ledger_tx
WHEN NOT EXISTS (SELECT 1 FROM retention_door d WHERE OLD.created_us < d.cut_us)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

DROP TRIGGER ledger_entry_stays;

CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry
WHEN NOT EXISTS (SELECT 1 FROM retention_door d JOIN ledger_tx t ON t.created_us < d.cut_us WHERE t.id = OLD.tx_id)
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What a run would delete (dry) or has deleted (real). It goes on from its cursor.
CREATE TABLE retention_run (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('dry', 'real')),
    -- The dry run whose report a real one carries out.
    basis_id TEXT REFERENCES retention_run (id),
    -- The moment that ages are counted from.
    as_of_us INTEGER NOT NULL,
    accounting_years INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    position TEXT NOT NULL,
    -- The last appointment that is to leave.
    last_case TEXT NOT NULL,
    started_us INTEGER NOT NULL,
    ended_us INTEGER
) STRICT;

CREATE INDEX retention_run_kind ON retention_run (kind, as_of_us);
CREATE INDEX retention_run_basis ON retention_run (basis_id);

CREATE TABLE retention_line (
    run_id TEXT NOT NULL REFERENCES retention_run (id),
    table_name TEXT NOT NULL,
    entries INTEGER NOT NULL,
    oldest_us INTEGER,
    newest_us INTEGER,
    PRIMARY KEY (run_id, table_name)
) STRICT;

-- Appointments that are old enough and stay all the same, by reason.
CREATE TABLE retention_kept (
    run_id TEXT NOT NULL REFERENCES retention_run (id),
    reason TEXT NOT NULL,
    appointments INTEGER NOT NULL,
    PRIMARY KEY (run_id, reason)
) STRICT;

-- What an operator keeps from being deleted: everything about an account, or one appointment.
CREATE TABLE retention_hold (
    id TEXT PRIMARY KEY,
    account_id TEXT REFERENCES account (id),
    appointment_id TEXT REFERENCES appointment (id),
    reason TEXT NOT NULL,
    placed_us INTEGER NOT NULL,
    lifted_us INTEGER
) STRICT;

CREATE INDEX retention_hold_account ON retention_hold (account_id);
CREATE INDEX retention_hold_appointment ON retention_hold (appointment_id);

-- Files that are to be gone before the rows that name them.
CREATE TABLE retention_file (
    path TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL
) STRICT;

CREATE INDEX retention_file_appointment ON retention_file (appointment_id);

-- One row: since when the job may delete, and a lock between it and whoever keeps something back.
CREATE TABLE retention_switch (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    approved_us INTEGER,
    version INTEGER NOT NULL
) STRICT;

INSERT INTO retention_switch (id, approved_us, version) VALUES (1, NULL, 0);

-- When somebody was here last, beyond the life of a session; how often they were warned since, when we took it that they have
-- left, and when deletion was asked for in their place.
CREATE TABLE account_activity (
    account_id TEXT PRIMARY KEY REFERENCES account (id),
    seen_us INTEGER NOT NULL,
    warned INTEGER NOT NULL,
    warned_us INTEGER,
    left_us INTEGER,
    asked_us INTEGER
) STRICT;

CREATE INDEX account_activity_seen ON account_activity (warned, seen_us);
CREATE INDEX account_activity_left ON account_activity (left_us);

-- Nobody knows when those were here last who have an account already: it counts from today.
INSERT INTO account_activity (account_id, seen_us, warned)
SELECT a.id, CAST(strftime('%s', 'now') AS INTEGER) * 1000000, 0 FROM account a WHERE a.erased_us IS NULL;

-- Every key that a deletion must look for.
CREATE INDEX outbox_appointment ON outbox (appointment_id);
CREATE INDEX call_attendance_seat ON call_attendance (seat_id);
CREATE INDEX call_segment_seat ON call_segment (seat_id);
CREATE INDEX call_quality_seat ON call_quality (seat_id);
CREATE INDEX call_quality_from ON call_quality (from_seat_id);
