//! Files as they leave: a piece at a time, under a name, to be kept and not to be shown.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;

use booking_core::AppState;
use booking_core::base::Fault;
use booking_core::books::saft::AuditFile;
use booking_core::books::transactions::TransactionSheet;

const CSV: &str = "text/csv; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";

fn answer(content_type: &'static str, name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    (
        [
            (header::CONTENT_TYPE, content_type.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        body,
    )
        .into_response()
}

/// A sheet that is whole.
pub(super) fn sheet(name: &str, bytes: Vec<u8>) -> Response {
    answer(CSV, name, Body::from(bytes))
}

/// A document that is whole.
pub(super) fn xml(name: &str, bytes: Vec<u8>) -> Response {
    answer(XML, name, Body::from(bytes))
}

/// Ends the answer early, so that no browser takes half a file for a whole one.
fn log_broken_off(fault: &Fault) -> std::io::Error {
    tracing::error!(error = %fault, "a file of books broke off");
    std::io::Error::other("the file broke off")
}

/// The transactions of a business.
pub(super) fn transactions(state: AppState, name: &str, file: TransactionSheet) -> Response {
    let pieces = stream::try_unfold((state, file), async |(state, mut file)| {
        let piece = file
            .next_chunk(&state)
            .await
            .map_err(|error| log_broken_off(&error.into()))?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, (state, file))))
    });
    answer(CSV, name, Body::from_stream(pieces))
}

/// An audit file.
pub(super) fn audit_file(state: AppState, file: AuditFile) -> Response {
    let name = file.file_name();
    let pieces = stream::try_unfold((state, file), async |(state, mut file)| {
        let piece = file.next_chunk(&state).await.map_err(|fault| log_broken_off(&fault))?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, (state, file))))
    });
    answer(XML, &name, Body::from_stream(pieces))
}
