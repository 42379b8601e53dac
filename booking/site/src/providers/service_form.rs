//! The form of a service: its fields, each declared once, and its price.

use std::collections::BTreeMap;

use serde::Deserialize;
use signaling_protocol::{PriceModel, PriceTerms};
use web::pages::provider::ServiceFact;
use web::pages::provider_admin::ProviderServicePage;
use web::pages::{Check, Field, FieldError, FieldKind, ListedField};

use super::policy_form::{POLICY_FIELDS, policy_fields, read_policy, shown as shown_policy};
use crate::extract::Visit;
use crate::form;
use crate::pages::shell;
use booking_core::base::limits::OPEN_PER_ACCOUNT_MAX;
use booking_core::base::policy::CancellationPolicy;
use booking_core::base::vat::VatCode;
use booking_core::providers::ServiceDetails;

const CURRENCY: &str = "NOK";
/// Largest price, kroner.
const KRONER_MAX: i64 = 100_000;
/// Time is counted by the second.
const INCREMENT_S: u32 = 1;

/// A field of a service in one declaration: how the form names, labels, shows and checks it, and whether customers see it.
struct ServiceField {
    /// In the form.
    name: &'static str,
    /// Keys of the texts; no hint where it is empty.
    label: &'static str,
    hint: &'static str,
    kind: FieldKind,
    part: Part,
    /// The text under which customers read it beside the price, with what the form shows as `$value`. `None` for what
    /// they do not see there.
    customers: Option<&'static str>,
    show: fn(&ServiceDetails) -> String,
    /// Checks what was typed and takes it over.
    take: fn(&mut ServiceDetails, &str) -> Result<(), FieldError>,
}

/// Where the form shows a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What the service is.
    About,
    /// How it is taxed.
    Tax,
    /// When it can be booked.
    Times,
}

/// The fields beside price and tick, in the order of the form.
const FIELDS: &[ServiceField] = &[
    ServiceField {
        name: "title",
        label: "label-title",
        hint: "",
        kind: FieldKind::Line,
        part: Part::About,
        customers: None,
        show: |service| service.title.clone(),
        take: |service, typed| form::line(typed, FieldError::TitleMissing).map(|title| service.title = title),
    },
    ServiceField {
        name: "description",
        label: "label-description",
        hint: "hint-description",
        kind: FieldKind::Text,
        part: Part::About,
        customers: None,
        show: |service| service.description.clone(),
        take: |service, typed| form::text(typed).map(|description| service.description = description),
    },
    ServiceField {
        name: "vat_code",
        label: "label-vat-code",
        hint: "hint-vat-code",
        kind: FieldKind::Choice(VAT_CHOICES),
        part: Part::Tax,
        customers: None,
        show: |service| service.vat_code.word().to_owned(),
        take: |service, typed| {
            // A form that does not ask changes nothing.
            let code = if typed.is_empty() {
                Ok(service.vat_code)
            } else {
                vat_code(typed)
            };
            code.map(|code| service.vat_code = code)
        },
    },
    ServiceField {
        name: "duration_min",
        label: "label-duration",
        hint: "hint-minutes-5",
        kind: FieldKind::Number,
        part: Part::Times,
        customers: Some("service-minutes"),
        show: |service| service.duration_min.to_string(),
        take: |service, typed| duration(typed).map(|minutes| service.duration_min = minutes),
    },
    ServiceField {
        name: "buffer_min",
        label: "label-buffer",
        hint: "hint-minutes-5",
        kind: FieldKind::Number,
        part: Part::Times,
        customers: None,
        show: |service| service.buffer_after_min.to_string(),
        take: |service, typed| fives(typed, 0, 120).map(|minutes| service.buffer_after_min = minutes),
    },
    ServiceField {
        name: "notice_h",
        label: "label-notice",
        hint: "hint-hours",
        kind: FieldKind::Number,
        part: Part::Times,
        customers: None,
        show: |service| ((service.notice_min + 59) / 60).to_string(),
        take: |service, typed| number(typed, 0, 720).map(|hours| service.notice_min = hours * 60),
    },
    ServiceField {
        name: "window_days",
        label: "label-window",
        hint: "hint-days",
        kind: FieldKind::Number,
        part: Part::Times,
        customers: None,
        show: |service| service.window_days.to_string(),
        take: |service, typed| number(typed, 1, 180).map(|days| service.window_days = days),
    },
    ServiceField {
        name: "open_max",
        label: "label-open-max",
        hint: "",
        kind: FieldKind::Number,
        part: Part::Times,
        customers: None,
        show: |service| service.open_max.to_string(),
        take: |service, typed| {
            let most = if typed.is_empty() {
                Ok(OPEN_MAX)
            } else {
                number(typed, 1, OPEN_PER_ACCOUNT_MAX)
            };
            most.map(|most| service.open_max = most)
        },
    },
];

/// The taxes that a service can have, with the keys of their names.
const VAT_CHOICES: &[(&str, &str)] = &[
    ("standard", "vat-standard"),
    ("middle", "vat-middle"),
    ("low", "vat-low"),
    ("zero", "vat-zero"),
    ("exempt_health", "vat-health"),
    ("exempt_social", "vat-social"),
    ("exempt_teaching", "vat-teaching"),
    ("exempt_finance", "vat-finance"),
    ("exempt_culture", "vat-culture"),
    ("exempt_sport", "vat-sport"),
];

/// Coming appointments of one customer where a form does not say.
const OPEN_MAX: i64 = 5;

/// What a new service begins with.
pub(super) fn fresh() -> ServiceDetails {
    ServiceDetails {
        title: String::new(),
        description: String::new(),
        duration_min: 30,
        buffer_after_min: 0,
        notice_min: 120,
        window_days: 28,
        open_max: OPEN_MAX,
        price_terms: PriceTerms {
            currency: CURRENCY.to_owned(),
            discount: None,
            model: PriceModel::Free,
        },
        vat_code: VatCode::Standard,
        cancel_policy: CancellationPolicy::default(),
        active: true,
    }
}

/// What customers read about a service beside its price.
pub(super) fn facts(service: &ServiceDetails) -> Vec<ServiceFact> {
    let facts = FIELDS.iter().filter_map(|field| {
        field.customers.map(|key| ServiceFact {
            key,
            value: (field.show)(service),
        })
    });
    facts.filter(|fact| !fact.value.is_empty()).collect()
}

/// What was typed, by the names of the fields.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct ServiceForm(BTreeMap<String, String>);

/// Fields of the price, and what it depends on.
const PRICE_FIELDS: [&str; 6] = ["kind", "amount", "rate", "cap", "free_min", "duration_min"];

/// The price part of the form, each field on its own.
struct PriceFields {
    kind: Result<(), FieldError>,
    amount: Result<i64, FieldError>,
    rate: Result<i64, FieldError>,
    cap: Result<i64, FieldError>,
    free_min: Result<i64, FieldError>,
}

impl ServiceForm {
    /// What was typed into a field, nothing where it was not sent.
    pub(super) fn typed(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The form as it shows a service.
    pub(super) fn of(service: &ServiceDetails) -> Self {
        let kroner = |minor: i64| (minor / 100).to_string();
        let form = FIELDS.iter().fold(Self::default(), |form, field| {
            form.with(field.name, (field.show)(service))
        });
        let form = form.with("active", if service.active { "yes" } else { "" });
        let policy = shown_policy(&service.cancel_policy);
        let form = policy
            .into_iter()
            .fold(form, |form, (name, value)| form.with(name, value));
        match service.price_terms.model {
            PriceModel::Free => form.with("kind", "free"),
            PriceModel::Fixed { amount_minor } => form.with("kind", "fixed").with("amount", kroner(amount_minor)),
            PriceModel::PerMinute {
                rate_minor,
                free_s,
                cap_minor,
                ..
            } => form
                .with("kind", "per_minute")
                .with("rate", kroner(rate_minor))
                .with("cap", kroner(cap_minor))
                .with("free_min", (free_s / 60).to_string()),
        }
    }

    /// The form of a new service, which has a price where somebody takes payments.
    pub(super) fn fresh(payments: bool) -> Self {
        Self::of(&fresh()).with("kind", if payments { "per_minute" } else { "free" })
    }

    fn price(&self, payments: bool) -> PriceFields {
        // Fields of the kinds that were not chosen are hidden, and not looked at.
        let unless =
            |kind: &str, value: Result<i64, FieldError>| if self.typed("kind") == kind { value } else { Ok(0) };
        let rate = unless("per_minute", kroner(self.typed("rate")));
        let free_min = unless(
            "per_minute",
            if self.typed("free_min").trim().is_empty() {
                Ok(0)
            } else {
                number(self.typed("free_min"), 0, 60)
            },
        );
        let (free_min, cap) = match (rate, duration(self.typed("duration_min")), free_min) {
            (Ok(_), Ok(duration), Ok(free)) if self.typed("kind") == "per_minute" && duration <= free => {
                (Err(FieldError::FreeTooLong), Ok(0))
            }
            (Ok(rate), Ok(duration), Ok(free)) => {
                let reached = rate * (duration - free);
                (free_min, unless("per_minute", cap(self.typed("cap"), rate, reached)))
            }
            // Without the others the highest price cannot be judged; what is wrong with them is said first.
            _ => (free_min, Ok(0)),
        };
        PriceFields {
            kind: match self.typed("kind") {
                "free" => Ok(()),
                "fixed" | "per_minute" if payments => Ok(()),
                "fixed" | "per_minute" => Err(FieldError::PaymentsOff),
                _ => Err(FieldError::AmountMissing),
            },
            amount: unless("fixed", kroner(self.typed("amount")).and_then(at_least)),
            rate,
            cap,
            free_min,
        }
    }

    pub(super) fn page(&self, payments: bool, visit: &Visit, id: Option<&str>, checked: bool) -> ProviderServicePage {
        let price = self.price(payments);
        let shown = |name, error: Option<FieldError>| Field {
            value: self.typed(name).to_owned(),
            error: error.filter(|_| checked),
        };
        let listed = |part| {
            let fields = FIELDS.iter().filter(|field| field.part == part);
            let listed = fields.map(|field| ListedField {
                name: field.name,
                label: field.label,
                hint: field.hint,
                kind: field.kind,
                field: shown(field.name, (field.take)(&mut fresh(), self.typed(field.name)).err()),
            });
            listed.collect()
        };
        ProviderServicePage {
            shell: shell(visit),
            payments_off: !payments,
            seller_missing: false,
            id: id.map(str::to_owned),
            about: listed(Part::About),
            tax: listed(Part::Tax),
            times: listed(Part::Times),
            kind: shown("kind", price.kind.err()),
            amount: shown("amount", price.amount.err()),
            rate: shown("rate", price.rate.err()),
            cap: shown("cap", price.cap.err()),
            free_min: shown("free_min", price.free_min.err()),
            policy: policy_fields(self, checked),
            active: Check {
                ticked: self.typed("active") == "yes",
                error: None,
            },
        }
    }

    /// The service as it is typed. What the form shows rounded, notice in hours and prices in kroner, stays as it is
    /// stored unless it was typed anew.
    pub(super) fn check(&self, payments: bool, stored: &ServiceDetails) -> Result<ServiceDetails, FieldError> {
        let price_terms = self.price_terms(payments)?;
        let shown = Self::of(stored);
        let unchanged = |name: &str| self.typed(name) == shown.typed(name);
        let mut details = stored.clone();
        for field in FIELDS {
            let before = details.clone();
            (field.take)(&mut details, self.typed(field.name))?;
            if unchanged(field.name) {
                details = before;
            }
        }
        if !PRICE_FIELDS.into_iter().all(unchanged) {
            details.price_terms = price_terms;
        }
        let policy = read_policy(self, &stored.cancel_policy)?;
        if !POLICY_FIELDS.into_iter().all(unchanged) {
            details.cancel_policy = policy;
        }
        details.active = self.typed("active") == "yes";
        Ok(details)
    }

    fn price_terms(&self, payments: bool) -> Result<PriceTerms, FieldError> {
        let price = self.price(payments);
        price.kind?;
        let model = match self.typed("kind") {
            "fixed" => PriceModel::Fixed {
                amount_minor: price.amount?,
            },
            "per_minute" => PriceModel::PerMinute {
                rate_minor: price.rate?,
                increment_s: INCREMENT_S,
                free_s: u32::try_from(price.free_min? * 60).map_err(|_| FieldError::NumberMalformed)?,
                cap_minor: price.cap?,
            },
            _ => PriceModel::Free,
        };
        Ok(PriceTerms {
            currency: CURRENCY.to_owned(),
            discount: None,
            model,
        })
    }
}

/// A tax that a service can have.
fn vat_code(typed: &str) -> Result<VatCode, FieldError> {
    let chosen = VAT_CHOICES.iter().find(|(word, _)| *word == typed);
    chosen
        .and_then(|(word, _)| word.parse().ok())
        .ok_or(FieldError::VatCodeMissing)
}

pub(super) fn number(typed: &str, least: i64, most: i64) -> Result<i64, FieldError> {
    let value: i64 = typed.trim().parse().map_err(|_| FieldError::NumberMalformed)?;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(FieldError::NumberMalformed)
    }
}

fn duration(typed: &str) -> Result<i64, FieldError> {
    fives(typed, 5, 480)
}

/// Minutes in steps of five.
fn fives(typed: &str, least: i64, most: i64) -> Result<i64, FieldError> {
    number(typed, least, most)
        .ok()
        .filter(|minutes| minutes % 5 == 0)
        .ok_or(FieldError::DurationMalformed)
}

/// The highest price: what the whole time costs, unless less was typed.
fn cap(typed: &str, rate: i64, reached: i64) -> Result<i64, FieldError> {
    if typed.trim().is_empty() {
        return at_least(reached);
    }
    match kroner(typed)? {
        cap if cap < rate => Err(FieldError::CapTooLow),
        cap if cap > reached => Err(FieldError::CapTooHigh),
        cap => at_least(cap),
    }
}

/// A price that a card can be charged.
fn at_least(minor: i64) -> Result<i64, FieldError> {
    if minor < signaling_protocol::least_charge_minor(CURRENCY) {
        Err(FieldError::PriceTooLow)
    } else {
        Ok(minor)
    }
}

/// An amount in whole kroner, as minor units; more than nothing.
fn kroner(typed: &str) -> Result<i64, FieldError> {
    let compact: String = typed.chars().filter(|c| !matches!(c, ' ' | '\u{a0}')).collect();
    if compact.is_empty() {
        return Err(FieldError::AmountMissing);
    }
    // As prices stand on signs: `450 kr`, `450,-`, `450,00`.
    let compact = compact.strip_suffix("kr").unwrap_or(&compact);
    let ends = [",-", ",00", ".00"];
    let compact = ends.iter().find_map(|end| compact.strip_suffix(end)).unwrap_or(compact);
    match compact.parse::<i64>() {
        Ok(kroner) if (1..=KRONER_MAX).contains(&kroner) => Ok(kroner * 100),
        Ok(_) | Err(_) => Err(FieldError::AmountMalformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A good form of a new service, with the given fields instead.
    fn form(typed: &[(&str, &str)]) -> ServiceForm {
        let good = [("title", "Råd"), ("rate", "15"), ("cap", "420"), ("free_min", "2")];
        let fields = good.iter().chain(typed);
        fields.fold(ServiceForm::fresh(true), |form, (name, value)| form.with(name, *value))
    }

    fn details(typed: &[(&str, &str)]) -> ServiceDetails {
        form(typed).check(true, &fresh()).expect("a good form")
    }

    #[test]
    fn a_price_by_the_minute_is_read_in_kroner() {
        let details = details(&[]);
        let model = PriceModel::PerMinute {
            rate_minor: 1_500,
            increment_s: 1,
            free_s: 120,
            cap_minor: 42_000,
        };
        assert_eq!(
            details.price_terms,
            PriceTerms {
                currency: "NOK".into(),
                discount: None,
                model
            }
        );
    }

    #[test]
    fn the_highest_price_is_computed_where_none_is_typed() {
        assert_eq!(details(&[("cap", " ")]).price_terms.most_minor(), 42_000);
        assert_eq!(details(&[("cap", "200")]).price_terms.most_minor(), 20_000);
    }

    #[test]
    fn a_price_that_no_card_can_be_charged_is_refused() {
        let check = |typed: &[(&str, &str)]| form(typed).check(true, &fresh()).err();
        let fixed = |amount| check(&[("kind", "fixed"), ("amount", amount)]);
        assert_eq!((fixed("2"), fixed("3")), (Some(FieldError::PriceTooLow), None));
        let short = |rate, cap| check(&[("rate", rate), ("cap", cap), ("duration_min", "5"), ("free_min", "3")]);
        assert_eq!(short("1", ""), Some(FieldError::PriceTooLow), "two minutes at most");
        assert_eq!(short("1", "2"), Some(FieldError::PriceTooLow));
        assert_eq!((short("2", ""), short("2", "3")), (None, None));
    }

    /// Trial E6: opening and saving a service made its notice of 30 minutes an hour.
    #[test]
    fn saving_what_was_opened_changes_nothing() {
        let model = PriceModel::PerMinute {
            rate_minor: 1_850,
            increment_s: 1,
            free_s: 0,
            cap_minor: 30_050,
        };
        let mut stored = details(&[]);
        stored.notice_min = 30;
        stored.price_terms.model = model;
        let shown = ServiceForm::of(&stored);
        assert_eq!(shown.typed("notice_h"), "1", "the form shows whole hours");
        assert_eq!(shown.check(true, &stored).as_ref(), Ok(&stored));
        let typed = shown.with("notice_h", "3").with("rate", "19");
        let saved = typed.check(true, &stored).expect("a good form");
        assert_eq!(saved.notice_min, 180);
        assert_ne!(saved.price_terms, stored.price_terms);
    }

    #[test]
    fn only_free_services_are_offered_where_nobody_takes_payments() {
        let check = |form: ServiceForm| form.check(false, &fresh()).err();
        assert_eq!(check(form(&[])), Some(FieldError::PaymentsOff));
        assert_eq!(check(form(&[("kind", "free")])), None);
        assert_eq!(check(ServiceForm::fresh(false).with("title", "Råd")), None);
    }

    #[test]
    fn prices_are_read_as_they_stand_on_signs() {
        for typed in ["450", "450 kr", "450,-", "450,00", "450.00 kr", "\u{a0}450"] {
            assert_eq!(kroner(typed), Ok(45_000), "{typed}");
        }
        for typed in ["450,50", "kr", "4,5", ",-"] {
            assert!(kroner(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn bad_fields_are_named() {
        let check = |name: &str, typed: &str, expect: FieldError| {
            assert_eq!(
                form(&[(name, typed)]).check(true, &fresh()).err(),
                Some(expect),
                "{name}"
            );
        };
        check("title", " ", FieldError::TitleMissing);
        check("duration_min", "7", FieldError::DurationMalformed);
        check("duration_min", "485", FieldError::DurationMalformed);
        check("rate", "-1", FieldError::AmountMalformed);
        check("rate", "99999999999999999999", FieldError::AmountMalformed);
        check("rate", "", FieldError::AmountMissing);
        check("cap", "10", FieldError::CapTooLow);
        check("kind", "gift", FieldError::AmountMissing);
        // Trial B6: 30 minutes at 15 kr, 2 of them free, cost 420 kr at most.
        check("cap", "421", FieldError::CapTooHigh);
        check("free_min", "30", FieldError::FreeTooLong);
        check("window_days", "0", FieldError::NumberMalformed);
        check("vat_code", "unregistered", FieldError::VatCodeMissing);
        check("vat_code", "moms", FieldError::VatCodeMissing);
    }

    #[test]
    fn every_tax_but_none_can_be_chosen() {
        let choices = VatCode::ALL.into_iter().filter(|code| *code != VatCode::Unregistered);
        let named: Vec<_> = choices.map(|code| (code.word(), code.name_key())).collect();
        assert_eq!(VAT_CHOICES, named);
        for (word, _) in VAT_CHOICES {
            assert_eq!(details(&[("vat_code", word)]).vat_code.word(), *word);
        }
        assert_eq!(details(&[("vat_code", "")]).vat_code, VatCode::Standard);
    }
}
