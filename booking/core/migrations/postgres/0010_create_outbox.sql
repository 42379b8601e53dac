-- Mails are rows first, written in the transaction of their cause; a worker sends them.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    message_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    account_id TEXT REFERENCES account (id),
    appointment_id TEXT REFERENCES appointment (id),
    recipient TEXT NOT NULL,
    locale TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    ics TEXT,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_try_us BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    sent_us BIGINT,
    error TEXT
);

CREATE INDEX outbox_due ON outbox (state, next_try_us);
CREATE INDEX outbox_account ON outbox (account_id);
CREATE INDEX outbox_created ON outbox (created_us);
