-- A service says how it is taxed; what held on the day of a call is frozen with its charge.
ALTER TABLE service ADD COLUMN vat_code TEXT NOT NULL DEFAULT 'standard';
ALTER TABLE charge ADD COLUMN vat_code TEXT NOT NULL DEFAULT 'standard';
UPDATE charge SET vat_code = 'unregistered' WHERE vat_bp = 0;

-- Numbers run by seller: a business, or `platform` for what the operator sells to businesses.
CREATE TABLE document_series_new (
    seller_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    year INTEGER NOT NULL,
    next_number INTEGER NOT NULL,
    PRIMARY KEY (seller_id, kind, year)
) STRICT;

INSERT INTO document_series_new (seller_id, kind, year, next_number) SELECT org_id, kind, year, next_number FROM document_series;
DROP TABLE document_series;
ALTER TABLE document_series_new RENAME TO document_series;

-- There is one document of a kind for a cause: a payment, a refund, a month of commission.
CREATE TABLE document_new (
    id TEXT PRIMARY KEY,
    -- Whose books it belongs to.
    org_id TEXT NOT NULL REFERENCES org (id),
    seller_id TEXT NOT NULL,
    appointment_id TEXT REFERENCES appointment (id),
    payment_id TEXT REFERENCES payment (id),
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    -- The document that this one corrects. No foreign key: that one may have been kept for long enough a year before this one.
    refers_to TEXT,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    locale TEXT NOT NULL,
    content TEXT NOT NULL,
    total_minor INTEGER NOT NULL,
    vat_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The bytes in base64, until they are in the store under their path.
    unstored TEXT,
    issued_us INTEGER NOT NULL,
    UNIQUE (seller_id, kind, year, number),
    UNIQUE (org_id, kind, cause)
) STRICT;

-- What was issued before has the tax of its charge's rate, rounded half up.
INSERT INTO document_new (id, org_id, seller_id, appointment_id, payment_id, kind, cause, refers_to, year, number, locale, content,
    total_minor, vat_minor, currency, sha256, path, unstored, issued_us)
SELECT d.id, d.org_id, d.org_id, d.appointment_id,
    (SELECT p.id FROM payment p WHERE p.appointment_id = d.appointment_id ORDER BY p.attempt DESC LIMIT 1),
    d.kind, d.kind || ':' || d.appointment_id, NULL, d.year, d.number, d.locale, d.content, d.total_minor,
    COALESCE((SELECT (2 * d.total_minor * c.vat_bp + 10000 + c.vat_bp) / (2 * (10000 + c.vat_bp)) FROM charge c
        WHERE c.call_id = d.appointment_id), 0),
    d.currency, d.sha256, d.path, d.unstored, d.issued_us
FROM document d;

DROP TABLE document;
ALTER TABLE document_new RENAME TO document;

CREATE INDEX document_appointment ON document (appointment_id);
CREATE INDEX document_payment ON document (payment_id);
CREATE INDEX document_refers_to ON document (refers_to);
CREATE INDEX document_issued ON document (org_id, issued_us);

-- What is issued stays as it is; only where its bytes are changes.
CREATE TRIGGER document_is_final BEFORE UPDATE OF id, org_id, seller_id, appointment_id, payment_id, kind, cause, refers_to, year, number,
    locale, content, total_minor, vat_minor, currency, sha256, path, issued_us ON document
BEGIN
    SELECT RAISE(ABORT, 'an issued document never changes');
END;

-- That a business lets the platform issue documents in its name: who said so, when, and to which words.
CREATE TABLE document_mandate (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    version TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    accepted_us INTEGER NOT NULL,
    UNIQUE (org_id, version)
) STRICT;
