-- Somebody who is asked to work for a provider. Nothing is shown of them, and nobody books them, before they say yes.
CREATE TABLE invitation (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    org_id TEXT NOT NULL REFERENCES org (id),
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    declined_us INTEGER,
    UNIQUE (org_id, email_norm)
) STRICT;

CREATE INDEX invitation_email ON invitation (email_norm);
