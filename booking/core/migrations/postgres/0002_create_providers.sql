CREATE TABLE place (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    folded TEXT NOT NULL,
    lat_e6 BIGINT NOT NULL,
    lon_e6 BIGINT NOT NULL
);

CREATE INDEX place_folded ON place (folded);

-- Only the position snapped to a grid is kept, so that no answer can give away more.
CREATE TABLE org (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    orgno TEXT NOT NULL,
    vat_registered BIGINT NOT NULL,
    category TEXT NOT NULL,
    headline TEXT NOT NULL,
    description TEXT NOT NULL,
    address TEXT NOT NULL,
    postcode TEXT NOT NULL,
    town TEXT NOT NULL,
    lat_e6 BIGINT NOT NULL,
    lon_e6 BIGINT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    status TEXT NOT NULL,
    folded TEXT NOT NULL,
    created_us BIGINT NOT NULL
);

CREATE INDEX org_lat ON org (status, lat_e6);

CREATE TABLE member (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    role TEXT NOT NULL,
    title TEXT NOT NULL,
    active BIGINT NOT NULL DEFAULT 1,
    version BIGINT NOT NULL DEFAULT 0,
    created_us BIGINT NOT NULL,
    UNIQUE (account_id, org_id)
);

CREATE INDEX member_org ON member (org_id);

CREATE TABLE service (
    id TEXT PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    duration_min BIGINT NOT NULL,
    buffer_before_min BIGINT NOT NULL,
    buffer_after_min BIGINT NOT NULL,
    step_min BIGINT NOT NULL,
    notice_min BIGINT NOT NULL,
    window_days BIGINT NOT NULL,
    price_terms TEXT NOT NULL,
    active BIGINT NOT NULL DEFAULT 1,
    created_us BIGINT NOT NULL
);

CREATE INDEX service_org ON service (org_id);

CREATE TABLE service_member (
    service_id TEXT NOT NULL REFERENCES service (id),
    member_id TEXT NOT NULL REFERENCES member (id),
    PRIMARY KEY (service_id, member_id)
);

CREATE INDEX service_member_member ON service_member (member_id);
