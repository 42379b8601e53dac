//! What the operator sends to businesses: invoices of its commission, and statements of what is held and paid out.

use texts::{Locale, format, t};

use super::paper::{Paper, PaperLine, Party, VatLine};
use super::{Document, DocumentKind, New, issue_document, queries, seller_of};
use crate::base::db::{DbError, Tx};
use crate::base::money::VatSplit;
use crate::base::vat::VatCode;
use crate::base::{Base, DEFAULT_ZONE, Micros, Result};

/// What commission of a business comes to that is taxed in one way; minor units, with tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CommissionPart {
    pub is_taxed: bool,
    pub kept_minor: i64,
    pub kept_vat_minor: i64,
    /// Given back with refunds.
    pub back_minor: i64,
    pub back_vat_minor: i64,
}

impl CommissionPart {
    fn gross_minor(&self) -> i64 {
        self.kept_minor.saturating_sub(self.back_minor)
    }

    fn vat_minor(&self) -> i64 {
        self.kept_vat_minor.saturating_sub(self.back_vat_minor)
    }
}

/// What a document of the operator's is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub org_id: &'a str,
    pub currency: &'a str,
    /// No money has moved.
    pub is_test: bool,
    /// From the one moment until before the other.
    pub period: (Micros, Micros),
    /// Names it among the documents of its kind.
    pub cause: &'a str,
    /// Of the reader.
    pub locale: Locale,
}

/// Issues the invoice of the commission that was kept in a period, in the caller's transaction; none where there is nothing
/// to be paid. It was kept already, so nothing is asked for.
///
/// # Errors
/// As [`issue_document`].
pub async fn issue_commission_invoice(
    state: &Base,
    tx: &mut Tx,
    about: About<'_>,
    parts: &[CommissionPart],
) -> Result<Option<Document>> {
    let total: i64 = parts.iter().map(CommissionPart::gross_minor).sum();
    if total <= 0 {
        return Ok(None);
    }
    let mut paper = draft(state, tx, about, DocumentKind::CommissionInvoice).await?;
    let text = |key: &str| t(about.locale, key, &[]);
    for part in parts {
        if part.kept_minor != 0 {
            paper.lines.push(PaperLine {
                text: vec![text("document-commission"), period_words(about)],
                amount_minor: part.kept_minor,
            });
        }
        if part.back_minor != 0 {
            paper.lines.push(PaperLine {
                text: vec![text("document-commission-back")],
                amount_minor: -part.back_minor,
            });
        }
        let split = VatSplit {
            net_minor: part.gross_minor() - part.vat_minor(),
            vat_minor: part.vat_minor(),
            gross_minor: part.gross_minor(),
            rate_bp: if part.is_taxed {
                VatCode::Standard.rate_bp(about.period.0)
            } else {
                0
            },
        };
        let code = if part.is_taxed {
            VatCode::Standard
        } else {
            VatCode::Unregistered
        };
        paper.vat.push(VatLine::new(code, split));
    }
    paper.payment_heading = text("document-commission-paid");
    paper.payment = vec![(text("document-commission-kept"), total)];
    issue(state, tx, about, paper).await.map(Some)
}

/// Issues the statement of a period: what stood there before, what changed it, and what stands there after it. `lines` are
/// labels with minor units; the first one is the balance before, where there is one.
///
/// # Errors
/// As [`issue_document`].
pub async fn issue_statement(
    state: &Base,
    tx: &mut Tx,
    about: About<'_>,
    lines: Vec<(String, i64)>,
    notes: Vec<String>,
) -> Result<Document> {
    let mut paper = draft(state, tx, about, DocumentKind::PayoutStatement).await?;
    paper
        .facts
        .push((t(about.locale, "document-period", &[]), period_words(about)));
    paper.lines = lines
        .into_iter()
        .map(|(label, amount_minor)| PaperLine {
            text: vec![label],
            amount_minor,
        })
        .collect();
    paper.notes = notes;
    issue(state, tx, about, paper).await
}

async fn issue(state: &Base, tx: &mut Tx, about: About<'_>, paper: Paper) -> Result<Document> {
    let new = New {
        org_id: about.org_id,
        appointment_id: None,
        payment_id: None,
        cause: about.cause,
        refers_to: None,
        paper,
    };
    issue_document(state, tx, new).await
}

/// `1. november 2026 – 30. november 2026`
fn period_words(about: About<'_>) -> String {
    let day = |at| format::date_of(at, DEFAULT_ZONE).to_string();
    format!("{} – {}", day(about.period.0), day(about.period.1.saturating_sub(1)))
}

/// Both sides of a document of the operator's; lines and tax are missing.
async fn draft(state: &Base, tx: &mut Tx, about: About<'_>, kind: DocumentKind) -> Result<Paper> {
    let registered = crate::providers::vat::is_registered(tx, about.org_id, state.now()).await?;
    Ok(Paper {
        kind,
        number: String::new(),
        issued_at: 0,
        locale: about.locale,
        time_zone: DEFAULT_ZONE.to_owned(),
        currency: about.currency.to_owned(),
        facts: Vec::new(),
        seller: platform(state),
        buyer: seller_of(tx, about.org_id, registered).await?,
        lines: Vec::new(),
        vat: Vec::new(),
        payment_heading: String::new(),
        payment: Vec::new(),
        notes: Vec::new(),
        test: about.is_test,
    })
}

/// The operator as a business.
fn platform(state: &Base) -> Party {
    let name = match state.config.controller.name.trim() {
        "" => "Booka",
        name => name,
    };
    let since = state.config.platform.vat_from;
    Party {
        name: name.to_owned(),
        orgno: state.config.controller.org_number.clone(),
        vat_registered: since.is_some_and(|since| since <= state.now()),
        names_register: false,
        address: state.config.platform.address.clone(),
    }
}

/// In which language a business reads: its first owner's.
///
/// # Errors
/// When the database fails.
pub async fn language_of(tx: &mut Tx, org: &str) -> Result<Locale, DbError> {
    let tag = queries::owner_locale(tx, org).await?;
    Ok(tag.and_then(|tag| Locale::from_tag(&tag)).unwrap_or_default())
}
