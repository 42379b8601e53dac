-- What a customer owes by an invoice: one row a payment that is settled so.
CREATE TABLE invoice (
    payment_id TEXT PRIMARY KEY REFERENCES payment (id),
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    org_id TEXT NOT NULL REFERENCES org (id),
    document_id TEXT NOT NULL REFERENCES document (id),
    -- By which the bank names it.
    kid TEXT NOT NULL UNIQUE,
    -- The account that the money goes to, as it stands on the invoice.
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    -- What is to be paid still, fees of reminders included; negative where money is to be paid back.
    open_minor BIGINT NOT NULL,
    issued_us BIGINT NOT NULL,
    -- The end of the day until which it is to be paid; each reminder sets a new one.
    due_us BIGINT NOT NULL,
    -- How many reminders went out.
    reminders BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX invoice_appointment ON invoice (appointment_id);
CREATE INDEX invoice_document ON invoice (document_id);
CREATE INDEX invoice_open ON invoice (due_us, payment_id) WHERE open_minor <> 0;

-- What came in for an invoice, and, negative, what was paid back of that: noted by a person or read from a file of the bank.
CREATE TABLE invoice_payment (
    id TEXT PRIMARY KEY,
    payment_id TEXT NOT NULL REFERENCES payment (id),
    amount_minor BIGINT NOT NULL,
    -- ISO date.
    paid_on TEXT NOT NULL,
    -- Names the line of the bank's file, so that the same line twice is one payment; none where it was typed.
    bank_line TEXT UNIQUE,
    noted_by TEXT NOT NULL REFERENCES account (id),
    noted_us BIGINT NOT NULL
);

CREATE INDEX invoice_payment_payment ON invoice_payment (payment_id);
CREATE INDEX invoice_payment_noted_by ON invoice_payment (noted_by);

-- Reminders that went out, each with the day until which it asks for payment, and its fee.
CREATE TABLE invoice_reminder (
    payment_id TEXT NOT NULL REFERENCES payment (id),
    number BIGINT NOT NULL,
    sent_us BIGINT NOT NULL,
    due_us BIGINT NOT NULL,
    fee_minor BIGINT NOT NULL,
    PRIMARY KEY (payment_id, number)
);

-- The number of a business in the references of its invoices, which all go to one account.
CREATE TABLE invoice_seller (
    org_id TEXT PRIMARY KEY REFERENCES org (id),
    number BIGINT NOT NULL UNIQUE
);
