-- What was here came with the demo. Places are filled by the next step; rows of nobody refer to one.
DROP TABLE place;

CREATE TABLE place (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    municipality TEXT NOT NULL,
    county TEXT NOT NULL,
    lat_e6 BIGINT NOT NULL,
    lon_e6 BIGINT NOT NULL,
    -- People, where known, and postcodes: of two places of one name the larger is meant.
    weight BIGINT NOT NULL
);

-- Folded names are looked up by their beginning, so they are compared by bytes and not by a language's order.
CREATE TABLE place_name (
    folded TEXT COLLATE "C" NOT NULL,
    place_id BIGINT NOT NULL REFERENCES place (id),
    PRIMARY KEY (folded, place_id)
);

CREATE TABLE postcode (
    code TEXT PRIMARY KEY,
    place_id BIGINT NOT NULL REFERENCES place (id),
    lat_e6 BIGINT NOT NULL,
    lon_e6 BIGINT NOT NULL
);
