-- The account of a business at a payment provider that pays sellers directly.
CREATE TABLE seller_account (
    org_id TEXT NOT NULL REFERENCES org (id),
    psp TEXT NOT NULL,
    -- The provider's id of it; none before it answered.
    reference TEXT,
    -- begun, checked, ready, closed
    state TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    -- When the provider was asked last; 0 means that it has news.
    checked_us INTEGER NOT NULL,
    PRIMARY KEY (org_id, psp)
) STRICT;

CREATE UNIQUE INDEX seller_account_reference ON seller_account (psp, reference);
CREATE INDEX seller_account_checked ON seller_account (checked_us);
