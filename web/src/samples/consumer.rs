//! Pages of visitors and consumers.

use jiff::civil::Date;

use super::parts::{DAY, ID, MINUTE, TEN, by_minute, card, fixed, free, held, hold, price_box, shell, signed_in};
use super::seller::seller;
use crate::pages::auth::{
    CheckMailPage, InvitationPage, LoginLinkPage, LoginPage, MailPurpose, RegisterPage, ResetPage, ResetTokenPage,
    VerifyPage,
};
use crate::pages::book::{
    AccountStep, Bank, BookConfirmPage, BookDetailsPage, BookPaymentPage, BuyerFields, Overlap, PaymentProblem,
    PromoField, TestCardOutcome, VisitorForm,
};
use crate::pages::home::HomePage;
use crate::pages::pay::{PayFields, TestChoice};
use crate::pages::price::Discount;
use crate::pages::provider::{Calendar, DayCell, Picker, ProviderPage, ServiceFact, ServiceOption, TimeSlot};
use crate::pages::search::{Category, PlaceFound, SearchForm, SearchPage, When, Wider};
use crate::pages::{Check, Field, FieldError, Notice, PriceState, PriceTerms, Shell, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn visiting(locale: Locale) -> Pages {
    let form = SearchForm {
        what: "syk hund".into(),
        place: "Bergen".into(),
        category: None,
        when: When::Week,
        radius_km: Some(25),
    };
    let home = home(locale);
    let found = SearchPage {
        shell: shell(locale, "/search?what=syk%20hund"),
        held: Vec::new(),
        form: form.clone(),
        place: PlaceFound::Known {
            name: "Bergen".into(),
            guessed: false,
            others: vec!["Bø, Nordland".into()],
        },
        cards: (0..3).map(card).collect(),
        elsewhere: Vec::new(),
        total: 43,
        page: 2,
        pages: 3,
        wider: None,
    };
    let none = SearchPage {
        form: SearchForm {
            place: "Xyz".into(),
            ..form
        },
        place: PlaceFound::Unknown {
            nearest: vec!["Bergen, Vestland".into()],
        },
        cards: Vec::new(),
        total: 0,
        page: 1,
        pages: 1,
        wider: Some(Wider {
            radius_km: 50,
            count: 2,
        }),
        ..found.clone()
    };
    let far = SearchPage {
        cards: Vec::new(),
        elsewhere: (0..2).map(card).collect(),
        total: 0,
        page: 1,
        pages: 1,
        place: PlaceFound::Known {
            name: "Ålesund".into(),
            guessed: true,
            others: Vec::new(),
        },
        ..found.clone()
    };
    vec![
        ("home", render(&home)),
        (
            "home-signed-in",
            render(&HomePage {
                shell: signed_in(locale, "/"),
                held: vec![held(0)],
                soon: Vec::new(),
                ..home.clone()
            }),
        ),
        ("search", render(&found)),
        ("search-none", render(&none)),
        ("search-elsewhere", render(&far)),
    ]
}

pub(super) fn providers(locale: Locale) -> Pages {
    let provider = provider(locale);
    let full = Picker {
        times: Vec::new(),
        next_free: Some(TEN + 2 * DAY),
        ..provider.picker.clone().expect("the sample has a picker")
    };
    let booked_out = ProviderPage {
        picker: Some(full),
        ..provider.clone()
    };
    let bare = ProviderPage {
        services: Vec::new(),
        picker: None,
        unsold: Some("provider-payments-off"),
        seller: None,
        ..provider.clone()
    };
    vec![
        ("provider", render(&provider)),
        ("provider-day-full", render(&booked_out)),
        ("provider-bare", render(&bare)),
    ]
}

fn home(locale: Locale) -> HomePage {
    HomePage {
        shell: shell(locale, "/"),
        held: Vec::new(),
        form: SearchForm::default(),
        categories: Category::ALL[..6].to_vec(),
        town: Some("Bergen".into()),
        soon: (0..3).map(card).collect(),
        soon_total: 14,
    }
}

fn provider(locale: Locale) -> ProviderPage {
    let service = |title: &str, price: PriceTerms, selected| ServiceOption {
        id: ID.into(),
        title: title.into(),
        description: "Kort vurdering av symptomer og råd om veien videre.".into(),
        facts: vec![ServiceFact {
            key: "service-minutes",
            value: "30".into(),
        }],
        price,
        selected,
    };
    let days = (23..=30).map(|day| DayCell {
        date: Date::constant(2026, 11, day),
        free: [6, 0, 3, 8, 0, 0, 2, 12][usize::try_from(day - 23).unwrap_or(0)],
    });
    let offsets = (-20..=40).step_by(20).chain((120..=240).step_by(5)).chain([380, 540]);
    let slots = offsets.map(|offset| TimeSlot {
        start: TEN + offset * MINUTE,
        end: TEN + (offset + 30) * MINUTE,
    });
    let today = Date::constant(2026, 11, 23);
    ProviderPage {
        shell: shell(locale, "/providers/dyreklinikken-nordli"),
        held: vec![held(0)],
        unsold: None,
        seller: Some(seller()),
        slug: "dyreklinikken-nordli".into(),
        name: "Dyreklinikken Nordli".into(),
        category: Category::Vet,
        town: "Bergen".into(),
        about: "Vi har hjulpet hunder, katter og kaniner i Bergen siden 1998.".into(),
        members: vec!["Kari Nordli".into()],
        org_number: Some("918621415".into()),
        tint: 4,
        services: vec![
            service("Videotime", by_minute(), true),
            service("Ny vurdering", fixed(), false),
        ],
        picker: Some(Picker {
            service: ID.into(),
            calendar: Calendar {
                days: days.collect(),
                today,
                selected: Date::constant(2026, 11, 25),
                earlier: None,
                later: Some(Date::constant(2026, 12, 1)),
            },
            times: slots.collect(),
            next_free: None,
            price: price_box(by_minute(), PriceState::Estimate),
        }),
    }
}

pub(super) fn booking(locale: Locale) -> Pages {
    let mut pages = details(locale);
    let pay = payment(locale);
    pages.extend([
        ("book-payment", render(&pay)),
        (
            "book-payment-fixed",
            render(&BookPaymentPage {
                hold: hold(fixed(), 8 * MINUTE),
                ..pay.clone()
            }),
        ),
        (
            "book-payment-kept",
            render(&BookPaymentPage {
                keeps_card: true,
                ..pay.clone()
            }),
        ),
        (
            "book-payment-free",
            render(&BookPaymentPage {
                hold: hold(free(), 8 * MINUTE),
                ..pay.clone()
            }),
        ),
        (
            "book-confirm",
            render(&BookConfirmPage {
                shell: pay.shell.clone(),
                hold: pay.hold.clone(),
                bank: Bank::Test,
            }),
        ),
    ]);
    pages.extend(promo(&pay));
    for problem in PaymentProblem::ALL {
        pages.push((
            "book-payment-problem",
            render(&BookPaymentPage {
                problem: Some(problem),
                ..pay.clone()
            }),
        ));
    }
    let wrong = BookPaymentPage {
        pay: PayFields {
            error: Some(FieldError::MethodMissing),
            ..pay.pay.clone()
        },
        withdrawal: Some(Check {
            ticked: false,
            error: Some(FieldError::WithdrawalMissing),
        }),
        ..pay
    };
    pages.push(("book-payment-wrong", render(&wrong)));
    pages
}

/// A code that is typed, and what is wrong with it, or what it takes off.
fn promo(pay: &BookPaymentPage) -> Pages {
    let code = |is_used, code| Some(PromoField { is_used, code });
    let mut cheaper = hold(by_minute(), 8 * MINUTE);
    cheaper.price.price.discount = Some(Discount {
        percent_bp: 1_000,
        fixed_minor: 500,
    });
    [
        BookPaymentPage {
            promo: code(false, Field::wrong("SOMER", FieldError::PromoNotHere)),
            ..pay.clone()
        },
        BookPaymentPage {
            promo: code(false, Field::wrong("", FieldError::PromoMissing)),
            ..pay.clone()
        },
        BookPaymentPage {
            promo: code(true, Field::default()),
            hold: cheaper,
            ..pay.clone()
        },
    ]
    .map(|page| ("book-payment-promo", render(&page)))
    .to_vec()
}

fn details(locale: Locale) -> Pages {
    let details = |account, about: Field, left| {
        let path = format!("/book/{ID}");
        let page = BookDetailsPage {
            shell: shell(locale, &path),
            hold: hold(by_minute(), left),
            about,
            buyer: BuyerFields::default(),
            account,
        };
        render(&page)
    };
    let wrong = VisitorForm {
        email: Field::wrong("ola@", FieldError::EmailMalformed),
        password: Some(FieldError::PasswordShort),
        name: Field::wrong("", FieldError::NameMissing),
        phone: Field::new("91 23 45 67"),
        place: Field::wrong("Xyz", FieldError::PlaceUnknown),
        accept: Check {
            ticked: false,
            error: Some(FieldError::AcceptMissing),
        },
        has_account: false,
    };
    let known = VisitorForm {
        has_account: true,
        ..VisitorForm::default()
    };
    let person = AccountStep::SignedIn {
        name: "Ola Hansen".into(),
        email: "ola@example.no".into(),
    };
    let unverified = AccountStep::Unverified {
        email: "ola@example.no".into(),
        claimed: true,
    };
    vec![
        (
            "book-details",
            details(
                AccountStep::Visitor(VisitorForm::default()),
                Field::default(),
                9 * MINUTE,
            ),
        ),
        (
            "book-details-wrong",
            details(
                AccountStep::Visitor(wrong),
                Field::wrong("", FieldError::AboutMissing),
                2 * MINUTE,
            ),
        ),
        (
            "book-details-sign-in",
            details(AccountStep::Visitor(known), Field::new("Hunden er slapp."), 9 * MINUTE),
        ),
        (
            "book-details-signed-in",
            details(person, Field::new("Hunden er slapp."), 9 * MINUTE),
        ),
        ("book-unverified", details(unverified, Field::default(), 9 * MINUTE)),
    ]
}

pub(super) fn payment(locale: Locale) -> BookPaymentPage {
    BookPaymentPage {
        shell: signed_in(locale, &format!("/book/{ID}/payment")),
        hold: hold(by_minute(), 8 * MINUTE),
        problem: None,
        overlaps: vec![Overlap {
            id: ID.into(),
            starts_at: TEN + 10 * MINUTE,
            ends_at: TEN + 40 * MINUTE,
            with: "Elektro Vest".into(),
            service_title: "Videotime".into(),
        }],
        pay: pay_fields(),
        keeps_card: false,
        withdrawal: Some(Check::default()),
        promo: None,
        seller: Some(seller()),
    }
}

/// The choices of the test provider.
pub(super) fn pay_fields() -> PayFields {
    let outcomes = [
        TestCardOutcome::Accepted,
        TestCardOutcome::Declined,
        TestCardOutcome::NoFunds,
        TestCardOutcome::NeedsConfirmation,
        TestCardOutcome::CaptureFailsOnce,
        TestCardOutcome::CaptureFails,
        TestCardOutcome::DeclinedLater,
    ];
    PayFields {
        provider: "test".into(),
        is_test: true,
        test_cards: outcomes
            .into_iter()
            .map(|outcome| TestChoice {
                name: outcome.key(),
                outcome,
                chosen: outcome == TestCardOutcome::Accepted,
            })
            .collect(),
        script: None,
        invoice_days: None,
        keeps_card: false,
        choices: Vec::new(),
        error: None,
    }
}

pub(super) fn entering(locale: Locale) -> Pages {
    let register = RegisterPage {
        shell: shell(locale, "/register"),
        name: Field::new("Ola Hansen"),
        email: Field::wrong("ola", FieldError::EmailMalformed),
        phone: Field::default(),
        place: Field::default(),
        password: Some(FieldError::PasswordCommon),
        accept: Check::default(),
        return_to: "/bookings".into(),
    };
    let login = LoginPage {
        shell: Shell {
            notice: Some(Notice::SignedOut),
            ..shell(locale, "/login")
        },
        email: Field::default(),
        password: None,
        return_to: String::new(),
    };
    let mail = |purpose| {
        render(&CheckMailPage {
            shell: shell(locale, "/register"),
            email: "ola@example.no".into(),
            purpose,
        })
    };
    let verify = |expired, ask_password| {
        render(&VerifyPage {
            shell: shell(locale, "/verify/x"),
            token: "x".into(),
            expired,
            email: "ola@example.no".into(),
            ask_password,
            password: ask_password.then_some(FieldError::PasswordWrong),
        })
    };
    vec![
        ("register", render(&register)),
        ("login", render(&login)),
        ("check-mail", mail(MailPurpose::Verify)),
        ("check-mail-reset", mail(MailPurpose::Reset)),
        ("check-mail-new-address", mail(MailPurpose::NewAddress)),
        ("verify", verify(false, false)),
        ("verify-expired", verify(true, false)),
        ("verify-elsewhere", verify(false, true)),
    ]
}

/// Pages that links in mails open.
pub(super) fn links(locale: Locale) -> Pages {
    let reset = |expired| {
        let shell = shell(locale, "/reset/x");
        render(&ResetTokenPage {
            shell,
            token: "x".into(),
            password: None,
            expired,
            email: "ola@example.no".into(),
        })
    };
    let link = |expired| {
        let shell = shell(locale, "/login/link/x");
        render(&LoginLinkPage {
            shell,
            token: "x".into(),
            name: "Kari Nordli".into(),
            expired,
        })
    };
    vec![
        (
            "reset",
            render(&ResetPage {
                shell: shell(locale, "/reset"),
                email: Field::default(),
            }),
        ),
        ("reset-token", reset(false)),
        ("reset-token-expired", reset(true)),
        (
            "invitation",
            render(&InvitationPage {
                shell: shell(locale, "/invitation/x"),
                token: "x".into(),
                org_name: "Dyreklinikken Nordli".into(),
                town: "Bergen".into(),
                email: "per@example.no".into(),
                expired: false,
            }),
        ),
        ("login-link", link(false)),
        ("login-link-expired", link(true)),
    ]
}
