-- What the tax office is told about whoever sells here, as the business says itself: one row a business.
CREATE TABLE seller_tax (
    org_id TEXT PRIMARY KEY REFERENCES org (id),
    is_person INTEGER NOT NULL CHECK (is_person IN (0, 1)),
    legal_name TEXT NOT NULL,
    tin TEXT NOT NULL,
    -- ISO date; empty for a company.
    birth_date TEXT NOT NULL,
    address TEXT NOT NULL,
    postcode TEXT NOT NULL,
    town TEXT NOT NULL,
    country TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    stated_us INTEGER NOT NULL
) STRICT;

-- Every file of books that left, of one business or, without one, of all. Rows are never changed; they go after two years.
CREATE TABLE book_export (
    id TEXT PRIMARY KEY,
    at_us INTEGER NOT NULL,
    org_id TEXT REFERENCES org (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    by_operator INTEGER NOT NULL CHECK (by_operator IN (0, 1)),
    kind TEXT NOT NULL,
    period TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- What the postings came to that have left since, so that balances outlive them.
CREATE TABLE ledger_carried (
    org_id TEXT NOT NULL REFERENCES org (id),
    currency TEXT NOT NULL,
    account TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    PRIMARY KEY (org_id, currency, account)
) STRICT;

CREATE INDEX book_export_org ON book_export (org_id, at_us);
CREATE INDEX book_export_account ON book_export (account_id);
CREATE INDEX ledger_tx_org ON ledger_tx (org_id, created_us);
