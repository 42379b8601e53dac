CREATE TABLE payment (
    id TEXT PRIMARY KEY,
    hold_id TEXT NOT NULL REFERENCES hold (id),
    attempt BIGINT NOT NULL,
    appointment_id TEXT REFERENCES appointment (id),
    psp TEXT NOT NULL,
    method_token TEXT NOT NULL,
    method_brand TEXT NOT NULL,
    method_last4 TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL,
    authorised_minor BIGINT NOT NULL DEFAULT 0,
    captured_minor BIGINT NOT NULL DEFAULT 0,
    refunded_minor BIGINT NOT NULL DEFAULT 0,
    decline_reason TEXT,
    reference TEXT,
    version BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (hold_id, attempt)
);

CREATE INDEX payment_appointment ON payment (appointment_id);
CREATE INDEX payment_state ON payment (state, updated_us);

-- Every outgoing call, written before it is made; its id is the idempotency key.
CREATE TABLE payment_op (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment (id),
    kind TEXT NOT NULL,
    seq BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_try_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    done_us BIGINT,
    error TEXT,
    UNIQUE (payment_id, kind, seq)
);

CREATE INDEX payment_op_due ON payment_op (state, next_try_us);

-- Incoming hooks, stored before they are answered. They are hints: the truth is asked for.
CREATE TABLE psp_event (
    id TEXT PRIMARY KEY,
    psp TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    body TEXT NOT NULL,
    received_us BIGINT NOT NULL,
    processed_us BIGINT
);

CREATE INDEX psp_event_open ON psp_event (processed_us, received_us);

CREATE TABLE ledger_tx (
    id TEXT PRIMARY KEY,
    posting_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES org (id),
    appointment_id TEXT REFERENCES appointment (id),
    payment_id TEXT REFERENCES payment (id),
    currency TEXT NOT NULL,
    created_us BIGINT NOT NULL
);

CREATE INDEX ledger_tx_appointment ON ledger_tx (appointment_id);
CREATE INDEX ledger_tx_payment ON ledger_tx (payment_id);

CREATE TABLE ledger_entry (
    tx_id TEXT NOT NULL REFERENCES ledger_tx (id),
    line BIGINT NOT NULL,
    account TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    PRIMARY KEY (tx_id, line)
);

CREATE FUNCTION refuse_the_ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END;
$$;

CREATE TRIGGER ledger_tx_is_final BEFORE UPDATE ON ledger_tx FOR EACH ROW EXECUTE FUNCTION refuse_the_ledger_is_append_only();

CREATE TRIGGER ledger_tx_stays BEFORE DELETE ON ledger_tx FOR EACH ROW EXECUTE FUNCTION refuse_the_ledger_is_append_only();

CREATE TRIGGER ledger_entry_is_final BEFORE UPDATE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_the_ledger_is_append_only();

CREATE TRIGGER ledger_entry_stays BEFORE DELETE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_the_ledger_is_append_only();
