-- A disagreement about an appointment: what one side says, what the other answers, and how it ends. While one is open, no money
-- of its appointment moves.
CREATE TABLE dispute (
    id TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    opened_by TEXT NOT NULL REFERENCES account (id),
    -- consumer, provider
    side TEXT NOT NULL,
    -- opened, answered, deciding, decided, withdrawn
    state TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- What the business offers to pay back, and which of its owners said so.
    offer_minor INTEGER,
    offered_by TEXT REFERENCES account (id),
    -- What is paid back by the decision.
    refund_minor INTEGER,
    decided_by TEXT REFERENCES account (id),
    refund_id TEXT REFERENCES refund (id),
    opened_us INTEGER NOT NULL,
    answered_us INTEGER,
    closed_us INTEGER
) STRICT;

-- One at a time.
CREATE UNIQUE INDEX dispute_open ON dispute (appointment_id) WHERE state IN ('opened', 'answered', 'deciding');
CREATE INDEX dispute_appointment ON dispute (appointment_id, opened_us);
CREATE INDEX dispute_state ON dispute (state, opened_us);
CREATE INDEX dispute_opened_by ON dispute (opened_by);
CREATE INDEX dispute_offered_by ON dispute (offered_by);
CREATE INDEX dispute_decided_by ON dispute (decided_by);
CREATE INDEX dispute_refund ON dispute (refund_id);

-- Each thing that was said or done. Rows are only added.
CREATE TABLE dispute_entry (
    id TEXT PRIMARY KEY,
    dispute_id TEXT NOT NULL REFERENCES dispute (id),
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    kind TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('consumer', 'provider', 'operator')),
    account_id TEXT NOT NULL REFERENCES account (id),
    -- Whose words an operator brings in; empty where somebody speaks for themselves.
    source TEXT NOT NULL,
    body TEXT NOT NULL,
    amount_minor INTEGER,
    at_us INTEGER NOT NULL
) STRICT;

CREATE INDEX dispute_entry_dispute ON dispute_entry (dispute_id, at_us);
CREATE INDEX dispute_entry_appointment ON dispute_entry (appointment_id);
CREATE INDEX dispute_entry_account ON dispute_entry (account_id);

-- A picture or PDF that was handed in; its bytes are in the store of files.
CREATE TABLE dispute_file (
    id TEXT PRIMARY KEY,
    dispute_id TEXT NOT NULL REFERENCES dispute (id),
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    side TEXT NOT NULL CHECK (side IN ('consumer', 'provider', 'operator')),
    account_id TEXT NOT NULL REFERENCES account (id),
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    -- Of what was handed in, by which the same file is known again.
    given_sha256 TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    at_us INTEGER NOT NULL,
    UNIQUE (dispute_id, account_id, given_sha256)
) STRICT;

CREATE INDEX dispute_file_appointment ON dispute_file (appointment_id);
CREATE INDEX dispute_file_account ON dispute_file (account_id);

-- Files that no row names any more, or none yet: a job deletes those that stay here.
CREATE TABLE file_removal (
    path TEXT PRIMARY KEY,
    since_us INTEGER NOT NULL
) STRICT;
