-- What the operator keeps of what is booked from a day on: for one business, a category, or, where both are empty, everybody.
CREATE TABLE commission_rule (
    id TEXT PRIMARY KEY,
    org_id TEXT REFERENCES org (id),
    category TEXT NOT NULL,
    -- 1: from then on the next wider rule holds.
    ends BIGINT NOT NULL CHECK (ends IN (0, 1)),
    percent_bp BIGINT NOT NULL CHECK (percent_bp BETWEEN 0 AND 10000),
    fixed_minor BIGINT NOT NULL CHECK (fixed_minor >= 0),
    currency TEXT NOT NULL,
    from_us BIGINT NOT NULL,
    stated_us BIGINT NOT NULL
);

CREATE INDEX commission_rule_org ON commission_rule (org_id, from_us);

-- As it was agreed when it was booked, JSON.
ALTER TABLE appointment ADD COLUMN commission TEXT NOT NULL DEFAULT '{}';
-- What is kept of a capture, on record before the provider is asked.
ALTER TABLE payment_op ADD COLUMN commission_minor BIGINT NOT NULL DEFAULT 0;

-- Up to when the commission of a business is invoiced.
CREATE TABLE commission_invoiced (
    org_id TEXT NOT NULL REFERENCES org (id),
    currency TEXT NOT NULL,
    is_test BIGINT NOT NULL CHECK (is_test IN (0, 1)),
    until_us BIGINT NOT NULL,
    PRIMARY KEY (org_id, currency, is_test)
);

-- Months whose documents for businesses are issued, `2026-11`.
CREATE TABLE month_closed (
    kind TEXT NOT NULL,
    month TEXT NOT NULL,
    closed_us BIGINT NOT NULL,
    PRIMARY KEY (kind, month)
);

-- A file of payments for the operator's bank.
CREATE TABLE payout_file (
    id TEXT PRIMARY KEY,
    currency TEXT NOT NULL,
    made_by TEXT NOT NULL,
    made_us BIGINT NOT NULL,
    downloaded_us BIGINT,
    sent_us BIGINT,
    cancelled_us BIGINT
);

CREATE INDEX payout_file_made ON payout_file (made_us);

-- What a business is paid out by a file, to which account.
CREATE TABLE payout (
    id TEXT PRIMARY KEY,
    file_id TEXT NOT NULL REFERENCES payout_file (id),
    org_id TEXT NOT NULL REFERENCES org (id),
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    UNIQUE (file_id, org_id)
);

CREATE INDEX payout_org ON payout (org_id, created_us);

-- One row: whoever makes or ends a file waits for others who do.
CREATE TABLE payout_switch (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);

INSERT INTO payout_switch (id, version) VALUES (1, 0);

-- A word that takes something off the price of a business, or with an empty owner the operator's.
CREATE TABLE promo_code (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    code TEXT NOT NULL,
    percent_bp BIGINT NOT NULL CHECK (percent_bp BETWEEN 0 AND 10000),
    fixed_minor BIGINT NOT NULL CHECK (fixed_minor >= 0),
    currency TEXT NOT NULL,
    min_price_minor BIGINT NOT NULL,
    from_us BIGINT NOT NULL,
    until_us BIGINT,
    -- 0: as often as one likes.
    uses_max BIGINT NOT NULL,
    per_person_max BIGINT NOT NULL,
    stopped_us BIGINT,
    version BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    UNIQUE (owner, code)
);

-- Without a row it is for all.
CREATE TABLE promo_service (
    promo_id TEXT NOT NULL REFERENCES promo_code (id),
    service_id TEXT NOT NULL REFERENCES service (id),
    PRIMARY KEY (promo_id, service_id)
);

-- The code whose discount is in the price of the hold.
ALTER TABLE hold ADD COLUMN promo_id TEXT REFERENCES promo_code (id);
CREATE INDEX hold_promo ON hold (promo_id);

CREATE INDEX ledger_tx_kind ON ledger_tx (kind, created_us);

-- What went to sellers' own accounts never was the operator's to pay out: it has an account of its own.
DROP TRIGGER ledger_entry_is_final ON ledger_entry;

UPDATE ledger_entry SET account = 'seller_clearing' WHERE account = 'psp_clearing' AND tx_id IN
    (SELECT t.id FROM ledger_tx t JOIN payment p ON p.id = t.payment_id WHERE p.seller_account IS NOT NULL);

CREATE TRIGGER ledger_entry_is_final BEFORE UPDATE ON ledger_entry FOR EACH ROW EXECUTE FUNCTION refuse_the_ledger_is_append_only();
