-- A service says how it is taxed; what held on the day of a call is frozen with its charge.
ALTER TABLE service ADD COLUMN vat_code TEXT NOT NULL DEFAULT 'standard';
ALTER TABLE charge ADD COLUMN vat_code TEXT NOT NULL DEFAULT 'standard';
UPDATE charge SET vat_code = 'unregistered' WHERE vat_bp = 0;

-- Numbers run by seller: a business, or `platform` for what the operator sells to businesses.
ALTER TABLE document_series DROP CONSTRAINT document_series_org_id_fkey;
ALTER TABLE document_series RENAME COLUMN org_id TO seller_id;

-- There is one document of a kind for a cause: a payment, a refund, a month of commission.
ALTER TABLE document ALTER COLUMN appointment_id DROP NOT NULL;
ALTER TABLE document ADD COLUMN seller_id TEXT;
ALTER TABLE document ADD COLUMN payment_id TEXT REFERENCES payment (id);
ALTER TABLE document ADD COLUMN cause TEXT;
-- The document that this one corrects. No foreign key: that one may have been kept for long enough a year before this one.
ALTER TABLE document ADD COLUMN refers_to TEXT;
ALTER TABLE document ADD COLUMN vat_minor BIGINT;

-- What was issued before has the tax of its charge's rate, rounded half up.
UPDATE document SET seller_id = org_id, cause = kind || ':' || appointment_id,
    payment_id = (SELECT p.id FROM payment p WHERE p.appointment_id = document.appointment_id ORDER BY p.attempt DESC LIMIT 1),
    vat_minor = COALESCE((SELECT (2 * document.total_minor * c.vat_bp + 10000 + c.vat_bp) / (2 * (10000 + c.vat_bp)) FROM charge c
        WHERE c.call_id = document.appointment_id), 0);

ALTER TABLE document ALTER COLUMN seller_id SET NOT NULL;
ALTER TABLE document ALTER COLUMN cause SET NOT NULL;
ALTER TABLE document ALTER COLUMN vat_minor SET NOT NULL;
ALTER TABLE document DROP CONSTRAINT document_appointment_id_kind_key;
ALTER TABLE document DROP CONSTRAINT document_org_id_kind_year_number_key;
ALTER TABLE document ADD UNIQUE (seller_id, kind, year, number);
ALTER TABLE document ADD UNIQUE (org_id, kind, cause);

CREATE INDEX document_appointment ON document (appointment_id);
CREATE INDEX document_payment ON document (payment_id);
CREATE INDEX document_refers_to ON document (refers_to);
CREATE INDEX document_issued ON document (org_id, issued_us);

CREATE FUNCTION refuse_an_issued_document_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an issued document never changes';
END;
$$;

-- What is issued stays as it is; only where its bytes are changes.
CREATE TRIGGER document_is_final BEFORE UPDATE OF id, org_id, seller_id, appointment_id, payment_id, kind, cause, refers_to, year, number,
    locale, content, total_minor, vat_minor, currency, sha256, path, issued_us ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_an_issued_document_never_changes();

-- That a business lets the platform issue documents in its name: who said so, when, and to which words.
CREATE TABLE document_mandate (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    version TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    accepted_us BIGINT NOT NULL,
    UNIQUE (org_id, version)
);
