//! What search engines are told: which pages are for everybody.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use web::routes::{self, pattern};

use crate::error::AppResult;
use booking_core::AppState;
use booking_core::search::list_public_slugs;

/// A site map has at most 50,000 addresses (sitemaps.org); the few fixed ones fit, too.
const PAGES_MAX: i64 = 49_000;
/// Pages for everybody besides those of providers.
const FIXED: [&str; 6] = [
    pattern::HOME,
    pattern::SEARCH,
    pattern::PROVIDER_SIGNUP,
    pattern::ABOUT,
    pattern::TERMS,
    pattern::NOTICE,
];
/// Begins the addresses that show nothing without an account, or change something; and those of single days, of which there
/// is no end (RFC 9309, 2.2.3: `*` is anything).
const PRIVATE: [&str; 12] = [
    "/account",
    "/book/",
    "/bookings",
    "/call/",
    "/holds",
    "/invitation/",
    "/login",
    "/operator",
    "/provider/",
    "/providers/*?",
    "/reset",
    "/verify/",
];

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::ROBOTS, get(robots))
        .route(pattern::SITEMAP, get(sitemap))
}

fn origin(state: &AppState) -> &str {
    state.config.public_url.trim_end_matches('/')
}

async fn robots(State(state): State<AppState>) -> Response {
    let mut text = String::from("User-agent: *\n");
    for path in PRIVATE {
        text.push_str(&format!("Disallow: {path}\n"));
    }
    // The longest rule that fits counts.
    text.push_str(&format!("Allow: {}\n", pattern::PROVIDER_SIGNUP));
    text.push_str(&format!("Sitemap: {}{}\n", origin(&state), pattern::SITEMAP));
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn sitemap(State(state): State<AppState>) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let slugs = list_public_slugs(&mut tx, PAGES_MAX).await?;
    let pages = slugs.iter().map(|slug| routes::provider_page(slug));
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml.push_str("<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for path in FIXED.into_iter().map(str::to_owned).chain(pages) {
        // Addresses of ours are ASCII without signs that XML knows: names in them are made of letters, digits and hyphens.
        xml.push_str(&format!("<url><loc>{}{path}</loc></url>\n", origin(&state)));
    }
    xml.push_str("</urlset>\n");
    Ok(([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], xml).into_response())
}
