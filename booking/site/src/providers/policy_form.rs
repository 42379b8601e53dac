//! The part of a service's form about cancelling: a few rules to choose from, or the provider's own numbers.

use web::pages::provider_admin::PolicyFields;
use web::pages::{Field, FieldError};

use booking_core::base::policy::{CancellationPolicy, FeeBand};

use super::service_form::{ServiceForm, number};

/// The fields that a policy follows from.
pub(super) const POLICY_FIELDS: [&str; 6] = [
    "policy",
    "policy_free_h",
    "policy_percent",
    "policy_full_h",
    "policy_no_show",
    "policy_notice_h",
];
/// Longest time before the start, hours: a month.
const HOURS_MAX: i64 = 720;

/// The provider's own numbers, each on its own.
struct OwnNumbers {
    free_h: Result<i64, FieldError>,
    percent: Result<i64, FieldError>,
    /// `None` where the full price is never due for cancelling.
    full_h: Result<Option<i64>, FieldError>,
    no_show: Result<i64, FieldError>,
    notice_h: Result<i64, FieldError>,
}

/// The policy that was chosen or typed; the one that is stored where a form does not say.
pub(super) fn read_policy(form: &ServiceForm, stored: &CancellationPolicy) -> Result<CancellationPolicy, FieldError> {
    match form.typed("policy") {
        "" => Ok(stored.clone()),
        "free" => Ok(CancellationPolicy::default()),
        "day" => Ok(CancellationPolicy::one_day()),
        "strict" => Ok(CancellationPolicy::strict()),
        "own" => own_policy(own_numbers(form)),
        _ => Err(FieldError::PolicyMissing),
    }
}

fn own_policy(own: OwnNumbers) -> Result<CancellationPolicy, FieldError> {
    let first = FeeBand {
        before_h: own.free_h?,
        percent: own.percent?,
    };
    let full = own.full_h?.map(|before_h| FeeBand { before_h, percent: 100 });
    Ok(CancellationPolicy {
        bands: [Some(first), full].into_iter().flatten().collect(),
        no_show_percent: own.no_show?,
        notice_h: own.notice_h?,
    })
}

fn own_numbers(form: &ServiceForm) -> OwnNumbers {
    let optional = |name: &str| match form.typed(name).trim() {
        "" => Ok(None),
        typed => number(typed, 1, HOURS_MAX).map(Some),
    };
    let percent = |name: &str, least| number(form.typed(name), least, 100).map_err(|_| FieldError::PolicyPercent);
    let free_h = number(form.typed("policy_free_h"), 1, HOURS_MAX);
    let first = percent("policy_percent", 1);
    let full_h = match (free_h, optional("policy_full_h")) {
        (Ok(free_h), Ok(Some(full_h))) if full_h >= free_h => Err(FieldError::PolicyFull),
        (_, full_h) => full_h,
    };
    let dearest = if full_h == Ok(None) { first } else { Ok(100) };
    let no_show = match (percent("policy_no_show", 0), dearest) {
        // Staying away must not be cheaper than saying so.
        (Ok(no_show), Ok(dearest)) if no_show < dearest => Err(FieldError::PolicyNoShow),
        (no_show, _) => no_show,
    };
    OwnNumbers {
        free_h,
        percent: first,
        full_h,
        no_show,
        notice_h: optional("policy_notice_h").map(|hours| hours.unwrap_or(0)),
    }
}

/// The fields as they show a policy.
pub(super) fn shown(policy: &CancellationPolicy) -> Vec<(&'static str, String)> {
    let presets = [
        ("free", CancellationPolicy::default()),
        ("day", CancellationPolicy::one_day()),
        ("strict", CancellationPolicy::strict()),
    ];
    if let Some((name, _)) = presets.iter().find(|(_, preset)| preset == policy) {
        return vec![("policy", (*name).to_owned())];
    }
    let mut fields = vec![
        ("policy", "own".to_owned()),
        ("policy_no_show", policy.no_show_percent.to_string()),
    ];
    if let Some(first) = policy.bands.first() {
        fields.push(("policy_free_h", first.before_h.to_string()));
        fields.push(("policy_percent", first.percent.to_string()));
    }
    if let Some(full) = policy.bands.get(1) {
        fields.push(("policy_full_h", full.before_h.to_string()));
    }
    if policy.notice_h > 0 {
        fields.push(("policy_notice_h", policy.notice_h.to_string()));
    }
    fields
}

/// The fields with what was typed, and with what is wrong with it where that is asked.
pub(super) fn policy_fields(form: &ServiceForm, checked: bool) -> PolicyFields {
    let choice = match read_policy(form, &CancellationPolicy::default()) {
        Err(error @ FieldError::PolicyMissing) => Some(error),
        _ => None,
    };
    let own = (form.typed("policy") == "own").then(|| own_numbers(form));
    let own = own.as_ref();
    let shown = |name: &str, error: Option<FieldError>| Field {
        value: form.typed(name).to_owned(),
        error: error.filter(|_| checked),
    };
    PolicyFields {
        choice: shown("policy", choice),
        free_h: shown("policy_free_h", own.and_then(|own| own.free_h.err())),
        percent: shown("policy_percent", own.and_then(|own| own.percent.err())),
        full_h: shown("policy_full_h", own.and_then(|own| own.full_h.err())),
        no_show: shown("policy_no_show", own.and_then(|own| own.no_show.err())),
        notice_h: shown("policy_notice_h", own.and_then(|own| own.notice_h.err())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::service_form::fresh;
    use super::*;

    fn read(typed: &[(&str, &str)]) -> Result<CancellationPolicy, FieldError> {
        let own = [
            ("policy", "own"),
            ("policy_free_h", "48"),
            ("policy_percent", "30"),
            ("policy_full_h", "4"),
            ("policy_no_show", "100"),
            ("policy_notice_h", "2"),
        ];
        let fields = own.iter().chain(typed);
        let form = fields.fold(ServiceForm::fresh(true), |form, (name, value)| form.with(name, *value));
        read_policy(&form, &CancellationPolicy::default())
    }

    #[test]
    fn a_new_service_can_be_cancelled_free_of_charge() {
        let fresh = read_policy(&ServiceForm::fresh(true), &CancellationPolicy::strict());
        assert_eq!(fresh, Ok(CancellationPolicy::default()));
        let silent = read_policy(&ServiceForm::default(), &CancellationPolicy::strict());
        assert_eq!(silent, Ok(CancellationPolicy::strict()));
    }

    #[test]
    fn what_is_shown_is_what_is_read() {
        let own = read(&[]).expect("good numbers");
        let band = |before_h, percent| FeeBand { before_h, percent };
        assert_eq!(own.bands, [band(48, 30), band(4, 100)]);
        assert_eq!((own.no_show_percent, own.notice_h), (100, 2));
        let lean = read(&[
            ("policy_full_h", ""),
            ("policy_notice_h", " "),
            ("policy_no_show", "30"),
        ]);
        let lean = lean.expect("good numbers");
        for policy in [
            own,
            lean,
            CancellationPolicy::default(),
            CancellationPolicy::one_day(),
            CancellationPolicy::strict(),
        ] {
            let mut details = fresh();
            details.cancel_policy = policy.clone();
            let read = read_policy(&ServiceForm::of(&details), &CancellationPolicy::default());
            assert_eq!(read, Ok(policy));
        }
    }

    #[test]
    fn bad_numbers_are_named() {
        let check = |name: &str, typed: &str, expect: FieldError| {
            assert_eq!(read(&[(name, typed)]), Err(expect), "{name} {typed}");
        };
        check("policy", "gift", FieldError::PolicyMissing);
        check("policy_free_h", "0", FieldError::NumberMalformed);
        check("policy_free_h", "721", FieldError::NumberMalformed);
        check("policy_percent", "101", FieldError::PolicyPercent);
        check("policy_percent", "0", FieldError::PolicyPercent);
        check("policy_full_h", "48", FieldError::PolicyFull);
        check("policy_no_show", "99", FieldError::PolicyNoShow);
        check("policy_no_show", "", FieldError::PolicyPercent);
        check("policy_notice_h", "-1", FieldError::NumberMalformed);
    }
}
