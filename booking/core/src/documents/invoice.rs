//! Invoices: what a customer is to pay after the call, until when, and by which reference.

use jiff::civil::Date;
use texts::t;

use super::receipt::draft_sale;
use super::{Document, DocumentKind, New, issue_numbered};
use crate::appointments::Appointment;
use crate::base::db::Tx;
use crate::base::{Base, Fault, Result};
use crate::billing::invoice::{account_words, kid};
use crate::billing::{Charge, Payment};

/// What an invoice says beyond what was sold.
#[derive(Debug, Clone, Copy)]
pub struct InvoiceBasis<'a> {
    /// The account that the money goes to, eleven digits.
    pub account: &'a str,
    /// The last day for paying.
    pub due: Date,
    /// Of the seller, in the references of its invoices.
    pub seller_number: i64,
    /// What is to be paid, minor units.
    pub amount_minor: i64,
}

/// Issues the invoice of a payment, in the caller's transaction, and returns its reference (KID) with it; one that is there
/// already is returned.
///
/// # Errors
/// As [`super::issue_document`]; [`Fault::Internal`] when the numbers leave the range of references.
pub async fn issue_invoice(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    charge: &Charge,
    payment: &Payment,
    basis: InvoiceBasis<'_>,
) -> Result<(Document, String)> {
    let sold = (payment, basis.amount_minor);
    let (mut paper, _) = draft_sale(state, tx, appointment, charge, sold, DocumentKind::Invoice).await?;
    let text = |key: &str| t(paper.locale, key, &[]);
    let facts = [
        (text("document-due"), basis.due.to_string()),
        (text("document-account"), account_words(basis.account)),
    ];
    paper.payment_heading = text("document-to-pay");
    paper.payment = vec![(text("document-to-pay-sum"), basis.amount_minor)];
    paper.facts.extend(facts);
    let locale = paper.locale;
    let reference = |year, number| {
        kid(basis.seller_number, year, number)
            .ok_or_else(|| Fault::Internal("the number of an invoice leaves the range of references".to_owned()))
    };
    let new = New {
        org_id: &appointment.org_id,
        appointment_id: Some(&appointment.id),
        payment_id: Some(&payment.id),
        cause: &format!("invoice:{}", payment.id),
        refers_to: None,
        paper,
    };
    let document = issue_numbered(state, tx, new, |paper, year, number| {
        paper
            .facts
            .push((t(locale, "document-kid", &[]), reference(year, number)?));
        Ok(())
    })
    .await?;
    let kid = reference(document.year, document.number)?;
    Ok((document, kid))
}
