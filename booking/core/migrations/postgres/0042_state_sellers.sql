-- Who sells, as customers are told before they order. `address`, `email` and `phone` were there; `postcode` and `town` are where the
-- business is looked for, which need not be where it has its office. Empty until the business has stated them.
ALTER TABLE org ADD COLUMN legal_name TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN legal_form TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_postcode TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_town TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN office_country TEXT NOT NULL DEFAULT '';

-- A mandate can be withdrawn, and be given anew.
ALTER TABLE document_mandate ADD COLUMN withdrawn_us BIGINT;
-- The account that withdrew it.
ALTER TABLE document_mandate ADD COLUMN withdrawn_by TEXT REFERENCES account (id);
ALTER TABLE document_mandate DROP CONSTRAINT document_mandate_org_id_version_key;
CREATE UNIQUE INDEX document_mandate_standing ON document_mandate (org_id, version) WHERE withdrawn_us IS NULL;
CREATE INDEX document_mandate_org ON document_mandate (org_id);
