//! How long each table is kept, from when on, and by which job: the retention matrix as data. A table of the registry without
//! a mark fails a test, and so does a mark that the keys of the schema contradict.

/// How long the rows of a table are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Until the accounting time of the appointment is over that it hangs on: an entry of `cases::PARTS`, or of `loose::LISTS` where
    /// none came of it.
    Case,
    /// So many days, by a rule of `loose::AGES`.
    Age { days: i64 },
    /// So many days at most, by another step of the jobs or by whoever reads it.
    Swept { days: i64, by: &'static str },
    /// While there is the account: what then becomes of it the registry says. An account ends seven days after its owner wants
    /// it, or 90 days after 24 months without a sign-in.
    Account,
    /// While there is the business, whose records refer to it.
    Business,
    /// For ever: it is about nobody.
    Always { why: &'static str },
    /// It plays a system outside, which has rules of its own.
    Outside,
}

/// The matrix, in the order of the registry.
pub const MARKS: &[(&str, Keep)] = &[
    ("account", Keep::Account),
    ("account_activity", Keep::Account),
    (
        "registration",
        Keep::Swept {
            days: 1,
            by: "erase accounts",
        },
    ),
    (
        "session",
        Keep::Swept {
            days: 30,
            by: "erase accounts",
        },
    ),
    (
        "account_token",
        Keep::Swept {
            days: 7,
            by: "erase accounts",
        },
    ),
    (
        "email_change",
        Keep::Swept {
            days: 1,
            by: "erase accounts",
        },
    ),
    // After the end of the account.
    ("acceptance", Keep::Age { days: 1_095 }),
    ("org", Keep::Business),
    ("org_vat", Keep::Business),
    ("document_mandate", Keep::Business),
    ("member", Keep::Account),
    (
        "invitation",
        Keep::Swept {
            days: 14,
            by: "erase accounts",
        },
    ),
    ("weekly_rule", Keep::Account),
    ("day_override", Keep::Account),
    ("busy_block", Keep::Account),
    ("hold", Keep::Case),
    (
        "hold_draft",
        Keep::Swept {
            days: 1,
            by: "erase accounts",
        },
    ),
    ("appointment", Keep::Case),
    ("appointment_event", Keep::Case),
    ("seat", Keep::Case),
    (
        "outbox",
        Keep::Swept {
            days: 90,
            by: "sweep old mails",
        },
    ),
    ("call", Keep::Case),
    ("call_attendance", Keep::Case),
    ("call_segment", Keep::Case),
    (
        "call_quality",
        Keep::Swept {
            days: 30,
            by: "erase accounts",
        },
    ),
    ("charge", Keep::Case),
    ("payment", Keep::Case),
    ("refund", Keep::Case),
    ("invoice", Keep::Case),
    ("invoice_payment", Keep::Case),
    ("invoice_reminder", Keep::Case),
    ("payment_op", Keep::Case),
    ("money_difference", Keep::Case),
    ("ledger_tx", Keep::Case),
    ("ledger_entry", Keep::Case),
    ("document", Keep::Case),
    ("dispute", Keep::Case),
    ("dispute_entry", Keep::Case),
    ("dispute_file", Keep::Case),
    (
        "file_removal",
        Keep::Swept {
            days: 1,
            by: "remove files",
        },
    ),
    ("withdrawal_request", Keep::Case),
    ("call_extension", Keep::Case),
    ("psp_event", Keep::Age { days: 90 }),
    (
        "operator_record",
        Keep::Swept {
            days: 730,
            by: "sweep old records of operators",
        },
    ),
    (
        "operator_look",
        Keep::Swept {
            days: 730,
            by: "sweep old records of operators",
        },
    ),
    ("retention_hold", Keep::Case),
    (
        "ledger_carried",
        Keep::Always {
            why: "sums without a person: what a business has coming outlives its postings",
        },
    ),
    ("place", Keep::Always { why: "the map" }),
    ("place_name", Keep::Always { why: "the map" }),
    ("postcode", Keep::Always { why: "the map" }),
    ("seller_account", Keep::Business),
    // After it was last said and nothing was paid since, where no owner is left.
    ("seller_tax", Keep::Age { days: 1_825 }),
    (
        "book_export",
        Keep::Swept {
            days: 730,
            by: "sweep old records of exports",
        },
    ),
    ("promo_code", Keep::Business),
    ("promo_service", Keep::Business),
    ("commission_rule", Keep::Business),
    ("commission_invoiced", Keep::Business),
    ("month_closed", Keep::Always { why: "one row a month" }),
    // Five whole years after the accounting year, so six at most: their postings and statements tell the rest.
    ("payout", Keep::Age { days: 2_192 }),
    ("payout_file", Keep::Age { days: 2_192 }),
    ("payout_switch", Keep::Always { why: "one row" }),
    ("service", Keep::Business),
    ("service_member", Keep::Business),
    ("reservation", Keep::Case),
    ("test_psp_refund", Keep::Outside),
    ("test_psp_payment", Keep::Outside),
    ("test_psp_request", Keep::Outside),
    (
        "invoice_seller",
        Keep::Always {
            why: "a number is never given twice",
        },
    ),
    (
        "document_series",
        Keep::Always {
            why: "a number is never given twice",
        },
    ),
    ("job_lease", Keep::Always { why: "one row a job" }),
    (
        "retention_door",
        Keep::Always {
            why: "empty but within a transaction",
        },
    ),
    (
        "retention_run",
        Keep::Always {
            why: "proof of what was deleted and when; reports that were not carried out go after 90 days",
        },
    ),
    ("retention_line", Keep::Always { why: "as the run" }),
    ("retention_kept", Keep::Always { why: "as the run" }),
    (
        "retention_file",
        Keep::Always {
            why: "empty but while files are deleted",
        },
    ),
    ("retention_switch", Keep::Always { why: "one row" }),
];

/// What to add for a table that has no mark, or none that its keys allow.
pub const HOW_TO_MARK: &str = "add it to MARKS in privacy/retention/marks.rs. If it references an appointment, call, seat, payment, ledger_tx or hold, \
    its rows must leave before those: add it to PARTS in privacy/retention/cases.rs (children before parents; `dated` with the time that makes it \
    an accounting record of its year), and give the referencing column an index";

/// The mark of a table.
#[must_use]
pub fn mark_of(table: &str) -> Option<Keep> {
    MARKS.iter().find(|(name, _)| *name == table).map(|(_, keep)| *keep)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::privacy::registry::TABLES;
    use crate::privacy::retention::{cases, loose};

    #[test]
    fn every_table_has_one_mark() {
        let registered: BTreeSet<&str> = TABLES.iter().map(|table| table.name).collect();
        let marked: BTreeSet<&str> = MARKS.iter().map(|(name, _)| *name).collect();
        assert_eq!(marked.len(), MARKS.len(), "a table is marked twice");
        let missing: Vec<_> = registered.difference(&marked).collect();
        assert!(
            missing.is_empty(),
            "{missing:?} without a retention mark: {HOW_TO_MARK}"
        );
        let gone: Vec<_> = marked.difference(&registered).collect();
        assert!(gone.is_empty(), "{gone:?} are marked and not registered");
    }

    #[test]
    fn what_a_mark_promises_a_rule_keeps() {
        let parts: BTreeSet<&str> = cases::PARTS.iter().map(|part| part.table).chain(["hold"]).collect();
        for (table, keep) in MARKS {
            match keep {
                Keep::Case => assert!(parts.contains(table), "{table} is in no case: {HOW_TO_MARK}"),
                Keep::Age { days } => {
                    let age = loose::AGES.iter().find(|age| age.table == *table);
                    let age = age.unwrap_or_else(|| panic!("no rule by age for {table}"));
                    assert_eq!(age.kept_us, days * crate::base::DAY_US, "{table}");
                }
                Keep::Swept { .. } | Keep::Account | Keep::Business | Keep::Always { .. } | Keep::Outside => {}
            }
        }
        let ruled = cases::PARTS.iter().map(|part| part.table).chain(loose::tables());
        for table in ruled {
            assert!(
                matches!(mark_of(table), Some(Keep::Case | Keep::Age { .. } | Keep::Swept { .. })),
                "{table} is deleted against its mark"
            );
        }
    }
}
