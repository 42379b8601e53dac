-- The next number of a series is taken in the transaction that issues the document, so no number is ever missing.
CREATE TABLE document_series (
    org_id TEXT NOT NULL REFERENCES org (id),
    kind TEXT NOT NULL,
    year INTEGER NOT NULL,
    next_number INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, year)
) STRICT;

CREATE TABLE document (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    kind TEXT NOT NULL,
    year INTEGER NOT NULL,
    number INTEGER NOT NULL,
    locale TEXT NOT NULL,
    content TEXT NOT NULL,
    total_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    -- The bytes in base64, until they are in the store under their path.
    unstored TEXT,
    issued_us INTEGER NOT NULL,
    UNIQUE (org_id, kind, year, number),
    UNIQUE (appointment_id, kind)
) STRICT;

-- Whoever holds the lease runs the jobs; the others wait until it is over.
CREATE TABLE job_lease (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    until_us INTEGER NOT NULL
) STRICT;
