//! Who asks, from where, in which language; and the guard against requests that another site sends in their name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use web::Locale;
use web::routes::pattern;

use crate::error::AppError;
use booking_core::AppState;
use booking_core::accounts::sessions;
use booking_core::base::actor::{Actor, Requester};
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::base::security::{self, SecurityEvent};
use booking_core::base::{Networks, token_hash};
use booking_core::disputes::queries::count_open;
use booking_core::operator::money::count_waiting;

/// The language cookie; its value is a tag of [`Locale`].
pub(crate) const LOCALE_COOKIE: &str = "booka_locale";
/// Longest cookie value that is looked at, bytes.
const COOKIE_BYTES_MAX: usize = 128;

/// Everything a handler wants to know about a request besides its form.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Who asks, from where, when, and in which language.
    pub requester: Requester,
    /// Where the site is reached from outside, see [`web::Shell::origin`].
    pub(crate) origin: String,
    /// Pattern of the path, for the log: the path itself may hold a one-time token.
    pub route: String,
    pub path_and_query: String,
    pub wants_json: bool,
    pub is_get: bool,
    /// Whether it brought any cookie: none of ours is looked into here.
    pub has_cookies: bool,
    /// How much of the money waits for an operator; counted on the operator's pages only.
    pub(crate) money_waits: i64,
    /// How many disputes are open; counted on the operator's pages only.
    pub(crate) disputes_wait: i64,
    /// Path and query of the page that the request was sent from, where the browser says it.
    sent_from: Option<String>,
}

impl Visit {
    /// What can be read without the database; the actor stays anonymous.
    pub(crate) fn of(request: &Request) -> Self {
        Self::of_parts(request.method(), request.uri(), request.headers(), request.extensions())
    }

    /// As [`Self::of`], with the address that it comes from.
    pub(crate) fn from_client(request: &Request, state: &AppState) -> Self {
        let mut visit = Self::of(request);
        visit.origin = origin(state);
        visit.client_ip = address_behind(request.headers(), request.extensions(), &state.config.trusted_proxies);
        visit
    }

    fn of_parts(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap, extensions: &Extensions) -> Self {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let chosen = cookie(headers, LOCALE_COOKIE).and_then(Locale::from_tag);
        Self {
            requester: Requester {
                actor: Actor::default(),
                locale: chosen.unwrap_or_else(|| Locale::from_accept_language(text(header::ACCEPT_LANGUAGE))),
                now: 0,
                client_ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                user_agent: text(header::USER_AGENT).chars().take(LINE_CHARS_MAX).collect(),
                device: String::new(),
            },
            origin: String::new(),
            route: extensions
                .get::<MatchedPath>()
                .map_or("(none)", MatchedPath::as_str)
                .to_owned(),
            path_and_query: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            wants_json: text(header::ACCEPT).contains("application/json"),
            has_cookies: headers.contains_key(header::COOKIE),
            is_get: *method == Method::GET || *method == Method::HEAD,
            money_waits: 0,
            disputes_wait: 0,
            sent_from: text(header::REFERER)
                .split_once("://")
                .and_then(|(_, rest)| rest.find('/').map(|slash| rest[slash..].to_owned())),
        }
    }

    /// Whether somebody has just signed in, and the browser did not take the cookie along.
    pub(crate) fn lost_its_session(&self) -> bool {
        let from = self.sent_from.as_deref().unwrap_or_default();
        !self.has_cookies && from.split('?').next() == Some(pattern::LOGIN)
    }

    /// An address that can be opened and shows what this request was about: where somebody goes on who, say, changes the
    /// language on a page that answered a form.
    pub(crate) fn path_to_return_to(&self) -> String {
        if !pattern::is_form_only(&self.route) {
            return self.path_and_query.clone();
        }
        let from = self.sent_from.as_deref().unwrap_or(pattern::HOME);
        crate::form::safe_path(from, pattern::HOME)
    }
}

impl std::ops::Deref for Visit {
    type Target = Requester;

    fn deref(&self) -> &Requester {
        &self.requester
    }
}

impl std::ops::DerefMut for Visit {
    fn deref_mut(&mut self) -> &mut Requester {
        &mut self.requester
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let mut visit = Self::of_parts(&parts.method, &parts.uri, &parts.headers, &parts.extensions);
        visit.origin = origin(state);
        visit.now = state.now();
        visit.client_ip = client_ip(parts, &state.config.trusted_proxies);
        visit.device = cookie(&parts.headers, device_cookie(state)).unwrap_or("").to_owned();
        if let Some(secret) = cookie(&parts.headers, visitor_cookie(state)) {
            visit.actor.visitor_hash = token_hash(secret);
        }
        if let Some(secret) = cookie(&parts.headers, session_cookie(state)) {
            visit.actor.account = sessions::find(state, &token_hash(secret), visit.now).await?;
        }
        if let (Some(account), None) = (&visit.actor.account, cookie(&parts.headers, LOCALE_COOKIE)) {
            visit.locale = account.locale;
        }
        if visit.is_get && visit.route.starts_with(pattern::OPERATOR) && visit.actor.operator().is_ok() {
            let mut tx = state.db.read().await?;
            visit.money_waits = count_waiting(&mut tx, visit.now).await?;
            visit.disputes_wait = count_open(&mut tx).await?;
        }
        Ok(visit)
    }
}

fn origin(state: &AppState) -> String {
    state.config.public_url.trim_end_matches('/').to_owned()
}

/// A form; one that cannot be read is [`AppError::BadRequest`].
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Form), rejection(AppError))]
pub struct Form<T>(pub T);

/// A query; one that cannot be read is [`AppError::BadRequest`].
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(AppError))]
pub struct Query<T>(pub T);

/// Parts of the path; ones that cannot be read are [`AppError::NotFound`].
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(AppError))]
pub struct Path<T>(pub T);

/// Name of the session cookie. The prefix binds it to this host and to TLS, where there is TLS.
pub(crate) fn session_cookie(state: &AppState) -> &'static str {
    if state.config.is_https() {
        "__Host-booka"
    } else {
        "booka"
    }
}

/// Name of the cookie that binds holds to a browser.
pub(crate) fn visitor_cookie(state: &AppState) -> &'static str {
    if state.config.is_https() {
        "__Host-booka_visitor"
    } else {
        "booka_visitor"
    }
}

/// Name of the cookie by which a browser is known to have been signed in before.
pub(crate) fn device_cookie(state: &AppState) -> &'static str {
    if state.config.is_https() {
        "__Host-booka_device"
    } else {
        "booka_device"
    }
}

/// A `Set-Cookie` value; an age of 0 seconds takes the cookie away.
pub(crate) fn set_cookie(state: &AppState, name: &str, value: &str, age_s: i64) -> String {
    let secure = if state.config.is_https() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && value.len() <= COOKIE_BYTES_MAX)
        .map(|(_, value)| value)
}

/// The peer's address, or what a trusted proxy says of it: the last address in the chain that is no trusted proxy.
#[must_use]
pub fn client_ip(parts: &Parts, trusted: &Networks) -> IpAddr {
    address_behind(&parts.headers, &parts.extensions, trusted)
}

fn address_behind(headers: &HeaderMap, extensions: &Extensions, trusted: &Networks) -> IpAddr {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| address.ip().to_canonical());
    let mut client = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let chain: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .collect();
    for hop in chain.iter().rev() {
        if !trusted.contains(client) {
            break;
        }
        let Some(ip) = address_of(hop.trim()) else { break };
        client = ip.to_canonical();
    }
    client
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn address_of(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(hop);
    bare.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Refuses unsafe requests that another site sent: by `Sec-Fetch-Site` where the browser tells, else by `Origin`. A
/// request with neither, and without cookies, acts in nobody's name.
pub(crate) async fn guard(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, AppError> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_same_origin(request.headers(), &state.config.public_url) {
        Ok(next.run(request).await)
    } else {
        let visit = Visit::from_client(&request, &state);
        security::note_refused(SecurityEvent::OriginRefused, &visit.route, &visit.ip_prefix());
        Err(AppError::Forbidden("another site sent this request"))
    }
}

fn is_same_origin(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text("origin") {
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            origin == public_url || (authority.is_some() && authority == text("host"))
        }
        None => !headers.contains_key(header::COOKIE),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_change_things() {
        fn check(pairs: &[(&'static str, &'static str)], expect: bool) {
            assert_eq!(
                is_same_origin(&headers(pairs), "https://booka.example"),
                expect,
                "{pairs:?}"
            );
        }
        check(&[("sec-fetch-site", "same-origin")], true);
        check(
            &[("sec-fetch-site", "same-site"), ("origin", "https://booka.example")],
            false,
        );
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("origin", "https://booka.example"), ("cookie", "a=b")], true);
        check(&[("origin", "http://localhost:8080"), ("host", "localhost:8080")], true);
        check(&[("origin", "https://evil.example"), ("host", "booka.example")], false);
        check(&[("origin", "null"), ("host", "null")], false);
        check(&[("cookie", "booka=x")], false);
        check(&[], true);
    }

    /// Trial E12: with a port or brackets all visitors shared one limit.
    #[test]
    fn e12_addresses_are_read_as_proxies_write_them() {
        let check = |hop: &str, expect: Option<&str>| {
            assert_eq!(
                address_of(hop),
                expect.map(|ip| ip.parse().expect("an address")),
                "{hop}"
            );
        };
        check("192.0.2.7", Some("192.0.2.7"));
        check("192.0.2.7:5123", Some("192.0.2.7"));
        check("2001:db8::7", Some("2001:db8::7"));
        check("[2001:db8::7]", Some("2001:db8::7"));
        check("[2001:db8::7]:443", Some("2001:db8::7"));
        check("unknown", None);
        check("_hidden", None);
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        fn check(peer: &str, chain: &'static str, expect: &str) {
            let mut request = Request::builder()
                .header("x-forwarded-for", chain)
                .body(())
                .expect("a request");
            let peer = SocketAddr::new(peer.parse().expect("an address"), 1);
            request.extensions_mut().insert(ConnectInfo(peer));
            let (parts, ()) = request.into_parts();
            let trusted = ["10.0.0.1", "10.0.0.2", "fd00::/8"].map(str::to_owned).to_vec();
            let trusted = Networks::try_from(trusted).expect("good ones");
            assert_eq!(client_ip(&parts, &trusted).to_string(), expect);
        }
        check("203.0.113.5", "1.1.1.1", "203.0.113.5");
        check("10.0.0.1", "1.1.1.1", "1.1.1.1");
        check("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1");
        check("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1");
        check("10.0.0.1", "", "10.0.0.1");
        check("::ffff:10.0.0.1", "1.1.1.1", "1.1.1.1");
        check("fd00::7", "6.6.6.6, [2001:db8::7]:443, fd00:1::2", "2001:db8::7");
    }

    #[tokio::test]
    async fn the_log_learns_the_route_and_no_token() {
        use tower::ServiceExt as _;
        let route = axum::routing::get(|request: Request| async move { Visit::of(&request).route });
        let router = axum::Router::new().route("/reset/{token}", route);
        let request = Request::get("/reset/secret").body(axum::body::Body::empty());
        let answer = router.oneshot(request.expect("a request")).await.expect("an answer");
        let body = axum::body::to_bytes(answer.into_body(), 100).await.expect("a body");
        assert_eq!(body, "/reset/{token}");
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&[("cookie", "xbooka=1; booka=2; booka_visitor=3")]);
        assert_eq!(cookie(&headers, "booka"), Some("2"));
        assert_eq!(cookie(&headers, "booka_visitor"), Some("3"));
        assert_eq!(cookie(&headers, "ooka"), None);
    }
}
