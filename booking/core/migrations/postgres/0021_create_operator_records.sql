-- What operators did and whose data they looked at. Rows are never changed; they go after two years.
CREATE TABLE operator_record (
    id TEXT PRIMARY KEY,
    at_us BIGINT NOT NULL,
    operator_id TEXT REFERENCES account (id),
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL
);

CREATE INDEX operator_record_at ON operator_record (at_us);
CREATE INDEX operator_record_operator ON operator_record (operator_id);
