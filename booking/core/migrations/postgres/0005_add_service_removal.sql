ALTER TABLE service ADD COLUMN removed_us BIGINT;
