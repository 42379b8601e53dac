-- Civil times in the zone of the org; weekday 1 is Monday; minutes from midnight, end up to 1440.
CREATE TABLE weekly_rule (
    member_id TEXT NOT NULL REFERENCES member (id),
    weekday BIGINT NOT NULL,
    start_min BIGINT NOT NULL,
    end_min BIGINT NOT NULL,
    PRIMARY KEY (member_id, weekday, start_min)
);

-- Replaces the weekly rules of one civil day; no rows with times means closed.
CREATE TABLE day_override (
    member_id TEXT NOT NULL REFERENCES member (id),
    day TEXT NOT NULL,
    start_min BIGINT NOT NULL,
    end_min BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (member_id, day, start_min)
);

CREATE TABLE busy_block (
    id TEXT PRIMARY KEY,
    member_id TEXT NOT NULL REFERENCES member (id),
    start_us BIGINT NOT NULL,
    end_us BIGINT NOT NULL
);

CREATE INDEX busy_block_member ON busy_block (member_id, start_us);
