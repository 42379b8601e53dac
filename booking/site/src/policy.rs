//! What browsers may load for a page of ours. Nothing comes from elsewhere, but for the pages on which a payment provider's
//! own script takes the card.

use axum::http::{HeaderValue, header};
use axum::response::Response;

/// Put on an answer: hosts that this one page may load scripts and frames from, and ask. They come from the configuration.
#[derive(Debug, Clone)]
pub(crate) struct OpenFor(pub(crate) Vec<String>);

/// The policy of every page.
#[must_use]
pub(crate) fn content_policy(public_url: &str, hosts: &[String]) -> String {
    // Safari does not count the socket of the same host as `self`.
    let socket = public_url.replacen("http", "ws", 1);
    let more: String = hosts
        .iter()
        .filter(|host| is_host(host))
        .map(|host| format!(" {host}"))
        .collect();
    let frames = if more.is_empty() {
        String::new()
    } else {
        format!(" frame-src{more};")
    };
    format!(
        "default-src 'none'; script-src 'self'{more}; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; \
         media-src 'self' blob:; connect-src 'self' {socket}{more};{frames} manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Opens the policy of an answer as far as its page asked for.
pub(crate) fn open(public_url: &str, response: &mut Response) {
    let Some(OpenFor(hosts)) = response.extensions_mut().remove::<OpenFor>() else {
        return;
    };
    if let Ok(policy) = HeaderValue::from_str(&content_policy(public_url, &hosts)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Nothing that would end a directive and begin another.
fn is_host(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-:*[]".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_open_the_policy() {
        let usual = content_policy("https://booka.example", &[]);
        assert!(usual.contains("script-src 'self'; style-src"), "{usual}");
        assert!(!usual.contains("frame-src"), "{usual}");
        let hostile = [
            "https://x; script-src *".to_owned(),
            "javascript:".to_owned(),
            "'unsafe-inline'".to_owned(),
        ];
        assert_eq!(content_policy("https://booka.example", &hostile), usual);
        let open = content_policy("https://booka.example", &["https://*.js.stripe.com".to_owned()]);
        assert!(
            open.contains("script-src 'self' https://*.js.stripe.com; style-src"),
            "{open}"
        );
        assert!(
            open.contains("connect-src 'self' wss://booka.example https://*.js.stripe.com; frame-src"),
            "{open}"
        );
    }
}
