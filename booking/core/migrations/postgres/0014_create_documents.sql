-- The next number of a series is taken in the transaction that issues the document, so no number is ever missing.
CREATE TABLE document_series (
    org_id TEXT NOT NULL REFERENCES org (id),
    kind TEXT NOT NULL,
    year BIGINT NOT NULL,
    next_number BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, year)
);

CREATE TABLE document (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    kind TEXT NOT NULL,
    year BIGINT NOT NULL,
    number BIGINT NOT NULL,
    locale TEXT NOT NULL,
    content TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    currency TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The bytes in base64, until they are in the store under their path.
    unstored TEXT,
    issued_us BIGINT NOT NULL,
    UNIQUE (org_id, kind, year, number),
    UNIQUE (appointment_id, kind)
);

-- Whoever holds the lease runs the jobs; the others wait until it is over.
CREATE TABLE job_lease (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until_us BIGINT NOT NULL
);
