-- That a consumer wanted a paid appointment before the right of withdrawal ends: what was ticked, in which words, and when.
CREATE TABLE withdrawal_request (
    hold_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    version TEXT NOT NULL,
    text_hash TEXT NOT NULL,
    locale TEXT NOT NULL,
    accepted_us INTEGER NOT NULL
) STRICT;
