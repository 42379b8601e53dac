//! Receipts of payments, and the credit notes that take back what was refunded, in the customer's language.

use signaling_protocol::PriceModel;
use texts::{Locale, format, t};

use super::paper::{Paper, PaperLine, Party, VatLine};
use super::{Document, DocumentKind, New, issue_document, queries};
use crate::appointments::{self, Appointment, WITHDRAWN};
use crate::base::db::Tx;
use crate::base::money::{VatSplit, share_of_vat, split_vat_between};
use crate::base::vat::VatCode;
use crate::base::{Base, Fault, Micros, Result};
use crate::billing::queries as billing;
use crate::billing::{Charge, Payment};
use crate::calls;
use crate::providers::seller::find_seller;

/// Who sells, as a document names it; `vat_registered` as it was when the thing was sold.
///
/// # Errors
/// When the database fails.
pub async fn seller_of(tx: &mut Tx, org: &str, vat_registered: bool) -> Result<Party> {
    let Some(seller) = find_seller(tx, org).await? else {
        let (name, orgno, postcode, town) = queries::unstated_seller(tx, org).await?;
        return Ok(Party {
            name,
            orgno,
            vat_registered,
            address: vec![format!("{postcode} {town}").trim().to_owned()],
            names_register: false,
        });
    };
    let mut address = seller.postal_lines();
    // Customers know it by the name on its page.
    if seller.name != seller.identity.legal_name {
        address.insert(0, seller.name.clone());
    }
    Ok(Party {
        names_register: seller.identity.legal_form.names_register(),
        name: seller.identity.legal_name,
        orgno: seller.orgno,
        vat_registered,
        address,
    })
}

/// Issues the receipt of a captured payment, in the caller's transaction; one that is there already is returned. Amounts
/// are what was reserved and what was captured, minor units.
///
/// # Errors
/// As [`issue_document`].
pub async fn issue_receipt(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    charge: &Charge,
    payment: &Payment,
    (reserved_minor, captured_minor): (i64, i64),
) -> Result<Document> {
    if let Some(document) = queries::of_payment(tx, &payment.id, DocumentKind::Receipt).await? {
        return Ok(document);
    }
    let (mut paper, (before, after)) = draft_sale(
        state,
        tx,
        appointment,
        charge,
        (payment, captured_minor),
        DocumentKind::Receipt,
    )
    .await?;
    let text = |key: &str| t(paper.locale, key, &[]);
    paper.payment_heading = format!("{}: {}", text("document-payment"), method_name(paper.locale, payment));
    paper.payment = vec![
        (text("document-reserved"), reserved_minor),
        (text("document-charged"), captured_minor),
        (text("document-released"), reserved_minor - captured_minor),
    ];
    paper
        .payment
        .extend(of_parts(paper.locale, charge.amount.minor, before, after));
    let new = New {
        org_id: &appointment.org_id,
        appointment_id: Some(&appointment.id),
        payment_id: Some(&payment.id),
        cause: &format!("receipt:{}", payment.id),
        refers_to: None,
        paper,
    };
    issue_document(state, tx, new).await
}

/// A document of so much of what a call came to, minor units, with its line and its tax. What it came to may be on several:
/// together they have the tax of the whole. With it goes how much of it documents have without this one and with it.
pub(super) async fn draft_sale(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    charge: &Charge,
    (payment, amount_minor): (&Payment, i64),
    kind: DocumentKind,
) -> Result<(Paper, (i64, i64))> {
    let receipts = queries::sum_of_appointment(tx, &appointment.id, DocumentKind::Receipt).await?;
    let invoices = queries::sum_of_appointment(tx, &appointment.id, DocumentKind::Invoice).await?;
    let before = receipts.checked_add(invoices).ok_or_else(out_of_range)?;
    let after = before.checked_add(amount_minor).ok_or_else(out_of_range)?;
    let mut paper = draft(state, tx, appointment, kind, payment).await?;
    paper.seller.vat_registered = was_registered(tx, appointment, charge).await?;
    let (spans, billable) = (calls::load_measured(tx, &appointment.id).await?, charge.billable);
    let said = Said {
        locale: paper.locale,
        appointment,
        from: spans.as_slice().first().map_or(appointment.start_us, |span| span.from),
        to: spans.as_slice().last().map_or(appointment.end_us, |span| span.to),
        billable,
    };
    paper.lines = lines_of(&said, charge, amount_minor);
    let split = split_vat_between(before, after, charge.vat_bp);
    paper.vat.push(VatLine::new(charge.vat_code, split));
    Ok((paper, (before, after)))
}

/// What a receipt says besides where several payments make one charge: the whole of it, what earlier receipts have, and
/// what is still to come. Minor units; `before` and `after` are what receipts have without this one and with it.
fn of_parts(locale: Locale, charge_minor: i64, before: i64, after: i64) -> Vec<(String, i64)> {
    if before == 0 && after >= charge_minor {
        return Vec::new();
    }
    let lines = [
        ("document-charge", charge_minor),
        ("document-paid-before", before),
        ("document-left", charge_minor.saturating_sub(after)),
    ];
    let said = lines.into_iter().filter(|(_, minor)| *minor > 0);
    said.map(|(key, minor)| (t(locale, key, &[]), minor)).collect()
}

/// Issues the credit note of a refund, in the caller's transaction; one that is there already is returned, and there is none
/// where the payment has no receipt. `refund` names the refund among all of them; the amount is minor units. All credit
/// notes of a receipt together have its tax, and never more of it than was on the receipt.
///
/// # Errors
/// As [`issue_document`]; [`Fault::Internal`] when more comes back than was paid.
pub async fn issue_credit_note(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    payment: &Payment,
    refund: &str,
    amount_minor: i64,
    reason: &str,
) -> Result<Option<Document>> {
    let cause = format!("refund:{refund}");
    if let Some(document) = queries::of_cause(tx, &appointment.org_id, DocumentKind::CreditNote, &cause).await? {
        return Ok(Some(document));
    }
    let words = CreditWords::of(payment);
    let receipt = queries::of_payment(tx, &payment.id, words.kind).await?;
    let charge = billing::charge(tx, &appointment.id).await?;
    let (Some(receipt), Some(charge)) = (receipt, charge) else {
        return Ok(None);
    };
    let taken = queries::taken_back(tx, &receipt.id).await?;
    let split = share_of_vat(
        (receipt.total_minor, receipt.vat_minor),
        taken,
        amount_minor,
        charge.vat_bp,
    )
    .ok_or_else(|| Fault::Internal(format!("more comes back of receipt {} than it says", receipt.id)))?;
    let mut paper = draft(state, tx, appointment, DocumentKind::CreditNote, payment).await?;
    take_parties(&mut paper, &queries::content(tx, &receipt.id).await?);
    let name = receipt.name();
    let with = |key: &str, name: &str, value: &str| t(paper.locale, key, &[(name, value.into())]);
    paper.facts.push((t(paper.locale, words.corrects, &[]), name.clone()));
    paper.lines.push(PaperLine {
        text: vec![appointment.title.clone(), with(words.credits, "number", &name)],
        amount_minor,
    });
    if !reason.trim().is_empty() {
        paper.notes.insert(0, with("document-reason", "reason", reason.trim()));
    }
    paper.vat.push(VatLine::new(charge.vat_code, split));
    if !payment.is_by_invoice() {
        paper.payment_heading = with("document-paid-back", "method", &method_name(paper.locale, payment));
        paper.payment = vec![(t(paper.locale, "document-refunded", &[]), amount_minor)];
    }
    let new = New {
        org_id: &appointment.org_id,
        appointment_id: Some(&appointment.id),
        payment_id: Some(&payment.id),
        cause: &cause,
        refers_to: Some(&receipt.id),
        paper,
    };
    issue_document(state, tx, new).await.map(Some)
}

/// What a credit note takes back, and in which words: an invoice may not have been paid.
struct CreditWords {
    kind: DocumentKind,
    corrects: &'static str,
    credits: &'static str,
}

impl CreditWords {
    fn of(payment: &Payment) -> Self {
        match payment.is_by_invoice() {
            true => Self {
                kind: DocumentKind::Invoice,
                corrects: "document-corrects-invoice",
                credits: "document-credits-invoice",
            },
            false => Self {
                kind: DocumentKind::Receipt,
                corrects: "document-corrects",
                credits: "document-credits",
            },
        }
    }
}

/// Issues the receipt that takes a credit note back, because its refund did not reach the customer; none where there was no
/// credit note. What was taken back by it may be taken back anew.
///
/// # Errors
/// As [`issue_document`].
pub async fn issue_returned(state: &Base, tx: &mut Tx, payment: &Payment, refund: &str) -> Result<Option<Document>> {
    let note = queries::of_cause(
        tx,
        &payment.org_id,
        DocumentKind::CreditNote,
        &format!("refund:{refund}"),
    )
    .await?;
    let (Some(note), Some(appointment)) = (note, &payment.appointment_id) else {
        return Ok(None);
    };
    let Some(charge) = billing::charge(tx, appointment).await? else {
        return Ok(None);
    };
    let appointment = appointments::load_any(tx, appointment).await?;
    let mut paper = draft(state, tx, &appointment, DocumentKind::Receipt, payment).await?;
    take_parties(&mut paper, &queries::content(tx, &note.id).await?);
    let name = note.name();
    paper
        .facts
        .push((t(paper.locale, "document-corrects-note", &[]), name.clone()));
    paper.lines.push(PaperLine {
        text: vec![
            appointment.title.clone(),
            t(paper.locale, "document-returned", &[("number", name.as_str().into())]),
        ],
        amount_minor: note.total_minor,
    });
    let split = VatSplit {
        net_minor: note.total_minor - note.vat_minor,
        vat_minor: note.vat_minor,
        gross_minor: note.total_minor,
        rate_bp: charge.vat_bp,
    };
    paper.vat.push(VatLine::new(charge.vat_code, split));
    let new = New {
        org_id: &appointment.org_id,
        appointment_id: Some(&appointment.id),
        payment_id: Some(&payment.id),
        cause: &format!("returned:{refund}"),
        refers_to: Some(&note.id),
        paper,
    };
    issue_document(state, tx, new).await.map(Some)
}

/// Whether the seller was in the VAT register when the thing was sold, as far as it is on record: an earlier receipt of the
/// appointment says so, or the tax of the charge. What the business has stated since about that day changes neither.
async fn was_registered(tx: &mut Tx, appointment: &Appointment, charge: &Charge) -> Result<bool> {
    if let Some(receipt) = queries::of_appointment(tx, &appointment.id, DocumentKind::Receipt).await?
        && let Some(registered) = registered_on(&queries::content(tx, &receipt.id).await?)
    {
        return Ok(registered);
    }
    let tax = charge.vat_code;
    Ok(tax.is_taxed() || (tax != VatCode::Unregistered && appointment.vat_registered))
}

/// Names both sides as the document does that is corrected: the account may have been erased since, and the business may have
/// stated something else about its registration.
fn take_parties(paper: &mut Paper, corrected: &str) {
    if let Some(name) = buyer_of(corrected) {
        paper.buyer.name = name;
    }
    if let Some(registered) = registered_on(corrected) {
        paper.seller.vat_registered = registered;
    }
}

fn out_of_range() -> Fault {
    Fault::Internal("the receipts of an appointment leave the range of amounts".to_owned())
}

/// What a document about an appointment says of both sides and of the booking; lines, tax and payment are missing.
async fn draft(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    kind: DocumentKind,
    payment: &Payment,
) -> Result<Paper> {
    let locale = appointment.consumer.locale;
    let platform = match state.config.controller.name.trim() {
        "" => "Booka",
        name => name,
    };
    Ok(Paper {
        kind,
        number: String::new(),
        issued_at: 0,
        locale,
        time_zone: appointment.time_zone.clone(),
        currency: appointment.price.currency.clone(),
        facts: vec![(
            t(locale, "document-booking", &[]),
            appointments::reference(&appointment.id),
        )],
        seller: seller_of(tx, &appointment.org_id, appointment.vat_registered).await?,
        // All that a document has of the buyer: it outlives the account by years.
        buyer: buyer_party(appointment),
        lines: Vec::new(),
        vat: Vec::new(),
        payment_heading: String::new(),
        payment: Vec::new(),
        notes: vec![t(locale, "document-issuer", &[("platform", platform.into())])],
        test: payment.is_test(),
    })
}

/// A person, or the organisation and who booked for it.
fn buyer_party(appointment: &Appointment) -> Party {
    let person = appointment.consumer.name.clone();
    match &appointment.buyer_org {
        Some(org) => Party {
            name: org.name.clone(),
            orgno: org.orgno.clone(),
            vat_registered: false,
            address: vec![person],
            names_register: false,
        },
        None => Party {
            name: person,
            ..Party::default()
        },
    }
}

/// The buyer as an issued document names it: an account may have been erased since.
fn buyer_of(content: &str) -> Option<String> {
    let content: serde_json::Value = serde_json::from_str(content).ok()?;
    let name = content.pointer("/buyer/name").or_else(|| content.get("buyer_name"))?;
    name.as_str().map(str::to_owned)
}

/// Whether an issued document says that its seller was registered for VAT.
fn registered_on(content: &str) -> Option<bool> {
    let content: serde_json::Value = serde_json::from_str(content).ok()?;
    content.pointer("/seller/vat_registered")?.as_bool()
}

/// `Visa **** 4242`, or the name alone of what has no number.
fn method_name(locale: Locale, payment: &Payment) -> String {
    let (brand, last4) = (payment.method.brand.as_str(), payment.method.last4.as_str());
    if last4.is_empty() {
        return brand.to_owned();
    }
    t(
        locale,
        "document-method",
        &[("brand", brand.into()), ("last4", last4.into())],
    )
}

/// What is paid for, and where all of it is paid at once what a promo code took off.
fn lines_of(said: &Said<'_>, charge: &Charge, captured_minor: i64) -> Vec<PaperLine> {
    let price = &said.appointment.price;
    let full_minor = price.full_minor(charge.billable);
    let is_whole = charge.fee().is_none() && captured_minor == charge.amount.minor;
    let off_minor = match is_whole && price.discount.is_some() {
        true => full_minor.saturating_sub(captured_minor).max(0),
        false => 0,
    };
    let mut lines = vec![PaperLine {
        text: said.about(&charge.outcome),
        amount_minor: captured_minor.saturating_add(off_minor),
    }];
    if off_minor > 0 {
        lines.push(PaperLine {
            text: vec![t(said.locale, "document-discount", &[])],
            amount_minor: -off_minor,
        });
    }
    lines
}

/// What a receipt tells about an appointment.
struct Said<'a> {
    locale: Locale,
    appointment: &'a Appointment,
    /// First and last moment together, or the booked time where nobody met.
    from: Micros,
    to: Micros,
    billable: Micros,
}

impl Said<'_> {
    /// What is paid for, when it was, and how the amount follows.
    fn about(&self, outcome: &str) -> Vec<String> {
        let (time, why) = match outcome {
            "cancelled" => ("document-booked-time", t(self.locale, "document-cancelled-late", &[])),
            "no_show_consumer" => ("document-booked-time", t(self.locale, "document-did-not-come", &[])),
            WITHDRAWN => ("document-service-time", self.part()),
            _ => ("document-service-time", self.measured()),
        };
        vec![self.appointment.title.clone(), self.time(time), why]
    }

    fn time(&self, key: &str) -> String {
        let zone = &self.appointment.time_zone;
        let clock = |at| format::clock_seconds(at, zone);
        let day = format::day(self.locale, format::date_of(self.from, zone));
        let from = format!("{day} {}", clock(self.from));
        t(
            self.locale,
            key,
            &[("from", from.into()), ("to", clock(self.to).into())],
        )
    }

    /// Of what was agreed only this was performed, since the consumer withdrew (angrerettloven section 26).
    fn part(&self) -> String {
        let duration = measured_time(self.locale, self.billable);
        t(self.locale, "document-withdrawn-part", &[("duration", duration.into())])
    }

    /// How the amount follows from the measured time.
    fn measured(&self) -> String {
        let (locale, price) = (self.locale, &self.appointment.price);
        let duration = measured_time(locale, self.billable);
        let counted = format::duration(locale, price.counted_s(self.billable) * 1000);
        let money = |minor| format::money_exact(locale, minor, &price.currency);
        match price.model {
            PriceModel::Free => t(locale, "document-free", &[("duration", duration.into())]),
            PriceModel::Fixed { .. } => t(locale, "document-fixed", &[("duration", duration.into())]),
            PriceModel::PerMinute {
                rate_minor,
                increment_s,
                free_s,
                cap_minor,
            } => {
                let key = if free_s == 0 {
                    "document-metered"
                } else {
                    "document-metered-free"
                };
                let args = [
                    ("duration", duration.into()),
                    ("counted", counted.into()),
                    ("rate", money(rate_minor).into()),
                    ("increment", increment_s.into()),
                    ("free", free_s.to_string().into()),
                    ("cap", money(cap_minor).into()),
                ];
                t(locale, key, &args)
            }
        }
    }
}

/// `1 min 25,4 s`, as the page of the booking shows it.
fn measured_time(locale: Locale, billable: Micros) -> String {
    format::duration_exact(locale, (billable.max(0) + 999) / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_time_is_in_started_tenths() {
        for (billable, expect) in [
            (0, "0,0 s"),
            (25_999_999, "26,0 s"),
            (1_300_000_000, "21 min 40,0 s"),
            (3_605_000_001, "1 t 5,1 s"),
        ] {
            assert_eq!(measured_time(Locale::Nb, billable).replace('\u{a0}', " "), expect);
        }
    }

    #[test]
    fn the_buyer_is_found_on_documents_of_every_age() {
        assert_eq!(buyer_of(r#"{"buyer_name":"Ola"}"#).as_deref(), Some("Ola"));
        assert_eq!(buyer_of(r#"{"buyer":{"name":"Kari"}}"#).as_deref(), Some("Kari"));
        assert_eq!(buyer_of("{}"), None);
        assert_eq!(buyer_of("kvittering"), None);
    }

    #[test]
    fn the_registration_is_found_where_a_document_says_it() {
        assert_eq!(registered_on(r#"{"seller":{"vat_registered":true}}"#), Some(true));
        assert_eq!(registered_on(r#"{"seller":{"vat_registered":false}}"#), Some(false));
        assert_eq!(registered_on("{}"), None);
    }
}
