CREATE TABLE account (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL UNIQUE,
    email_verified_us BIGINT,
    password_hash TEXT,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    location TEXT NOT NULL,
    locale TEXT NOT NULL,
    is_operator BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL,
    deletion_asked_us BIGINT,
    erased_us BIGINT
);

CREATE TABLE session (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES account (id),
    created_us BIGINT NOT NULL,
    last_seen_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    ip_prefix TEXT NOT NULL
);

CREATE INDEX session_account ON session (account_id);

CREATE TABLE account_token (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    account_id TEXT REFERENCES account (id),
    next_path TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    used_us BIGINT
);

CREATE INDEX account_token_account ON account_token (account_id);

CREATE TABLE acceptance (
    id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    kind TEXT NOT NULL,
    version TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    accepted_us BIGINT NOT NULL
);

CREATE INDEX acceptance_account ON acceptance (account_id);

-- Somebody who wants an account and has not shown yet that the address is theirs. Nothing of it counts before that.
CREATE TABLE registration (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    visitor_hash TEXT NOT NULL,
    email TEXT NOT NULL,
    email_norm TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    location TEXT NOT NULL,
    locale TEXT NOT NULL,
    legal_version TEXT NOT NULL,
    notice_hash TEXT NOT NULL,
    terms_hash TEXT NOT NULL,
    hold_id TEXT,
    next_path TEXT NOT NULL,
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL
);

CREATE INDEX registration_email ON registration (email_norm);
