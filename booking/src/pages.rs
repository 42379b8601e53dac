//! The frame around every page, and the pages that belong to no feature.

use crate::error::AppError;
use crate::extract::Visit;
use crate::state::AppState;

/// The page for a failed request.
pub(crate) fn error_page(_state: &AppState, _visit: &Visit, error: &AppError) -> String {
    error.status().to_string()
}
