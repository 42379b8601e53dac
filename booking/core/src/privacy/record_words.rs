//! What the words of records mean, for the page of one's own data.

use texts::{Locale, t};

/// Columns that hold words of ours, with the keys of their texts. What people type is in none of them.
const RECORD_WORDS: &[(&str, &[(&str, &str)])] = &[
    (
        "status",
        &[
            ("confirmed", "status-confirmed"),
            ("in_call", "status-in-call"),
            ("completed", "status-completed"),
            ("cancelled", "status-cancelled"),
            ("no_show_consumer", "registry-no-show-consumer"),
            ("no_show_provider", "registry-no-show-provider"),
        ],
    ),
    (
        "outcome",
        &[
            ("cancelled", "status-cancelled"),
            ("held", "status-completed"),
            ("not_held", "mail-kind-not-held"),
            ("withdrawn", "event-withdrawn"),
            ("no_show_consumer", "registry-no-show-consumer"),
            ("no_show_provider", "registry-no-show-provider"),
        ],
    ),
    (
        "kind",
        &[
            ("booked", "event-booked"),
            ("reserved", "price-reserved"),
            ("waits", "event-provider-told"),
            ("call_started", "registry-call-started"),
            ("call_ended", "registry-call-ended"),
            ("charged", "price-charged"),
            ("released", "price-released"),
            ("refunded", "price-refunded"),
            ("charge_failed", "event-charge-failed"),
            ("refund_asked", "registry-refund-asked"),
            ("refund_waits", "refund-state-waiting"),
            ("refund_declined", "refund-state-declined"),
            ("refund_failed", "refund-state-failed"),
            ("dispute_opened", "event-dispute-opened"),
            ("dispute_answered", "event-dispute-said"),
            ("dispute_added", "event-dispute-said"),
            ("dispute_statement", "event-dispute-said"),
            ("dispute_offered", "registry-dispute-offered"),
            ("dispute_accepted", "registry-dispute-accepted"),
            ("dispute_withdrawn", "event-dispute-withdrawn"),
            ("dispute_proposed", "registry-dispute-proposed"),
            ("dispute_declined", "registry-dispute-declined"),
            ("dispute_decided", "registry-dispute-decided"),
            ("opened", "dispute-entry-opened"),
            ("answered", "dispute-entry-answered"),
            ("added", "dispute-entry-added"),
            ("offered", "dispute-entry-offered"),
            ("accepted", "dispute-entry-accepted"),
            ("statement", "dispute-entry-statement"),
            ("proposed", "dispute-entry-proposed"),
            ("decided", "dispute-entry-decided"),
            ("receipt", "mail-kind-receipt"),
            ("invoice", "mail-kind-invoice"),
            ("invoiced", "price-invoiced"),
            ("invoice_reminded", "mail-kind-invoice-reminder"),
            ("invoice_paid", "event-invoice-paid"),
            ("invoice_paid_back", "event-invoice-paid-back"),
            ("credit_note", "mail-kind-credit-note"),
            ("cancelled", "event-cancelled"),
            ("withdrawn", "event-withdrawn"),
            ("taken_over", "event-taken-over"),
            ("no_show_consumer", "registry-no-show-consumer"),
            ("no_show_provider", "registry-no-show-provider"),
            ("terms", "nav-terms"),
            ("notice", "nav-notice"),
            ("transactions", "books-file-transactions"),
            ("saft", "books-file-saft"),
            ("time", "books-file-time"),
            ("sellers", "books-file-sellers"),
        ],
    ),
    (
        "purpose",
        &[
            ("reset", "reset-new-title"),
            ("login", "login-link-title"),
            ("operator_setup", "setup-title"),
            ("operator_invite", "setup-title"),
        ],
    ),
    ("role", &[("consumer", "role-consumer"), ("provider", "role-provider")]),
    (
        "end_reason",
        &[
            ("left", "ending-left"),
            ("connection_lost", "ending-connection-lost"),
            ("taken_over", "ending-taken-over"),
            ("window_ended", "ending-window-ended"),
            ("shutdown", "ending-shutdown"),
            ("recovered", "ending-recovered"),
        ],
    ),
    (
        "direction",
        &[("sent", "registry-sent"), ("received", "registry-received")],
    ),
    (
        "source",
        &[
            ("microphone", "leg-microphone"),
            ("camera", "leg-camera"),
            ("screen", "leg-screen"),
            ("screen_audio", "leg-screen-audio"),
        ],
    ),
    (
        "decline_reason",
        &[
            ("declined", "registry-declined"),
            ("no_funds", "registry-no-funds"),
            ("confirmation_failed", "registry-not-confirmed"),
            ("not_sent", "registry-not-sent"),
        ],
    ),
    (
        "action",
        &[
            ("call_seen", "look-call-seen"),
            ("capture_started", "look-capture-started"),
            ("appointment_seen", "look-appointment-seen"),
            ("document_seen", "look-document-seen"),
            ("outbox_seen", "look-outbox-seen"),
            ("mail_seen", "look-mail-seen"),
            ("people_searched", "look-people-searched"),
            ("operator_invited", "look-operator-invited"),
            ("operator_made", "look-operator-made"),
            ("money_seen", "look-money-seen"),
            ("sellers_seen", "look-sellers-seen"),
            ("books_exported", "look-books-exported"),
            ("sellers_exported", "look-sellers-exported"),
            ("link_made", "look-link-made"),
            ("retention_approved", "look-retention-approved"),
            ("retention_stopped", "look-retention-stopped"),
            ("hold_placed", "look-hold-placed"),
            ("hold_lifted", "look-hold-lifted"),
            ("refunds_seen", "look-refunds-seen"),
            ("invoices_seen", "look-invoices-seen"),
            ("invoice_paid", "event-invoice-paid"),
            ("invoice_paid_back", "event-invoice-paid-back"),
            ("refund_made", "look-refund-made"),
            ("refund_asked", "look-refund-asked"),
            ("refund_approved", "look-refund-approved"),
            ("refund_declined", "look-refund-declined"),
            ("disputes_seen", "look-disputes-seen"),
            ("dispute_file_seen", "look-dispute-file-seen"),
            ("dispute_statement", "look-dispute-statement"),
            ("dispute_decided", "look-dispute-decided"),
            ("commission_set", "look-commission-set"),
            ("payout_made", "look-payout-made"),
            ("payout_downloaded", "look-payout-downloaded"),
            ("payout_sent", "look-payout-sent"),
            ("payout_cancelled", "look-payout-cancelled"),
            ("promo_made", "look-promo-made"),
            ("promo_stopped", "look-promo-stopped"),
        ],
    ),
    ("psp", &[("test", "registry-test-payment")]),
    (
        "state",
        &[
            ("waiting", "refund-state-waiting"),
            ("declined", "refund-state-declined"),
            ("asked", "refund-state-asked"),
            ("pending", "refund-state-pending"),
            ("done", "refund-state-done"),
            ("failed", "refund-state-failed"),
            ("opened", "dispute-state-opened"),
            ("answered", "dispute-state-answered"),
            ("deciding", "dispute-state-deciding"),
            ("decided", "dispute-state-decided"),
            ("withdrawn", "dispute-state-withdrawn"),
        ],
    ),
    (
        "side",
        &[
            ("consumer", "dispute-who-consumer"),
            ("provider", "dispute-who-provider"),
        ],
    ),
];

/// What a column says, in words. A text that is none of our words comes back as it is, except for ids of other people.
pub(super) fn record_in_words(locale: Locale, account_id: &str, column: &str, text: String) -> String {
    let key = match column {
        "locale" => return Locale::from_tag(&text).map_or(text, |known| known.name().to_owned()),
        "actor" if text == account_id => Some("registry-you"),
        "actor" if text == "system" => Some("registry-system"),
        "actor" if is_id(&text) => Some("registry-somebody"),
        _ => record_word(column, &text),
    };
    key.map_or(text, |key| t(locale, key, &[]))
}

fn record_word(column: &str, text: &str) -> Option<&'static str> {
    let (_, words) = RECORD_WORDS.iter().find(|(name, _)| *name == column)?;
    words.iter().find(|(word, _)| *word == text).map(|(_, key)| *key)
}

/// Whether it has the shape of an id of ours (RFC 9562).
fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use signaling_protocol::SegmentEnd;

    use super::*;
    use crate::appointments::{Status, Transition};
    use crate::billing::payment::DeclineReason;
    use crate::usecases::Outcome;

    /// Trial A6: raw codes such as `connection_lost` reached pages; and English ones Norwegian pages.
    #[test]
    fn a6_words_of_records_are_told_in_words() {
        for (column, words) in RECORD_WORDS {
            for (word, key) in *words {
                let [nb, en] = Locale::ALL.map(|locale| t(locale, key, &[]));
                assert!(nb != *key && en != *key && !nb.contains('_'), "{column}, {word}: {nb}");
            }
        }
        let events = [
            Transition::Confirm,
            Transition::CallStarted,
            Transition::CallEnded,
            Transition::Cancel,
            Transition::ConsumerMissed,
            Transition::ProviderMissed,
        ];
        // A hold that is no appointment yet, or never became one, has no row of its own there.
        let statuses = Status::ALL
            .into_iter()
            .filter(|status| ![Status::Held, Status::Expired].contains(status));
        let outcomes = [
            Outcome::TookPlace,
            Outcome::NeverMet,
            Outcome::NoShowConsumer,
            Outcome::NoShowProvider,
        ];
        let declines = [
            DeclineReason::Declined,
            DeclineReason::NoFunds,
            DeclineReason::ConfirmationFailed,
            DeclineReason::NotSent,
        ];
        let words = events
            .map(|event| ("kind", event.event()))
            .into_iter()
            .chain(statuses.map(|status| ("status", status.as_str())))
            .chain(SegmentEnd::ALL.map(|end| ("end_reason", end.name())))
            .chain(outcomes.map(|outcome| ("outcome", outcome.name())))
            .chain(declines.map(|reason| ("decline_reason", reason.name())));
        for (column, word) in words {
            assert!(record_word(column, word).is_some(), "{column}, {word}");
        }
    }

    #[test]
    fn who_did_it_is_told_without_ids() {
        let check = |text: &str, expect: &str| {
            let told = record_in_words(
                Locale::Nb,
                "0193a5c0-7a00-7000-8000-000000000001",
                "actor",
                text.to_owned(),
            );
            assert_eq!(told, expect);
        };
        check("0193a5c0-7a00-7000-8000-000000000001", "Du");
        check("0193a5c0-7a00-7000-8000-000000000002", "Noen andre");
        check("system", "Booka");
        check("marker", "marker");
    }
}
