-- An appointment may have several payments: reserved at booking; a card kept, and reserved a day before; paid anew; a fee.
ALTER TABLE payment ADD COLUMN purpose TEXT NOT NULL DEFAULT 'book';
-- The payment that kept the card this one is charged from.
ALTER TABLE payment ADD COLUMN kept_from TEXT REFERENCES payment (id);
-- The seller's own account at the provider, where money goes to the seller directly.
ALTER TABLE payment ADD COLUMN seller_account TEXT;
CREATE INDEX payment_kept_from ON payment (kept_from);

-- A failure that the provider answered is answered again under its key, so the next try has another.
ALTER TABLE payment_op ADD COLUMN key_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment_op ADD COLUMN refund_id TEXT;

-- A hook is a hint: what else it says is asked for, and not kept.
ALTER TABLE psp_event DROP COLUMN body;

CREATE TABLE refund (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment (id),
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- waiting (for a second person), declined (by that person), asked, pending, done, failed
    state TEXT NOT NULL,
    -- Account ids; empty where somebody did it at the provider's own pages.
    asked_by TEXT NOT NULL,
    approved_by TEXT NOT NULL DEFAULT '',
    -- The provider's id of it.
    reference TEXT,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL
);

CREATE INDEX refund_payment ON refund (payment_id);
CREATE INDEX refund_state ON refund (state, created_us);

-- Where the provider says something else than our books.
CREATE TABLE money_difference (
    payment_id TEXT PRIMARY KEY REFERENCES payment (id),
    kind TEXT NOT NULL,
    ours TEXT NOT NULL,
    theirs TEXT NOT NULL,
    found_us BIGINT NOT NULL,
    seen_us BIGINT NOT NULL
);

-- When a payment was last compared with the provider.
ALTER TABLE payment ADD COLUMN compared_us BIGINT NOT NULL DEFAULT 0;
CREATE INDEX payment_updated ON payment (updated_us);

-- The test provider has no card numbers any more, and can keep a card.
DROP TABLE test_psp_card;
-- One of ours may be made known twice, where the first answer was a failure.
CREATE TABLE test_psp_payment_new (
    reference TEXT PRIMARY KEY,
    merchant_payment TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    keeps BIGINT NOT NULL,
    status TEXT NOT NULL,
    captured_minor BIGINT NOT NULL DEFAULT 0,
    captures_refused BIGINT NOT NULL DEFAULT 0
);
INSERT INTO test_psp_payment_new (reference, merchant_payment, behaviour, currency, amount_minor, keeps, status,
    captured_minor, captures_refused)
SELECT reference, merchant_payment, behaviour, currency, amount_minor, 0, status, captured_minor, captures_refused
FROM test_psp_payment;
DROP TABLE test_psp_payment;
ALTER TABLE test_psp_payment_new RENAME TO test_psp_payment;
CREATE INDEX test_psp_payment_merchant ON test_psp_payment (merchant_payment);

CREATE TABLE test_psp_refund (
    reference TEXT PRIMARY KEY,
    payment TEXT NOT NULL,
    merchant_refund TEXT,
    amount_minor BIGINT NOT NULL,
    status TEXT NOT NULL
);

CREATE INDEX test_psp_refund_payment ON test_psp_refund (payment);
