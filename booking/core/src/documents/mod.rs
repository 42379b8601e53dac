//! Receipts: numbered without gaps, drawn once as PDF, and kept with their hash.
//!
//! The number, the frozen content and the bytes are written in one transaction, so a number exists exactly when its
//! document does. Afterwards the bytes move to the object store; the row keeps their path and SHA-256.

mod fonts;
pub mod queries;
mod receipt;
mod render;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use sha2::{Digest as _, Sha256};

use crate::appointments::{self, Appointment};
use crate::base::db::Tx;
use crate::base::money::split_vat;
use crate::base::{Base, Micros, hex};
use crate::base::{Fault, Result};
use crate::billing::{Charge, Payment};
use crate::calls;

pub use queries::Document;
use queries::NewDocument;
use receipt::{Receipt, SellerPart};

/// The kind in the database; invoices and credit notes come later.
const RECEIPT: &str = "receipt";
/// Documents that one round of [`store_pending`] moves.
const STORE_BATCH_MAX: i64 = 50;

/// `2026-000001`
#[must_use]
pub fn number_name(year: i64, number: i64) -> String {
    format!("{year}-{number:06}")
}

/// Issues the receipt of a captured payment, in the caller's transaction. Returns its number.
///
/// # Errors
/// When the database or the PDF library fails; the transaction must then not be committed.
pub async fn issue_receipt(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    charge: &Charge,
    payment: &Payment,
    (reserved_minor, captured_minor): (i64, i64),
) -> Result<String> {
    let now = state.now();
    if let Some(document) = queries::of_appointment(tx, &appointment.id, RECEIPT).await? {
        return Ok(document.name());
    }
    let year = receipt::year_of(now, &appointment.time_zone);
    let number = queries::take_number(tx, &appointment.org_id, RECEIPT, year).await?;
    let name = number_name(year, number);
    let mut receipt = draft(tx, appointment, charge, &name, now).await?;
    receipt.method_brand.clone_from(&payment.method.brand);
    receipt.method_last4.clone_from(&payment.method.last4);
    receipt.test = payment.is_test();
    receipt.reserved_minor = reserved_minor;
    receipt.charged_minor = captured_minor;
    receipt.released_minor = reserved_minor - captured_minor;
    receipt.set_split(split_vat(captured_minor, charge.vat_bp));
    let bytes = render::render(&receipt.sheet()).map_err(|error| Fault::internal(&error))?;
    let id = state.random.id(now);
    let content = serde_json::to_string(&receipt).map_err(|error| Fault::internal(&error))?;
    let new = NewDocument {
        id: &id,
        org_id: &appointment.org_id,
        appointment_id: &appointment.id,
        kind: RECEIPT,
        year,
        number,
        locale: &receipt.locale,
        content: &content,
        total_minor: captured_minor,
        currency: &receipt.price.currency,
        sha256: &hex(&Sha256::digest(&bytes)),
        path: &format!("documents/{id}.pdf"),
        unstored: &STANDARD.encode(&bytes),
        issued_us: now,
    };
    queries::add_document(tx, new).await?;
    Ok(name)
}

/// What the receipt says about the appointment and its measured time.
async fn draft(tx: &mut Tx, appointment: &Appointment, charge: &Charge, number: &str, now: Micros) -> Result<Receipt> {
    let seller = queries::seller(tx, &appointment.org_id).await?;
    let measured = calls::load_measured(tx, &appointment.id).await?;
    let spans = measured.as_slice();
    Ok(Receipt {
        number: number.to_owned(),
        reference: appointments::reference(&appointment.id),
        locale: appointment.consumer.locale.tag().to_owned(),
        issued_at: now,
        time_zone: appointment.time_zone.clone(),
        seller: SellerPart {
            name: seller.name,
            orgno: seller.orgno,
            vat_registered: charge.vat_bp > 0,
            address: seller.address,
            town: seller.town,
        },
        buyer_name: appointment.consumer.name.clone(),
        buyer_org: appointment
            .buyer_org
            .as_ref()
            .map(|buyer| (buyer.name.clone(), buyer.orgno.clone())),
        outcome: charge.outcome.clone(),
        title: appointment.title.clone(),
        from: spans.first().map_or(appointment.start_us, |span| span.from),
        to: spans.last().map_or(appointment.end_us, |span| span.to),
        billable: charge.billable,
        price: appointment.price.clone(),
        net_minor: 0,
        vat_minor: 0,
        gross_minor: 0,
        vat_bp: charge.vat_bp,
        method_brand: String::new(),
        method_last4: String::new(),
        reserved_minor: 0,
        charged_minor: 0,
        released_minor: 0,
        test: false,
    })
}

/// The number of an appointment's receipt, when there is one.
///
/// # Errors
/// When the database fails.
pub async fn receipt_number(tx: &mut Tx, appointment: &str) -> Result<Option<String>> {
    Ok(queries::of_appointment(tx, appointment, RECEIPT)
        .await?
        .map(|document| document.name()))
}

/// The receipt of an appointment and its bytes, which are the ones that were issued.
///
/// # Errors
/// [`Fault::NotFound`] without a receipt; [`Fault::Internal`] when the stored bytes are not the issued ones.
pub async fn receipt_bytes(state: &Base, appointment: &str) -> Result<(Document, Vec<u8>)> {
    let mut tx = state.db.read().await?;
    let document = queries::of_appointment(&mut tx, appointment, RECEIPT)
        .await?
        .ok_or(Fault::NotFound)?;
    drop(tx);
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
    Ok((document, bytes))
}

/// Moves the bytes of newly issued documents to the object store; repeating it changes nothing.
///
/// # Errors
/// When the store or the database fails; what was not moved is moved by the next round.
pub async fn store_pending(state: &Base) -> Result<()> {
    let pending = queries::unstored(&mut state.db.read().await?, STORE_BATCH_MAX).await?;
    for document in pending {
        let Some(text) = &document.unstored else { continue };
        let bytes = STANDARD.decode(text).map_err(|error| Fault::internal(&error))?;
        let path = Path::from(document.path.as_str());
        state
            .files
            .put(&path, PutPayload::from(bytes))
            .await
            .map_err(|error| Fault::internal(&error))?;
        let mut tx = state.db.write().await?;
        queries::stored(&mut tx, &document.id).await?;
        tx.commit().await?;
    }
    Ok(())
}
