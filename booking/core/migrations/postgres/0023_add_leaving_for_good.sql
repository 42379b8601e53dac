-- When somebody left a call who will not come back.
ALTER TABLE call_attendance ADD COLUMN left_us BIGINT;
