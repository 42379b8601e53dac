-- Since when a run of retention stands still, and what it failed at.
ALTER TABLE retention_run ADD COLUMN failed_us INTEGER;
ALTER TABLE retention_run ADD COLUMN failure TEXT;

-- A call by the minute that both sides want to go on beyond its highest price.
CREATE TABLE call_extension (
    id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL REFERENCES call (id),
    number INTEGER NOT NULL,
    -- asked (by the consumer), agreed (by the provider; the card is being asked), granted; or ended without: declined (by the
    -- provider), refused (by the bank), withdrawn (by the consumer), lapsed
    state TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- By so much the highest price rises, from so much.
    amount_minor INTEGER NOT NULL,
    cap_minor INTEGER NOT NULL,
    -- The consumer's account, and the hash of the words that were agreed to, in their language.
    asked_by TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    asked_us INTEGER NOT NULL,
    -- The provider's account.
    answered_by TEXT,
    answered_us INTEGER,
    payment_id TEXT REFERENCES payment (id),
    ended_us INTEGER,
    UNIQUE (call_id, number)
) STRICT;

-- One at a time.
CREATE UNIQUE INDEX call_extension_open ON call_extension (call_id) WHERE state IN ('asked', 'agreed');
CREATE INDEX call_extension_payment ON call_extension (payment_id);
