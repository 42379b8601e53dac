-- Who sells, as customers are told before they order. `address`, `email` and `phone` were there; `postcode` and `town` are where the
-- business is looked for, which need not be where it has its office. Empty until the business has stated them.
ALTER TABLE org ADD COLUMN legal_name TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN legal_form TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_postcode TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_town TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_country TEXT NOT NULL DEFAULT '';

-- A mandate can be withdrawn, and be given anew.
CREATE TABLE document_mandate_new (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    version TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    accepted_us INTEGER NOT NULL,
    withdrawn_us INTEGER,
    -- The account that withdrew it.
    withdrawn_by TEXT REFERENCES account (id)
) STRICT;

INSERT INTO document_mandate_new (id, org_id, account_id, version, text_hash, locale, accepted_us)
SELECT id, org_id, account_id, version, text_hash, locale, accepted_us FROM document_mandate;
DROP TABLE document_mandate;
ALTER TABLE document_mandate_new RENAME TO document_mandate;
CREATE UNIQUE INDEX document_mandate_standing ON document_mandate (org_id, version) WHERE withdrawn_us IS NULL;
CREATE INDEX document_mandate_org ON document_mandate (org_id);
