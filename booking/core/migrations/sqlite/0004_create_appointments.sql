CREATE TABLE hold (
    id TEXT PRIMARY KEY,
    visitor_hash TEXT NOT NULL,
    account_id TEXT REFERENCES account (id),
    contact_email TEXT NOT NULL,
    org_id TEXT NOT NULL REFERENCES org (id),
    service_id TEXT NOT NULL REFERENCES service (id),
    member_id TEXT NOT NULL REFERENCES member (id),
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    cell_first INTEGER NOT NULL,
    cell_end INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    title TEXT NOT NULL,
    price_terms TEXT NOT NULL,
    policy TEXT NOT NULL,
    about TEXT NOT NULL,
    state TEXT NOT NULL,
    extended INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT;

CREATE INDEX hold_expiry ON hold (state, expires_us);
CREATE INDEX hold_visitor ON hold (visitor_hash);
CREATE INDEX hold_account ON hold (account_id);

CREATE TABLE appointment (
    id TEXT PRIMARY KEY,
    hold_id TEXT NOT NULL UNIQUE REFERENCES hold (id),
    org_id TEXT NOT NULL REFERENCES org (id),
    service_id TEXT NOT NULL REFERENCES service (id),
    member_id TEXT NOT NULL REFERENCES member (id),
    consumer_id TEXT NOT NULL REFERENCES account (id),
    start_us INTEGER NOT NULL,
    end_us INTEGER NOT NULL,
    time_zone TEXT NOT NULL,
    title TEXT NOT NULL,
    price_terms TEXT NOT NULL,
    policy TEXT NOT NULL,
    about TEXT NOT NULL,
    status TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL
) STRICT;

CREATE INDEX appointment_consumer ON appointment (consumer_id, start_us);
CREATE INDEX appointment_member ON appointment (member_id, start_us);
CREATE INDEX appointment_status ON appointment (status, end_us);

-- The last word on double booking: a member has each five-minute cell once.
CREATE TABLE reservation (
    member_id TEXT NOT NULL REFERENCES member (id),
    cell INTEGER NOT NULL,
    hold_id TEXT NOT NULL REFERENCES hold (id),
    PRIMARY KEY (member_id, cell)
) STRICT;

CREATE INDEX reservation_hold ON reservation (hold_id);

CREATE TABLE appointment_event (
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (appointment_id, seq)
) STRICT;

CREATE TABLE seat (
    id TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    role TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id),
    UNIQUE (appointment_id, role)
) STRICT;
