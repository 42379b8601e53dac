//! Requests to Stripe: forms go out, JSON of a bounded size comes back, and what went wrong says whether anything happened.

use std::sync::Arc;
use std::time::Duration;

use booking_core::billing::provider::ProviderError;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, redirect};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;

use super::wire::{WireError, WireErrorBody};

/// The version of Stripe's interface that the types in `wire` are of.
const VERSION: &str = "2024-06-20";
/// Longest answer that is read, bytes. What is longer is none of Stripe's.
const BODY_BYTES_MAX: usize = 1024 * 1024;
const CONNECT_TIME_MAX: Duration = Duration::from_secs(5);

/// Why a request did not bring what was asked for.
#[derive(Debug)]
pub(super) enum CallError {
    /// There is no such thing, or not for us.
    Missing,
    /// The card was declined (status 402).
    Declined(WireError),
    /// What is asked about stands elsewhere than the request supposed, so nothing was done.
    NotNow(String),
    Other(ProviderError),
}

impl CallError {
    /// For requests to which a decline or a missing thing is nothing but a no.
    pub(super) fn into_provider(self) -> ProviderError {
        match self {
            Self::Missing => ProviderError::Refused("there is no such thing".to_owned()),
            Self::Declined(error) => ProviderError::Refused(error.said()),
            Self::NotNow(said) => ProviderError::Refused(said),
            Self::Other(error) => error,
        }
    }
}

/// One request. `account` is the connected account that it is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) path: &'a str,
    pub(super) account: Option<&'a str>,
    /// The idempotency key, for what changes something.
    pub(super) key: Option<&'a str>,
    pub(super) fields: &'a [(&'a str, &'a str)],
}

impl<'a> Call<'a> {
    pub(super) fn new(path: &'a str, account: Option<&'a str>) -> Self {
        Self {
            path,
            account,
            key: None,
            fields: &[],
        }
    }

    pub(super) fn key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }

    pub(super) fn fields(self, fields: &'a [(&'a str, &'a str)]) -> Self {
        Self { fields, ..self }
    }
}

pub(super) struct Client {
    http: reqwest::Client,
    /// Scheme, host and port.
    api: String,
}

impl Client {
    /// `call_time_max` is how long one answer is waited for.
    ///
    /// # Errors
    /// A text for people, when the key cannot stand in a header.
    pub(super) fn new(api: &str, secret_key: &str, call_time_max: Duration) -> Result<Self, String> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {secret_key}"))
            .map_err(|_| "the secret key has characters that no key has".to_owned())?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization);
        headers.insert("stripe-version", HeaderValue::from_static(VERSION));
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls()?)
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(call_time_max)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            http,
            api: api.trim_end_matches('/').to_owned(),
        })
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, CallError> {
        self.send(Method::GET, call).await
    }

    pub(super) async fn post<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, CallError> {
        self.send(Method::POST, call).await
    }

    pub(super) async fn delete<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, CallError> {
        self.send(Method::DELETE, call).await
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, call: Call<'_>) -> Result<T, CallError> {
        let encoded = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(call.fields)
            .finish();
        let mut address = format!("{}/v1/{}", self.api, call.path);
        let is_post = method == Method::POST;
        if !is_post && !encoded.is_empty() {
            address = format!("{address}?{encoded}");
        }
        let mut request = self.http.request(method, address);
        if is_post {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(encoded);
        }
        for (name, value) in [("idempotency-key", call.key), ("stripe-account", call.account)] {
            if let Some(value) = value {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        let response = request.send().await.map_err(no_answer)?;
        let status = response.status();
        let body = read_bounded(response).await.map_err(CallError::Other)?;
        if status.is_success() {
            // The key would bring this very answer again.
            return serde_json::from_slice(&body)
                .map_err(|_| CallError::Other(ProviderError::Failed("the answer cannot be read".to_owned())));
        }
        Err(classify(status, &body))
    }
}

/// What an answer that is no success says about whether anything happened.
fn classify(status: StatusCode, body: &[u8]) -> CallError {
    let error = serde_json::from_slice::<WireErrorBody>(body).map_or_else(|_| WireError::default(), |body| body.error);
    let said = format!("{} {}", status.as_u16(), error.said());
    match status {
        StatusCode::PAYMENT_REQUIRED => CallError::Declined(error),
        StatusCode::NOT_FOUND => CallError::Missing,
        // Another request with this key is under way, or we ask too often: later the same key brings the answer.
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            CallError::Other(ProviderError::Unknown(said))
        }
        // The key was used before for something that differed, and whatever that was may have happened.
        StatusCode::BAD_REQUEST if error.kind == "idempotency_error" => CallError::Other(ProviderError::Failed(said)),
        StatusCode::BAD_REQUEST
            if error
                .code
                .as_deref()
                .is_some_and(|code| code.ends_with("unexpected_state")) =>
        {
            CallError::NotNow(said)
        }
        // Our key was changed, or may not do this: the operator mends that, and no card was declined.
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if error.code.as_deref() != Some("account_invalid") => {
            CallError::Other(ProviderError::Unknown(said))
        }
        status if status.is_client_error() => CallError::Other(ProviderError::Refused(said)),
        _ => CallError::Other(ProviderError::Failed(said)),
    }
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_BYTES_MAX => {
                return Err(ProviderError::Failed("the answer is too long".to_owned()));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(ProviderError::Unknown(reason(&error).to_owned())),
        }
    }
}

fn no_answer(error: reqwest::Error) -> CallError {
    CallError::Other(ProviderError::Unknown(reason(&error).to_owned()))
}

/// In our own words: the error's text has the address, which names the payment.
fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "Stripe did not answer in time"
    } else if error.is_connect() {
        "Stripe cannot be reached"
    } else {
        "the connection to Stripe broke"
    }
}

/// The public authorities, as for mail: no file of this machine decides who is believed.
fn tls() -> Result<ClientConfig, String> {
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(status: u16, body: &str) -> CallError {
        classify(StatusCode::from_u16(status).expect("a status"), body.as_bytes())
    }

    #[test]
    fn an_answer_says_whether_anything_happened() {
        let error = |kind: &str, code: &str| format!(r#"{{"error":{{"type":"{kind}","code":"{code}"}}}}"#);
        let refused = check(400, &error("invalid_request_error", "amount_too_small"));
        assert!(matches!(refused, CallError::Other(ProviderError::Refused(said)) if said.contains("amount_too_small")));
        let declined = check(402, &error("card_error", "card_declined"));
        assert!(matches!(declined, CallError::Declined(_)));
        let elsewhere = check(400, &error("invalid_request_error", "payment_intent_unexpected_state"));
        assert!(matches!(elsewhere, CallError::NotNow(_)));
        let key = check(400, &error("idempotency_error", ""));
        assert!(matches!(key, CallError::Other(ProviderError::Failed(_))));
        for status in [409, 429] {
            assert!(matches!(check(status, ""), CallError::Other(ProviderError::Unknown(_))));
        }
        for status in [302, 500, 502, 503] {
            assert!(matches!(
                check(status, "<html>"),
                CallError::Other(ProviderError::Failed(_))
            ));
        }
        assert!(matches!(check(404, "{}"), CallError::Missing));
        for status in [401, 403] {
            assert!(matches!(
                check(status, "{}"),
                CallError::Other(ProviderError::Unknown(_))
            ));
        }
        let gone = check(403, &error("invalid_request_error", "account_invalid"));
        assert!(matches!(gone, CallError::Other(ProviderError::Refused(_))));
    }

    proptest! {
        #[test]
        fn any_answer_is_classified(status in 300u16..1000, body in prop::collection::vec(any::<u8>(), 0..200)) {
            let status = StatusCode::from_u16(status).expect("a status");
            let said = classify(status, &body).into_provider().to_string();
            prop_assert!(said.len() < 300);
        }
    }
}
