//! Documents: numbered without gaps, drawn once as PDF, and kept with their hash.
//!
//! The number, the frozen content and the bytes are written in one transaction, so a number exists exactly when its
//! document does. Afterwards the bytes move to the object store; the row keeps their path and SHA-256.

mod fonts;
mod invoice;
mod kind;
mod layout;
mod paper;
mod platform;
pub mod queries;
mod receipt;
mod render;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};

use crate::base::actor::Actor;
use crate::base::db::Tx;
use crate::base::{Base, Fault, Micros, Result, hex};

pub use invoice::{InvoiceBasis, issue_invoice};
pub use kind::DocumentKind;
pub use paper::{Paper, PaperLine, Party, VatLine};
pub use platform::{About, CommissionPart, issue_commission_invoice, issue_statement, language_of};
pub use queries::{Document, KindSum, of_consumer, of_org, of_platform, sums_of_org};
pub use receipt::{issue_credit_note, issue_receipt, issue_returned, seller_of};

use queries::NewDocument;

/// Documents that one round of [`store_pending`] moves.
const STORE_BATCH_MAX: i64 = 50;

/// `2026-000001`
#[must_use]
pub fn number_name(year: i64, number: i64) -> String {
    format!("{year}-{number:06}")
}

/// A document that is to be issued.
#[derive(Debug, Clone)]
pub struct New<'a> {
    /// Whose books it belongs to: the business that sells, or that the platform sells to.
    pub org_id: &'a str,
    pub appointment_id: Option<&'a str>,
    pub payment_id: Option<&'a str>,
    /// Names what it is issued for. There is one document of a kind for a cause of a business.
    pub cause: &'a str,
    /// The document that it corrects.
    pub refers_to: Option<&'a str>,
    /// What stands on it; its number and its moment are filled in.
    pub paper: Paper,
}

/// Issues a document in the caller's transaction: its number, content and bytes are there with it or not at all. What was
/// issued for the same cause already is returned as it is. A series begins anew with each calendar year of the seller.
///
/// # Errors
/// [`Fault::Internal`] when the lines, the tax and the total do not add up; when the database or the PDF library fails. The
/// transaction must then not be committed.
pub async fn issue_document(state: &Base, tx: &mut Tx, new: New<'_>) -> Result<Document> {
    issue_numbered(state, tx, new, |_, _, _| Ok(())).await
}

/// As [`issue_document`]. `complete` writes onto the paper what follows from its year and number.
async fn issue_numbered(
    state: &Base,
    tx: &mut Tx,
    new: New<'_>,
    complete: impl FnOnce(&mut Paper, i64, i64) -> Result<()>,
) -> Result<Document> {
    let mut paper = new.paper;
    let now = state.now();
    let kind = paper.kind;
    let (seller, year) = (kind.seller(new.org_id), year_of(now, &paper.time_zone));
    let (true, Some(total_minor), Some(vat_minor)) = (paper.adds_up(), paper.total_minor(), paper.vat_minor()) else {
        return Err(Fault::Internal(format!(
            "the {} for {} does not add up",
            kind.word(),
            new.cause
        )));
    };
    queries::lock_series(tx, seller, kind, year).await?;
    if let Some(document) = queries::of_cause(tx, new.org_id, kind, new.cause).await? {
        return Ok(document);
    }
    let number = queries::take_number(tx, seller, kind, year).await?;
    paper.number = number_name(year, number);
    complete(&mut paper, year, number)?;
    paper.issued_at = now;
    let bytes = render::render(&paper.sheet()).map_err(|error| Fault::internal(&error))?;
    let content = serde_json::to_string(&paper).map_err(|error| Fault::internal(&error))?;
    let id = state.random.id(now);
    let row = NewDocument {
        id: &id,
        org_id: new.org_id,
        seller_id: seller,
        appointment_id: new.appointment_id,
        payment_id: new.payment_id,
        kind,
        cause: new.cause,
        refers_to: new.refers_to,
        year,
        number,
        locale: paper.locale.tag(),
        content: &content,
        total_minor,
        vat_minor,
        currency: &paper.currency,
        sha256: &hex(&Sha256::digest(&bytes)),
        path: &format!("documents/{id}.pdf"),
        unstored: &STANDARD.encode(&bytes),
        issued_us: now,
    };
    queries::add_document(tx, row).await?;
    let issued = queries::of_cause(tx, new.org_id, kind, new.cause).await?;
    issued.ok_or_else(|| Fault::Internal(format!("document {id} is not there after it was added")))
}

/// The calendar year of a moment where the seller is.
fn year_of(at: Micros, time_zone: &str) -> i64 {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
    i64::from(at.to_zoned(zone).year())
}

/// A document for somebody who may read it: the customer, the member who takes the call, and the owners of the business.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Document> {
    let found = queries::readable(tx, id, actor.account_id()).await?;
    found.ok_or(Fault::NotFound)
}

/// A document for an operator, whom the caller has checked and whose look it puts on record.
///
/// # Errors
/// [`Fault::NotFound`] where there is none.
pub async fn load_any(tx: &mut Tx, id: &str) -> Result<Document> {
    queries::any(tx, id).await?.ok_or(Fault::NotFound)
}

/// The number of an appointment's newest receipt, when there is one.
///
/// # Errors
/// When the database fails.
pub async fn receipt_number(tx: &mut Tx, appointment: &str) -> Result<Option<String>> {
    let receipt = receipt_of(tx, appointment).await?;
    Ok(receipt.map(|document| document.name()))
}

/// An appointment's newest receipt, when there is one.
///
/// # Errors
/// When the database fails.
pub async fn receipt_of(tx: &mut Tx, appointment: &str) -> Result<Option<Document>> {
    Ok(queries::of_appointment(tx, appointment, DocumentKind::Receipt).await?)
}

/// All that was issued about an appointment, oldest first. The caller has checked who asks.
///
/// # Errors
/// When the database fails.
pub async fn of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Document>> {
    Ok(queries::all_of_appointment(tx, appointment).await?)
}

/// The bytes of a document, which are the ones that were issued.
///
/// # Errors
/// [`Fault::Internal`] when the stored bytes are not the issued ones, or the store fails.
pub async fn load_bytes(state: &Base, document: &Document) -> Result<Vec<u8>> {
    let bytes = match &document.unstored {
        Some(text) => STANDARD.decode(text).map_err(|error| Fault::internal(&error))?,
        None => {
            let path = Path::from(document.path.as_str());
            let found = state.files.get(&path).await.map_err(|error| Fault::internal(&error))?;
            found.bytes().await.map_err(|error| Fault::internal(&error))?.to_vec()
        }
    };
    if hex(&Sha256::digest(&bytes)) != document.sha256 {
        return Err(Fault::Internal(format!(
            "the stored bytes of document {} have changed",
            document.id
        )));
    }
    Ok(bytes)
}

/// Moves the bytes of newly issued documents to the object store; repeating it changes nothing. One that fails holds up none
/// of the others.
///
/// # Errors
/// When the store or the database fails; what was not moved is moved by the next round. A store that is full fails for every
/// document, so all of them are told of at once.
pub async fn store_pending(state: &Base) -> Result<()> {
    let pending = queries::unstored(&mut state.db.read().await?, STORE_BATCH_MAX).await?;
    let mut failed = Vec::new();
    for document in pending {
        if let Err(error) = store(state, &document).await {
            failed.push((document.id, error));
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        [(id, error), rest @ ..] => Err(Fault::Internal(format!(
            "document {id} and {} more were not stored: {error}",
            rest.len()
        ))),
    }
}

async fn store(state: &Base, document: &Document) -> Result<()> {
    let Some(text) = &document.unstored else { return Ok(()) };
    let bytes = STANDARD.decode(text).map_err(|error| Fault::internal(&error))?;
    let path = Path::from(document.path.as_str());
    let stored = state.files.put(&path, PutPayload::from(bytes)).await;
    stored.map_err(|error| Fault::internal(&error))?;
    let mut tx = state.db.write().await?;
    queries::stored(&mut tx, &document.id).await?;
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_is_the_sellers() {
        // 2026-12-31 23:30 in UTC is 2027 in Oslo.
        assert_eq!(year_of(1_798_759_800_000_000, "Europe/Oslo"), 2027);
        assert_eq!(year_of(1_798_759_800_000_000, "UTC"), 2026);
    }
}
