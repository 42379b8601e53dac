CREATE TABLE payment (
    id TEXT PRIMARY KEY,
    hold_id TEXT NOT NULL REFERENCES hold (id),
    attempt INTEGER NOT NULL,
    appointment_id TEXT REFERENCES appointment (id),
    psp TEXT NOT NULL,
    method_token TEXT NOT NULL,
    method_brand TEXT NOT NULL,
    method_last4 TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    state TEXT NOT NULL,
    authorised_minor INTEGER NOT NULL DEFAULT 0,
    captured_minor INTEGER NOT NULL DEFAULT 0,
    refunded_minor INTEGER NOT NULL DEFAULT 0,
    decline_reason TEXT,
    reference TEXT,
    version INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    UNIQUE (hold_id, attempt)
) STRICT;

CREATE INDEX payment_appointment ON payment (appointment_id);
CREATE INDEX payment_state ON payment (state, updated_us);

-- Every outgoing call, written before it is made; its id is the idempotency key.
CREATE TABLE payment_op (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment (id),
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_us INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    done_us INTEGER,
    error TEXT,
    UNIQUE (payment_id, kind, seq)
) STRICT;

CREATE INDEX payment_op_due ON payment_op (state, next_try_us);

-- Incoming hooks, stored before they are answered. They are hints: the truth is asked for.
CREATE TABLE psp_event (
    id TEXT PRIMARY KEY,
    psp TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    body TEXT NOT NULL,
    received_us INTEGER NOT NULL,
    processed_us INTEGER
) STRICT;

CREATE INDEX psp_event_open ON psp_event (processed_us, received_us);

CREATE TABLE ledger_tx (
    id TEXT PRIMARY KEY,
    posting_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES org (id),
    appointment_id TEXT REFERENCES appointment (id),
    payment_id TEXT REFERENCES payment (id),
    currency TEXT NOT NULL,
    created_us INTEGER NOT NULL
) STRICT;

CREATE INDEX ledger_tx_appointment ON ledger_tx (appointment_id);
CREATE INDEX ledger_tx_payment ON ledger_tx (payment_id);

CREATE TABLE ledger_entry (
    tx_id TEXT NOT NULL REFERENCES ledger_tx (id),
    line INTEGER NOT NULL,
    account TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (tx_id, line)
) STRICT;

CREATE TRIGGER ledger_tx_is_final BEFORE UPDATE ON ledger_tx
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_tx_stays BEFORE DELETE ON ledger_tx
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_entry_is_final BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
