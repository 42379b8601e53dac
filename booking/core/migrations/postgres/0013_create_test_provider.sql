-- The built-in test provider plays a system outside: these tables are its own, and no transaction of ours spans them.
CREATE TABLE test_psp_card (
    token TEXT PRIMARY KEY,
    behaviour TEXT NOT NULL,
    created_us BIGINT NOT NULL
);

CREATE TABLE test_psp_payment (
    reference TEXT PRIMARY KEY,
    merchant_payment TEXT NOT NULL UNIQUE,
    behaviour TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,
    status TEXT NOT NULL,
    captured_minor BIGINT NOT NULL DEFAULT 0,
    refunded_minor BIGINT NOT NULL DEFAULT 0,
    captures_refused BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE test_psp_request (
    request_key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    answer TEXT NOT NULL
);
