//! Stripe's hooks: signed with one of our secrets, and believed in nothing but that something may have happened.

use booking_core::base::{Micros, SECOND_US};
use booking_core::billing::hooks::is_signed;
use booking_core::billing::provider::{Hint, HookError};
use serde::Deserialize;
use serde_json::Value;

use super::wire::is_word;

/// More signatures than this no header of Stripe's has: one a secret, and a few while secrets change.
const SIGNATURES_MAX: usize = 8;

/// What of an event is read. Its object only says which of our payments to ask about.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    #[serde(default)]
    livemode: bool,
    /// The connected account that it happened on.
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    data: Value,
}

/// Whose events are ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours {
    pub(super) live: bool,
    /// Whether events of connected accounts are.
    pub(super) connect: bool,
}

/// Checks the signature and reads what the event is about.
pub(super) fn read_hook(
    secrets: &[String],
    ours: Ours,
    header: &str,
    body: &[u8],
    now: Micros,
) -> Result<Hint, HookError> {
    if !is_signed_by_any(secrets, header, body, now / SECOND_US) {
        return Err(HookError::NotSigned);
    }
    let event: Event = serde_json::from_slice(body).map_err(|_| HookError::Unreadable)?;
    if !is_word(&event.id) {
        return Err(HookError::Unreadable);
    }
    let is_ours = event.livemode == ours.live && (ours.connect || event.account.is_none());
    let payment = event.data.pointer("/object/metadata/payment").and_then(Value::as_str);
    Ok(Hint {
        id: event.id,
        payment: payment.filter(|payment| is_ours && is_id(payment)).map(str::to_owned),
    })
}

/// The account that an event says something new of, where it is a seller's.
pub(super) fn changed_account(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Changed {
        #[serde(rename = "type")]
        kind: String,
        account: Option<String>,
    }
    let changed: Changed = serde_json::from_slice(body).ok()?;
    let about_accounts = changed.kind.starts_with("account.") || changed.kind.starts_with("capability.");
    changed.account.filter(|account| about_accounts && is_word(account))
}

/// `t=<Unix seconds>,v1=<signature>,v1=…`, where other schemes may stand between. While a secret is changed there are several
/// signatures, and we know several secrets.
fn is_signed_by_any(secrets: &[String], header: &str, body: &[u8], now_s: i64) -> bool {
    let mut time = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", text)) => time = Some(text),
            Some(("v1", text)) if signatures.len() < SIGNATURES_MAX => signatures.push(text),
            _ => {}
        }
    }
    let Some(time) = time else { return false };
    signatures.iter().any(|signature| {
        let one = format!("t={time},v1={signature}");
        secrets
            .iter()
            .any(|secret| is_signed(secret.as_bytes(), &one, body, now_s))
    })
}

/// Our ids are UUIDs.
fn is_id(text: &str) -> bool {
    const BYTES_MAX: usize = 100;
    (1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use booking_core::billing::hooks::sign_hook;
    use proptest::prelude::*;

    const NOW_S: i64 = 1_795_420_800;
    const TEST: Ours = Ours {
        live: false,
        connect: false,
    };

    fn secrets() -> Vec<String> {
        vec!["whsec_new".to_owned(), "whsec_old".to_owned()]
    }

    fn read(ours: Ours, header: &str, body: &str) -> Result<Hint, HookError> {
        read_hook(&secrets(), ours, header, body.as_bytes(), NOW_S * SECOND_US)
    }

    fn signed(body: &str) -> String {
        sign_hook(b"whsec_old", NOW_S, body)
    }

    fn about(rest: &str) -> String {
        format!(
            r#"{{"id":"evt_1","type":"payment_intent.succeeded","livemode":false{rest},
                "data":{{"object":{{"id":"pi_1","metadata":{{"payment":"0190-1"}}}}}}}}"#
        )
    }

    #[test]
    fn a_signed_event_names_our_payment() {
        let body = about("");
        let expected = Hint {
            id: "evt_1".to_owned(),
            payment: Some("0190-1".to_owned()),
        };
        assert_eq!(read(TEST, &signed(&body), &body), Ok(expected.clone()));
        let several = format!("{},v0=abc,v1=00", signed(&body).replace(",v1=", ",v1=11,v1="));
        assert_eq!(read(TEST, &several, &body), Ok(expected));
    }

    #[test]
    fn what_is_not_signed_now_by_a_secret_of_ours_is_refused() {
        let body = about("");
        let late = sign_hook(b"whsec_old", NOW_S - 301, &body);
        let forged = sign_hook(b"whsec_other", NOW_S, &body);
        for header in ["", "t=1,v1=", "v1=00", late.as_str(), forged.as_str()] {
            assert_eq!(read(TEST, header, &body), Err(HookError::NotSigned), "{header}");
        }
        let other = about(r#","account":"acct_1""#);
        assert_eq!(read(TEST, &signed(&body), &other), Err(HookError::NotSigned));
    }

    #[test]
    fn events_of_others_are_known_and_about_nothing() {
        let payment = |ours: Ours, body: &str| read(ours, &signed(body), body).map(|hint| hint.payment);
        let other_account = about(r#","account":"acct_1""#);
        assert_eq!(payment(TEST, &other_account), Ok(None));
        let connect = Ours { connect: true, ..TEST };
        assert_eq!(payment(connect, &other_account), Ok(Some("0190-1".to_owned())));
        let live = Ours { live: true, ..TEST };
        assert_eq!(payment(live, &about("")), Ok(None));
        assert_eq!(payment(TEST, r#"{"id":"evt_1","type":"x"}"#), Ok(None));
        let hostile = r#"{"id":"evt_1","data":{"object":{"metadata":{"payment":"<script>"}}}}"#;
        assert_eq!(payment(TEST, hostile), Ok(None));
        assert_eq!(payment(TEST, r#"{"id":"","data":[]}"#), Err(HookError::Unreadable));
        assert_eq!(payment(TEST, "[1"), Err(HookError::Unreadable));
    }

    #[test]
    fn news_of_an_account_name_it() {
        let changed = |text: &str| changed_account(text.as_bytes());
        let news = r#"{"id":"evt_1","type":"account.updated","account":"acct_1"}"#;
        assert_eq!(changed(news), Some("acct_1".to_owned()));
        assert_eq!(changed(r#"{"type":"charge.updated","account":"acct_1"}"#), None);
        assert_eq!(changed("{"), None);
    }

    proptest! {
        #[test]
        fn any_hook_is_answered_without_panic(header in ".{0,120}", body in ".{0,200}") {
            drop(read(TEST, &header, &body));
            drop(read(TEST, &signed(&body), &body));
            drop(changed_account(body.as_bytes()));
        }

        #[test]
        fn any_depth_is_survived(depth in 1usize..5000) {
            let body = format!(r#"{{"id":"evt_1","data":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
            drop(read(TEST, &signed(&body), &body));
        }
    }
}
