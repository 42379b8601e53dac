-- What was here came with the demo. Places are filled by the next step; rows of nobody refer to one.
DROP TABLE place;

CREATE TABLE place (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    municipality TEXT NOT NULL,
    county TEXT NOT NULL,
    lat_e6 INTEGER NOT NULL,
    lon_e6 INTEGER NOT NULL,
    -- People, where known, and postcodes: of two places of one name the larger is meant.
    weight INTEGER NOT NULL
) STRICT;

-- Folded names are looked up by their beginning, so they are compared by bytes and not by a language's order.
CREATE TABLE place_name (
    folded TEXT NOT NULL,
    place_id INTEGER NOT NULL REFERENCES place (id),
    PRIMARY KEY (folded, place_id)
) STRICT;

CREATE TABLE postcode (
    code TEXT PRIMARY KEY,
    place_id INTEGER NOT NULL REFERENCES place (id),
    lat_e6 INTEGER NOT NULL,
    lon_e6 INTEGER NOT NULL
) STRICT;
