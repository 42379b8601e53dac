//! The provider's own pages: today, services, hours, members, profile.

use askama::Template;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::appointment::{AppointmentRow, AppointmentStatus};
use super::{Check, Field, ListedField, PriceTerms, Shell};
use crate::{format, routes};

/// What a business says about itself, in the form fields of the same names: when it signs up, and in its profile.
#[derive(Debug, Clone, Default)]
pub struct BusinessFields {
    pub name: Field,
    /// Optional, nine digits.
    pub org_number: Field,
    /// `yes` or `no`; nothing is chosen beforehand.
    pub vat: Field,
    /// ISO date from which the answer holds.
    pub vat_from: Field,
    /// Slug of the category.
    pub category: Field,
    pub place: Field,
    pub about: Field,
}

impl BusinessFields {
    fn problems(&self, shell: &Shell) -> Vec<(&'static str, String)> {
        shell.problems(&[
            ("name", self.name.error),
            ("org_number", self.org_number.error),
            ("vat", self.vat.error),
            ("vat_from", self.vat_from.error),
            ("category", self.category.error),
            ("place", self.place.error),
            ("about", self.about.error),
        ])
    }
}

/// `/provider/signup`, for a signed-in person.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_signup.html")]
pub struct ProviderSignupPage {
    pub shell: Shell,
    pub fields: BusinessFields,
}

/// One appointment of the day.
#[derive(Debug, Clone)]
pub struct DayAppointment {
    pub id: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub consumer: String,
    pub service_title: String,
    pub about: String,
    pub member: String,
    pub status: AppointmentStatus,
    pub can_join: bool,
    /// The consumer is in the waiting room.
    pub waiting: bool,
}

/// What is still to do before the first booking; `None` of them left means ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStep {
    Service,
    /// An account for payments, where each business has its own.
    Payments,
    Hours,
    /// Saying who sells.
    Seller,
    Mandate,
    Publish,
}

impl SetupStep {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Service => "setup-service",
            Self::Payments => "setup-payments",
            Self::Hours => "setup-hours",
            Self::Seller => "setup-seller",
            Self::Mandate => "setup-mandate",
            Self::Publish => "setup-publish",
        }
    }

    #[must_use]
    pub fn url(self) -> &'static str {
        match self {
            Self::Service => routes::pattern::PROVIDER_SERVICES,
            Self::Payments => routes::pattern::PROVIDER_PAYMENTS,
            Self::Hours => routes::pattern::PROVIDER_HOURS,
            Self::Seller => routes::pattern::PROVIDER_SELLER,
            Self::Mandate | Self::Publish => routes::pattern::PROVIDER_PROFILE,
        }
    }
}

/// `/provider`
#[derive(Debug, Clone, Template)]
#[template(path = "provider_today.html")]
pub struct ProviderTodayPage {
    pub shell: Shell,
    pub org_name: String,
    pub slug: String,
    pub published: bool,
    pub missing: Vec<SetupStep>,
    /// Soonest first; those of today and the coming days.
    pub appointments: Vec<DayAppointment>,
    /// What the others of the business take, soonest first.
    pub colleagues: Vec<DayAppointment>,
    /// What calls came to today, by currency.
    pub earned: Vec<EarnedToday>,
}

/// What the calls of today came to in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarnedToday {
    pub currency: String,
    /// Calls that somebody paid for.
    pub calls: u32,
    pub minor: i64,
}

/// How long a stretch the list of appointments shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgendaPeriod {
    Week,
    Month,
}

/// One appointment in the list.
#[derive(Debug, Clone)]
pub struct AgendaEntry {
    pub id: String,
    pub starts_at: i64,
    pub ends_at: i64,
    /// Empty once the account is erased.
    pub consumer: String,
    pub service_title: String,
    pub member: String,
    pub status: AppointmentStatus,
    /// Once the call is settled.
    pub money: Option<EntryMoney>,
    /// Number of the receipt.
    pub receipt: Option<String>,
}

/// What the customer of a settled call paid and still owes, minor units.
#[derive(Debug, Clone)]
pub struct EntryMoney {
    pub currency: String,
    pub paid_minor: i64,
    pub owed_minor: i64,
}

/// What the calls of the period came to in one currency, minor units.
#[derive(Debug, Clone)]
pub struct EarnedRow {
    pub currency: String,
    pub calls: u32,
    pub gross_minor: i64,
    pub vat_minor: i64,
    pub owed_minor: i64,
}

impl EarnedRow {
    fn net_minor(&self) -> i64 {
        self.gross_minor - self.vat_minor
    }
}

/// `/provider/appointments?by=&day=&page=`
#[derive(Debug, Clone, Template)]
#[template(path = "provider_appointments.html")]
pub struct ProviderAppointmentsPage {
    pub shell: Shell,
    pub period: AgendaPeriod,
    pub today: Date,
    /// First and last day of the period.
    pub first: Date,
    pub last: Date,
    /// In order of time, those of this page.
    pub entries: Vec<AgendaEntry>,
    /// How many the period has.
    pub total: u32,
    pub earned: Vec<EarnedRow>,
    pub page: u32,
    pub pages: u32,
}

impl ProviderAppointmentsPage {
    fn url(&self, period: AgendaPeriod, day: Date, page: u32) -> String {
        routes::provider_appointments(period == AgendaPeriod::Month, day, page)
    }

    fn earlier_url(&self) -> String {
        self.url(self.period, self.first.saturating_sub(1.days()), 1)
    }

    fn later_url(&self) -> String {
        self.url(self.period, self.last.saturating_add(1.days()), 1)
    }

    fn now_url(&self) -> String {
        self.url(self.period, self.today, 1)
    }

    fn week_url(&self) -> String {
        self.url(AgendaPeriod::Week, self.day_to_keep(), 1)
    }

    fn month_url(&self) -> String {
        self.url(AgendaPeriod::Month, self.day_to_keep(), 1)
    }

    fn before_url(&self) -> String {
        self.url(self.period, self.first, self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        self.url(self.period, self.first, self.page.saturating_add(1))
    }

    /// Today where the period has it, so that month and week change into one another around it.
    fn day_to_keep(&self) -> Date {
        if self.is_now() { self.today } else { self.first }
    }

    fn is_now(&self) -> bool {
        (self.first..=self.last).contains(&self.today)
    }

    fn is_week(&self) -> bool {
        self.period == AgendaPeriod::Week
    }

    /// `Uke 48: 23. november – 29. november 2026`, `november 2026`
    fn heading(&self) -> String {
        if self.period == AgendaPeriod::Month {
            return self.shell.capital(self.shell.month_year(self.first));
        }
        let days = self.shell.t2(
            "agenda-days",
            "from",
            self.shell.date_only(self.first),
            "to",
            format!("{} {}", self.shell.date_only(self.last), self.last.year()),
        );
        let week = self.first.iso_week_date().week().to_string();
        self.shell.t2("agenda-week", "week", week, "days", days)
    }

    /// Whether an entry is the first of its day on this page.
    fn begins_day(&self, index: &usize) -> bool {
        let day = |entry: &AgendaEntry| format::date_of(entry.starts_at, &self.shell.zone);
        *index == 0 || day(&self.entries[*index]) != day(&self.entries[*index - 1])
    }
}

/// One service in the provider's list.
#[derive(Debug, Clone)]
pub struct ServiceRow {
    pub id: String,
    pub title: String,
    pub duration_min: u32,
    pub price: PriceTerms,
    pub active: bool,
}

/// `/provider/services`
#[derive(Debug, Clone, Template)]
#[template(path = "provider_services.html")]
pub struct ProviderServicesPage {
    pub shell: Shell,
    /// Nobody takes payments here: only free services can be offered.
    pub payments_off: bool,
    /// Where each business has an account of its own for payments: whether this one's takes them.
    pub account: Option<bool>,
    /// What has a price cannot be ordered, because the business has not said who sells.
    pub seller_missing: bool,
    pub services: Vec<ServiceRow>,
}

impl ProviderServicesPage {
    fn account_text(&self) -> &'static str {
        match self.account {
            Some(true) => "seller-ready",
            Some(false) | None => "seller-missing",
        }
    }
}

/// `/provider/services/{id}` and `/provider/services/new`. Form fields: as named here, `kind` being `per_minute`, `fixed`
/// or `free`, amounts in kroner, `active` `yes`; `action=remove` takes the service away.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_service.html")]
pub struct ProviderServicePage {
    pub shell: Shell,
    pub payments_off: bool,
    /// The business has not said who sells, which what has a price needs.
    pub seller_missing: bool,
    /// `None` for a new one.
    pub id: Option<String>,
    /// What it is.
    pub about: Vec<ListedField>,
    /// How it is taxed.
    pub tax: Vec<ListedField>,
    /// When it can be booked.
    pub times: Vec<ListedField>,
    pub kind: Field,
    /// Fixed price, kroner.
    pub amount: Field,
    /// Per minute, kroner.
    pub rate: Field,
    pub cap: Field,
    pub free_min: Field,
    pub policy: PolicyFields,
    pub active: Check,
}

/// What cancelling costs. Form fields: `policy` (`free`, `day`, `strict` or `own`), and for `own` the others.
#[derive(Debug, Clone, Default)]
pub struct PolicyFields {
    pub choice: Field,
    /// `policy_free_h`: free until so many hours before the start.
    pub free_h: Field,
    /// `policy_percent` of the price after that.
    pub percent: Field,
    /// `policy_full_h`: the full price from so many hours before the start on.
    pub full_h: Field,
    /// `policy_no_show`: per cent.
    pub no_show: Field,
    /// `policy_notice_h`: no cancelling in the last hours.
    pub notice_h: Field,
}

/// Opening hours of one weekday, up to two spans. Form fields: `d{1..7}_{1|2}_{from|to}` as `HH:MM`, 1 is Monday.
#[derive(Debug, Clone)]
pub struct WeekdayHours {
    /// 1 (Monday) to 7.
    pub weekday: u8,
    pub spans: [(Field, Field); 2],
}

impl WeekdayHours {
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.spans
            .iter()
            .all(|(from, to)| from.value.is_empty() && to.value.is_empty())
    }

    /// Whether the second span is asked for, or wrong.
    fn has_second(&self) -> bool {
        let (from, to) = &self.spans[1];
        [from, to]
            .iter()
            .any(|field| !field.value.is_empty() || field.error.is_some())
    }
}

/// A day that differs from the week.
#[derive(Debug, Clone)]
pub struct ClosedDay {
    pub id: String,
    pub date: jiff::civil::Date,
    pub reason: String,
    /// Appointments on that day, which closing does not cancel.
    pub booked: Vec<AppointmentRow>,
}

/// `/provider/hours`. `action=save` with the week, `zone`; `action=close` with `date`, `reason`; `action=open` with `id`.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_hours.html")]
pub struct ProviderHoursPage {
    pub shell: Shell,
    /// Whose hours these are.
    pub member: String,
    pub week: Vec<WeekdayHours>,
    /// Nothing is saved yet: the week is a suggestion.
    pub suggested: bool,
    pub closed: Vec<ClosedDay>,
    pub date: Field,
    pub reason: Field,
}

/// A person who was asked and has not said yes.
#[derive(Debug, Clone)]
pub struct InvitedRow {
    pub id: String,
    pub email: String,
    pub sent_at: i64,
    pub declined: bool,
}

/// One person of a provider.
#[derive(Debug, Clone)]
pub struct MemberRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub is_owner: bool,
    /// This is the viewer.
    pub is_me: bool,
    pub tint: u8,
    pub let_downs: Broken,
}

/// Appointments of the last year in which customers were let down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Broken {
    /// The provider's side cancelled them.
    pub cancelled: i64,
    /// Nobody of the provider came.
    pub missed: i64,
}

impl Broken {
    /// The sentence, where there is something to tell.
    pub(crate) fn sentence(&self, shell: &Shell) -> Option<String> {
        let args = [("cancelled", self.cancelled.into()), ("missed", self.missed.into())];
        (self.cancelled + self.missed > 0).then(|| crate::text::t(shell.locale, "let-downs", &args))
    }
}

/// `/provider/members`. `action=add` with `email`, `name`; `action=remove` with `id`.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_members.html")]
pub struct ProviderMembersPage {
    pub shell: Shell,
    pub members: Vec<MemberRow>,
    pub invited: Vec<InvitedRow>,
    pub email: Field,
}

/// `/provider/profile`. `action=save` with the fields, `action=publish`, `action=pause`; `action=mandate` lets the platform
/// issue receipts, `action=withdraw` takes that back.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_profile.html")]
pub struct ProviderProfilePage {
    pub shell: Shell,
    pub slug: String,
    pub published: bool,
    /// What stands in the way of publishing.
    pub missing: Vec<SetupStep>,
    /// When the mandate to issue receipts was given, where it stands.
    pub mandate_given_at: Option<i64>,
    /// When it was withdrawn, where it does not stand any more.
    pub mandate_withdrawn_at: Option<i64>,
    pub fields: BusinessFields,
}

impl ProviderServicePage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        let listed = |fields: &[ListedField]| {
            let errors = fields.iter().map(|listed| (listed.name, listed.field.error));
            errors.collect::<Vec<_>>()
        };
        let price = vec![
            ("kind", self.kind.error),
            ("rate", self.rate.error),
            ("cap", self.cap.error),
            ("free_min", self.free_min.error),
            ("amount", self.amount.error),
        ];
        let policy = vec![
            ("policy", self.policy.choice.error),
            ("policy_free_h", self.policy.free_h.error),
            ("policy_percent", self.policy.percent.error),
            ("policy_full_h", self.policy.full_h.error),
            ("policy_no_show", self.policy.no_show.error),
            ("policy_notice_h", self.policy.notice_h.error),
        ];
        let active = vec![("active", self.active.error)];
        let all = [
            listed(&self.about),
            price,
            policy,
            listed(&self.tax),
            listed(&self.times),
            active,
        ];
        self.shell.problems(&all.concat())
    }

    fn heading(&self) -> String {
        self.shell.t(if self.id.is_some() {
            "service-edit"
        } else {
            "service-new"
        })
    }

    fn url(&self) -> String {
        routes::provider_service(self.id.as_deref().unwrap_or("new"))
    }
}

impl ProviderMembersPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("email", self.email.error)])
    }
}

impl ProviderProfilePage {
    /// What must be done before publishing, which is done on this very page.
    fn missing_first(&self) -> Vec<SetupStep> {
        let steps = self.missing.iter().copied();
        steps.filter(|step| *step != SetupStep::Publish).collect()
    }

    /// The business sells and has not let the platform issue receipts yet, or has taken that back.
    fn asks_mandate(&self) -> bool {
        self.missing.contains(&SetupStep::Mandate) || self.mandate_withdrawn_at.is_some()
    }

    /// Nothing but the publishing itself is missing.
    fn can_publish(&self) -> bool {
        self.missing.iter().all(|step| *step == SetupStep::Publish)
    }
}

impl ProviderTodayPage {
    fn next(&self) -> Option<&DayAppointment> {
        self.appointments.first()
    }
}

impl ProviderHoursPage {
    /// Errors of the week lead to the field they are in; the closed day's fields follow.
    fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        for day in &self.week {
            for (index, (from, to)) in day.spans.iter().enumerate() {
                for (end, field) in [("from", from), ("to", to)] {
                    if let Some(error) = field.error {
                        let id = format!("d{}_{}_{end}", day.weekday, index + 1);
                        let weekday = self.shell.capital(self.shell.weekday(&day.weekday));
                        problems.push((id, format!("{weekday}: {}", self.shell.t(error.key()))));
                    }
                }
            }
        }
        let rest = self
            .shell
            .problems(&[("date", self.date.error), ("reason", self.reason.error)]);
        problems.extend(rest.into_iter().map(|(id, sentence)| (id.to_owned(), sentence)));
        problems
    }
}
