-- What operators looked at, person by person: whoever is concerned sees it for as long as the record is kept, whatever
-- becomes of the mail or the appointment.
CREATE TABLE operator_look (
    record_id TEXT NOT NULL REFERENCES operator_record (id),
    account_id TEXT NOT NULL REFERENCES account (id),
    at_us BIGINT NOT NULL,
    action TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (record_id, account_id)
);

CREATE INDEX operator_look_account ON operator_look (account_id, at_us);
CREATE INDEX operator_look_at ON operator_look (at_us);

INSERT INTO operator_look (record_id, account_id, at_us, action, reason)
SELECT r.id, s.account_id, r.at_us, r.action, r.reason FROM operator_record r JOIN seat s ON s.appointment_id = r.subject
UNION
SELECT r.id, m.account_id, r.at_us, r.action, r.reason FROM operator_record r JOIN outbox m ON m.id = r.subject WHERE m.account_id IS NOT NULL
UNION
SELECT r.id, a.id, r.at_us, r.action, r.reason FROM operator_record r JOIN account a ON a.id = r.subject;
