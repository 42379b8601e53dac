//! Pages of promo codes.

use super::parts::{DAY, ID, NOW, operator, provider};
use crate::pages::commission::CommissionWords;
use crate::pages::promo::{OperatorPromoPage, PromoForm, PromoRow, PromoService, ProviderPromoPage};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let row = |code: &str, percent_bp, is_stopped| PromoRow {
        id: ID.into(),
        code: code.into(),
        off: CommissionWords {
            percent_bp,
            fixed_minor: 5_000,
            currency: "NOK".into(),
        },
        min_price_minor: if is_stopped { 0 } else { 30_000 },
        from: NOW - 30 * DAY,
        until: (!is_stopped).then_some(NOW + 30 * DAY),
        used: 3,
        uses_max: if is_stopped { 0 } else { 100 },
        per_person_max: if is_stopped { 0 } else { 1 },
        services: if is_stopped {
            Vec::new()
        } else {
            vec!["Videotime".into()]
        },
        is_stopped,
    };
    let form = PromoForm {
        code: Field::wrong("a!", FieldError::PromoMalformed),
        percent: Field::wrong("110", FieldError::PercentMalformed),
        fixed: Field::wrong("", FieldError::AmountMissing),
        min_price: Field::wrong("x", FieldError::AmountUnreadable),
        from: Field::wrong("i dag", FieldError::DateMalformed),
        until: Field::wrong("2020-01-01", FieldError::DateOutOfReach),
        uses: Field::wrong("-1", FieldError::NumberMalformed),
        per_person: Field::wrong("0", FieldError::NumberMalformed),
    };
    let taken = PromoForm {
        code: Field::wrong("SOMMER26", FieldError::PromoTaken),
        ..PromoForm::default()
    };
    let own = ProviderPromoPage {
        shell: provider(locale, "/provider/promo"),
        codes: vec![row("SOMMER26", 1_000, false), row("VELKOMMEN", 0, true)],
        form,
        services: vec![PromoService {
            id: ID.into(),
            title: "Videotime".into(),
            ticked: true,
        }],
    };
    let first = ProviderPromoPage {
        codes: Vec::new(),
        form: PromoForm::default(),
        services: Vec::new(),
        ..own.clone()
    };
    let all = OperatorPromoPage {
        shell: operator(locale, "/operator/promo"),
        codes: own.codes.clone(),
        form: taken,
    };
    vec![
        ("provider-promo", render(&own)),
        ("provider-promo-first", render(&first)),
        ("operator-promo", render(&all)),
    ]
}
