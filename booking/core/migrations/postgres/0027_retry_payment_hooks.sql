-- A hook whose payment cannot be asked about, or not be written, is followed again later.
ALTER TABLE psp_event ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE psp_event ADD COLUMN next_try_us BIGINT NOT NULL DEFAULT 0;

DROP INDEX psp_event_open;
CREATE INDEX psp_event_open ON psp_event (processed_us, next_try_us);
