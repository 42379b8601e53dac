-- Whether a business is registered for VAT, as it says itself, and from when. It was guessed before, so nothing is taken over.
-- Statements are added and never changed: what held on the day of a call decides its receipt.
CREATE TABLE org_vat (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    registered BIGINT NOT NULL CHECK (registered IN (0, 1)),
    from_us BIGINT NOT NULL,
    stated_us BIGINT NOT NULL
);

CREATE INDEX org_vat_org ON org_vat (org_id, from_us);

ALTER TABLE org DROP COLUMN vat_registered;
