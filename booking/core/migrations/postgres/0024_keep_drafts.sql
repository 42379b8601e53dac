-- What somebody has typed in the form of a held time, so that nothing is lost when it is extended, left or runs out.
CREATE TABLE hold_draft (
    hold_id TEXT PRIMARY KEY REFERENCES hold (id),
    about TEXT NOT NULL,
    has_account BIGINT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    place TEXT NOT NULL
);
