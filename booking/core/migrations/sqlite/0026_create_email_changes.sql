-- A new address of an account, which counts once the link sent to it was followed.
CREATE TABLE email_change (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES account (id),
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT;

CREATE INDEX email_change_account ON email_change (account_id);
