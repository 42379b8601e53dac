//! Pages of providers and the operator.

use super::parts::{
    DAY, HOUR, ID, MINUTE, NOW, TEN, by_minute, document, fixed, free, operator as operator_shell, provider as member,
    row, shell, timeline,
};
use crate::pages::RecordWord;
use crate::pages::appointment::AppointmentStatus;
use crate::pages::auth::OperatorSetupPage;
use crate::pages::dispute::DisputeStatus;
use crate::pages::operator::{
    CallHealth, LedgerRow, LegRow, LegSource, LiveCallRow, LiveParticipant, LookRow, MissingRow,
    OperatorAppointmentPage, OperatorAppointmentRow, OperatorAppointmentsPage, OperatorCallPage, OperatorCallsPage,
    OperatorPeoplePage, OperatorRow, PaymentRow, PersonRow, QualityRow, SegmentRow,
};
use crate::pages::provider_admin::{
    Broken, BusinessFields, ClosedDay, DayAppointment, EarnedToday, InvitedRow, MemberRow, PolicyFields,
    ProviderHoursPage, ProviderMembersPage, ProviderProfilePage, ProviderServicePage, ProviderServicesPage,
    ProviderSignupPage, ProviderTodayPage, ServiceRow, SetupStep, WeekdayHours,
};
use crate::pages::{Check, Field, FieldError, FieldKind, ListedField, Notice, Shell, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

fn listed(name: &'static str, label: &'static str, hint: &'static str, kind: FieldKind, value: &str) -> ListedField {
    ListedField {
        name,
        label,
        hint,
        kind,
        field: Field::new(value),
    }
}

fn broken(cancelled: i64, missed: i64) -> Broken {
    Broken { cancelled, missed }
}

fn person(name: &str, is_owner: bool, is_me: bool, tint: u8) -> MemberRow {
    MemberRow {
        id: ID.into(),
        name: name.into(),
        email: "kari@example.no".into(),
        is_owner,
        is_me,
        tint,
        let_downs: broken(i64::from(tint % 3), i64::from(tint % 2)),
    }
}

pub(super) fn provider(locale: Locale) -> Pages {
    let today = today(locale);
    let quiet = ProviderTodayPage {
        published: false,
        missing: vec![
            SetupStep::Service,
            SetupStep::Hours,
            SetupStep::Seller,
            SetupStep::Publish,
        ],
        appointments: Vec::new(),
        colleagues: Vec::new(),
        earned: Vec::new(),
        ..today.clone()
    };
    let services = services(locale);
    let asked = |email: &str, declined| InvitedRow {
        id: ID.into(),
        email: email.into(),
        sent_at: TEN,
        declined,
    };
    let members = ProviderMembersPage {
        shell: member(locale, "/provider/members"),
        members: vec![person("Kari Nordli", true, true, 3), person("Per Ås", false, false, 6)],
        invited: vec![asked("anne@example.no", false), asked("pål@example.no", true)],
        email: Field::wrong("kari@example.no", FieldError::MemberExists),
    };
    let signup = ProviderSignupPage {
        shell: member(locale, "/provider/signup"),
        fields: BusinessFields {
            org_number: Field::wrong("12", FieldError::OrgNumberMalformed),
            vat: Field::wrong("", FieldError::VatMissing),
            vat_from: Field::wrong("1.1.20", FieldError::VatFromMalformed),
            category: Field::new("vet"),
            ..BusinessFields::default()
        },
    };
    let visitor = ProviderSignupPage {
        shell: shell(locale, "/provider/signup"),
        ..signup.clone()
    };
    let mut pages = vec![
        ("provider-today", render(&today)),
        ("provider-today-empty", render(&quiet)),
        ("provider-services", render(&services)),
        ("provider-members", render(&members)),
        ("provider-signup", render(&signup)),
        ("provider-signup-visitor", render(&visitor)),
    ];
    pages.extend(provider_forms(locale));
    pages
}

fn today(locale: Locale) -> ProviderTodayPage {
    let appointment = |starts_at, consumer: &str, waiting| DayAppointment {
        id: ID.into(),
        starts_at,
        ends_at: starts_at + 30 * MINUTE,
        consumer: consumer.into(),
        service_title: "Videotime".into(),
        about: "Syk hund, fire år. Har spist lite siden i går.".into(),
        member: "Kari Nordli".into(),
        status: AppointmentStatus::Confirmed,
        can_join: waiting,
        waiting,
    };
    let soon = NOW + 12 * MINUTE;
    ProviderTodayPage {
        shell: member(locale, "/provider"),
        org_name: "Dyreklinikken Nordli".into(),
        slug: "dyreklinikken-nordli".into(),
        published: true,
        missing: Vec::new(),
        appointments: vec![
            appointment(soon, "Ola Hansen", true),
            appointment(soon + HOUR, "Mia Kristoffersen", false),
            appointment(TEN, "Per Aasen", false),
        ],
        colleagues: vec![DayAppointment {
            member: "Per Ås".into(),
            about: String::new(),
            ..appointment(TEN, "Anne Berg", true)
        }],
        earned: vec![EarnedToday {
            currency: "NOK".into(),
            calls: 3,
            minor: 84_500,
        }],
    }
}

fn services(locale: Locale) -> ProviderServicesPage {
    let row = |title: &str, price, active| ServiceRow {
        id: ID.into(),
        title: title.into(),
        duration_min: 30,
        price,
        active,
    };
    ProviderServicesPage {
        shell: member(locale, "/provider/services"),
        payments_off: true,
        account: None,
        seller_missing: true,
        services: vec![
            row("Videotime", by_minute(), true),
            row("Ny vurdering", fixed(), true),
            row("Spør", free(), false),
        ],
    }
}

fn tax() -> ListedField {
    let choices = FieldKind::Choice(&[("standard", "vat-standard"), ("exempt_health", "vat-health")]);
    listed("vat_code", "label-vat-code", "hint-vat-code", choices, "standard")
}

fn provider_forms(locale: Locale) -> Pages {
    let service = ProviderServicePage {
        shell: member(locale, "/provider/services/new"),
        payments_off: false,
        seller_missing: true,
        id: None,
        about: vec![
            listed("title", "label-title", "", FieldKind::Line, ""),
            listed(
                "description",
                "label-description",
                "hint-description",
                FieldKind::Text,
                "",
            ),
        ],
        tax: vec![tax()],
        times: times(),
        kind: Field::new("per_minute"),
        amount: Field::default(),
        rate: Field::wrong("x", FieldError::AmountMalformed),
        cap: Field::new("450"),
        free_min: Field::default(),
        policy: PolicyFields {
            choice: Field::new("own"),
            free_h: Field::new("24"),
            percent: Field::wrong("x", FieldError::PolicyPercent),
            ..PolicyFields::default()
        },
        active: Check {
            ticked: true,
            error: None,
        },
    };
    let fixed = ProviderServicePage {
        id: Some(ID.into()),
        kind: Field::new("fixed"),
        ..service.clone()
    };
    let profile = ProviderProfilePage {
        shell: Shell {
            notice: Some(Notice::Published),
            ..member(locale, "/provider/profile")
        },
        slug: "dyreklinikken-nordli".into(),
        published: true,
        missing: Vec::new(),
        mandate_given_at: Some(NOW),
        mandate_withdrawn_at: None,
        fields: business(),
    };
    let paused = ProviderProfilePage {
        published: false,
        missing: vec![SetupStep::Mandate, SetupStep::Publish],
        mandate_given_at: None,
        mandate_withdrawn_at: Some(NOW),
        ..profile.clone()
    };
    vec![
        ("provider-service-new", render(&service)),
        ("provider-service", render(&fixed)),
        ("provider-hours", render(&hours(locale))),
        ("provider-profile", render(&profile)),
        ("provider-profile-paused", render(&paused)),
    ]
}

fn times() -> Vec<ListedField> {
    vec![
        listed(
            "duration_min",
            "label-duration",
            "hint-minutes-5",
            FieldKind::Number,
            "30",
        ),
        listed("buffer_min", "label-buffer", "hint-minutes-5", FieldKind::Number, "5"),
        listed("notice_h", "label-notice", "hint-hours", FieldKind::Number, "2"),
        listed("window_days", "label-window", "hint-days", FieldKind::Number, "30"),
        listed("open_max", "label-open-max", "", FieldKind::Number, "5"),
    ]
}

fn business() -> BusinessFields {
    BusinessFields {
        name: Field::new("Dyreklinikken Nordli"),
        org_number: Field::new("918621415"),
        vat: Field::new("yes"),
        vat_from: Field::new("2020-01-01"),
        category: Field::new("vet"),
        place: Field::new("Bergen"),
        about: Field::new("Vi har hjulpet dyr i Bergen siden 1998."),
    }
}

/// The hours of somebody who has saved none yet.
pub(super) fn first_hours(locale: Locale) -> Pages {
    let page = ProviderHoursPage {
        suggested: true,
        ..hours(locale)
    };
    vec![("provider-hours-suggested", render(&page))]
}

fn hours(locale: Locale) -> ProviderHoursPage {
    let day = |weekday: u8| {
        let open = |from: &str, to: &str| (Field::new(from), Field::new(to));
        let morning = if weekday < 6 {
            open("09:00", "11:30")
        } else {
            open("", "")
        };
        let wrong = (Field::new("12:00"), Field::wrong("11", FieldError::HoursBackwards));
        let spans = if weekday == 2 {
            [morning, wrong]
        } else {
            [morning, open("", "")]
        };
        WeekdayHours { weekday, spans }
    };
    ProviderHoursPage {
        shell: member(locale, "/provider/hours"),
        member: "Kari Nordli".into(),
        week: (1..=7).map(day).collect(),
        suggested: false,
        closed: vec![ClosedDay {
            id: ID.into(),
            date: jiff::civil::Date::constant(2026, 12, 24),
            reason: "Julaften".into(),
            booked: vec![row(AppointmentStatus::Confirmed, TEN + 30 * DAY, false)],
        }],
        date: Field::default(),
        reason: Field::default(),
    }
}

pub(super) fn operator(locale: Locale) -> Pages {
    let call = |health, loss_permille| LiveCallRow {
        id: ID.into(),
        health,
        started_at: NOW - 14 * MINUTE,
        provider: "Dyreklinikken Nordli".into(),
        consumer: "O.H.".into(),
        elapsed_ms: 724_000,
        billable_ms: 712_000,
        up_bps: 180_000,
        down_bps: 1_250_000,
        loss_permille,
    };
    let calls = OperatorCallsPage {
        shell: operator_shell(locale, "/operator"),
        missing: Vec::new(),
        calls: vec![
            call(CallHealth::Weak, 41),
            call(CallHealth::Reconnecting, 0),
            call(CallHealth::Good, 1),
            call(CallHealth::Waiting, 0),
        ],
    };
    let row = |what, way_out, is_broken| MissingRow {
        what: texts::t(locale, what, &[]),
        way_out: texts::t(locale, way_out, &[]),
        is_broken,
    };
    let empty = OperatorCallsPage {
        calls: Vec::new(),
        missing: vec![
            row("advice-loopback", "advice-loopback-do", true),
            row("advice-mail", "advice-mail-do", false),
            row("advice-payments-none", "advice-payments-none-do", false),
        ],
        ..calls.clone()
    };
    let setup = |expired| {
        render(&OperatorSetupPage {
            shell: shell(locale, "/operator/setup/x"),
            token: "x".into(),
            name: Field::default(),
            email: Field::wrong("", FieldError::EmailMissing),
            password: Some(FieldError::PasswordMissing),
            expired,
        })
    };
    let mut pages = vec![
        ("operator-calls", render(&calls)),
        ("operator-calls-empty", render(&empty)),
        ("operator-call", render(&live_call(locale))),
        ("operator-setup", setup(false)),
        ("operator-setup-expired", setup(true)),
    ];
    pages.extend(people(locale));
    pages.extend(operator_appointments(locale));
    pages
}

const LOOKS: [&str; 31] = [
    "call_seen",
    "capture_started",
    "appointment_seen",
    "document_seen",
    "appointments_seen",
    "outbox_seen",
    "outbox_searched",
    "mail_seen",
    "mail_resent",
    "people_searched",
    "operator_invited",
    "operator_made",
    "link_made",
    "retention_approved",
    "retention_stopped",
    "hold_placed",
    "hold_lifted",
    "refunds_seen",
    "invoices_seen",
    "refund_made",
    "refund_asked",
    "refund_approved",
    "refund_declined",
    "commission_set",
    "payout_made",
    "payout_downloaded",
    "payout_sent",
    "payout_cancelled",
    "promo_made",
    "promo_stopped",
    "other",
];

fn people(locale: Locale) -> Pages {
    let person = PersonRow {
        id: ID.into(),
        name: "Ola Hansen".into(),
        email: "ola@example.no".into(),
        phone: "912 34 567".into(),
        business: "Dyreklinikken Nordli".into(),
        is_operator: true,
        since: NOW,
        let_downs: broken(2, 1),
    };
    let people = OperatorPeoplePage {
        shell: operator_shell(locale, "/operator/people"),
        q: Field::wrong("o", FieldError::TermTooShort),
        reason: Field::wrong("", FieldError::LookReasonMissing),
        email: Field::default(),
        found: Some(vec![person]),
        operators: vec![OperatorRow {
            name: "Siri Drift".into(),
            email: "drift@example.no".into(),
            since: NOW,
        }],
        looks: LOOKS
            .map(|action| LookRow {
                at: NOW,
                operator: "Siri Drift".into(),
                action: action.into(),
                reason: "Ringte".into(),
            })
            .to_vec(),
    };
    let strangers = OperatorPeoplePage {
        q: Field::new("ingen"),
        reason: Field::new("Ringte"),
        found: Some(Vec::new()),
        looks: Vec::new(),
        ..people.clone()
    };
    vec![
        ("operator-people", render(&people)),
        ("operator-people-none", render(&strangers)),
    ]
}

fn live_call(locale: Locale) -> OperatorCallPage {
    let seat = |name: &str, is_provider, connected| LiveParticipant {
        name: name.into(),
        is_provider,
        connected,
        packets_in: 48_211,
        packets_out: 47_990,
        bitrate_in_bps: 1_400_000,
        bitrate_out_bps: 1_300_000,
        round_trip_ms: connected.then_some(34),
        loss_permille: 2,
    };
    let leg = |sent, source, score_centi| LegRow {
        who: "Kari Nordli".into(),
        sent,
        source,
        from: if sent { "Kari Nordli" } else { "O.H." }.into(),
        bitrate_bps: 1_250_000,
        lost_permille: 12,
        jitter_ms: 8,
        layer: (source != LegSource::Microphone).then_some((1, 2)),
        wanted_layer: (source == LegSource::Camera && !sent).then_some((2, 2)),
        score_centi,
    };
    OperatorCallPage {
        shell: operator_shell(locale, &format!("/operator/calls/{ID}")),
        id: ID.into(),
        provider: "Dyreklinikken Nordli".into(),
        health: CallHealth::Good,
        starts_at: NOW - 10 * MINUTE,
        ends_at: NOW + 20 * MINUTE,
        billable_ms: 560_000,
        participants: vec![seat("Kari Nordli", true, true), seat("O.H.", false, false)],
        legs: vec![
            leg(true, LegSource::Microphone, Some(431)),
            leg(true, LegSource::Camera, None),
            leg(false, LegSource::Camera, Some(312)),
            leg(false, LegSource::Screen, Some(180)),
        ],
    }
}

fn operator_appointments(locale: Locale) -> Pages {
    let row = |status| OperatorAppointmentRow {
        id: ID.into(),
        reference: "B7K-42Q".into(),
        starts_at: TEN,
        provider: "Dyreklinikken Nordli".into(),
        consumer: "O.H.".into(),
        service_title: "Videotime".into(),
        status,
        charged_minor: matches!(status, AppointmentStatus::Completed).then_some(32_500),
        currency: "NOK".into(),
    };
    let list = OperatorAppointmentsPage {
        shell: operator_shell(locale, "/operator/appointments"),
        rows: AppointmentStatus::ALL.map(row).to_vec(),
        status: Some(AppointmentStatus::Completed),
        q: String::new(),
        total: 1,
        page: 1,
        pages: 1,
    };
    let detail = inspected(locale);
    let bare = OperatorAppointmentPage {
        quality: Vec::new(),
        segments: Vec::new(),
        payments: Vec::new(),
        ledger: Vec::new(),
        documents: Vec::new(),
        dispute: None,
        ..detail.clone()
    };
    vec![
        ("operator-appointments", render(&list)),
        (
            "operator-appointments-none",
            render(&OperatorAppointmentsPage {
                rows: Vec::new(),
                ..list.clone()
            }),
        ),
        ("operator-appointment", render(&detail)),
        ("operator-appointment-bare", render(&bare)),
    ]
}

pub(super) fn inspected(locale: Locale) -> OperatorAppointmentPage {
    let segment = |who: &str, ended_at| SegmentRow {
        who: who.into(),
        seq: 1,
        started_at: TEN,
        last_seen_at: TEN + 20 * MINUTE,
        ended_at,
        ending: ended_at.map(|_| RecordWord::ending("connection_lost")),
    };
    let entry = |account: &str, amount_minor| LedgerRow {
        at: TEN,
        transaction: RecordWord::transaction("captured"),
        account: RecordWord::account(account),
        amount_minor,
        currency: "NOK".into(),
    };
    let course = |sent, source, mean_centi| QualityRow {
        who: "Kari Nordli".into(),
        sent,
        source,
        from: "O.H.".into(),
        from_at: TEN,
        to_at: TEN + 20 * MINUTE,
        lowest_centi: 210,
        mean_centi,
        lost_permille_max: 45,
        lines: vec!["0,2 20,2 24,16 40,4 60,3".into(), "70,3 90,5 119,2".into()],
    };
    OperatorAppointmentPage {
        shell: operator_shell(locale, &format!("/operator/appointments/{ID}")),
        id: ID.into(),
        reference: "B7K-42Q".into(),
        status: AppointmentStatus::Completed,
        provider: "Dyreklinikken Nordli".into(),
        consumer: "O.H.".into(),
        service_title: "Videotime".into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        timeline: timeline(false),
        quality: vec![
            course(true, LegSource::Microphone, 421),
            course(false, LegSource::Camera, 297),
        ],
        segments: vec![segment("Kari Nordli", Some(TEN + 20 * MINUTE)), segment("O.H.", None)],
        payments: vec![PaymentRow {
            at: TEN,
            operation: RecordWord::operation("capture"),
            state: RecordWord::operation_state("done"),
            amount_minor: 32_500,
            currency: "NOK".into(),
            detail: String::new(),
        }],
        ledger: vec![entry("psp_clearing", 32_500), entry("provider_payable", -32_500)],
        documents: vec![document("document-receipt")],
        dispute: Some(DisputeStatus::Answered),
    }
}
