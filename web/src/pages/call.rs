//! The frame of the call page and of the device check; the rest is the client's.

use askama::Template;
use serde::Serialize;

use super::Shell;
use crate::text;

/// What the call page hands to its script. Times are Unix microseconds UTC by the server's clock.
#[derive(Debug, Clone, Serialize)]
pub struct CallData {
    /// `call`.
    pub mode: &'static str,
    pub call: String,
    /// `consumer` or `provider`.
    pub role: String,
    /// The viewer's name.
    pub name: String,
    pub other_name: String,
    /// Whose appointment the consumer booked; the provider knows.
    pub business: Option<String>,
    pub title: String,
    pub ticket_url: String,
    /// Says whether the other side is there.
    pub other_url: String,
    /// Says how going on beyond the highest price stands.
    pub extension_url: String,
    pub socket_url: String,
    /// Where to go when the call is over.
    pub after_url: String,
    /// Where the consumer may cancel while nothing has taken place.
    pub cancel_url: Option<String>,
    /// Where "back" leads.
    pub back_url: String,
    pub locale: &'static str,
    /// Source of the call's text file.
    pub texts: String,
    pub opens_at: i64,
    pub starts_at: i64,
    pub ends_at: i64,
    pub now: i64,
    pub time_zone: String,
    /// The price terms as the protocol writes them.
    pub price: serde_json::Value,
}

/// What a handler knows about a call; [`CallPage::new`] adds the rest.
#[derive(Debug, Clone)]
pub struct CallFacts {
    pub call: String,
    pub role: String,
    pub name: String,
    pub other_name: String,
    pub business: Option<String>,
    pub title: String,
    pub opens_at: i64,
    pub starts_at: i64,
    pub ends_at: i64,
    pub price: serde_json::Value,
    pub after_url: String,
    pub back_url: String,
}

/// `/call/{id}`
#[derive(Debug, Clone, Template)]
#[template(path = "call.html")]
pub struct CallPage {
    pub shell: Shell,
    pub title: String,
    /// JSON, safe inside a script element.
    pub data: String,
    pub back_url: String,
}

impl CallPage {
    #[must_use]
    pub fn new(shell: Shell, facts: CallFacts) -> Self {
        let data = CallData {
            mode: "call",
            ticket_url: crate::routes::call_ticket(&facts.call),
            other_url: crate::routes::call_other(&facts.call),
            extension_url: crate::routes::call_extension(&facts.call),
            cancel_url: (facts.role == "consumer").then(|| crate::routes::booking_cancel(&facts.call)),
            socket_url: crate::routes::pattern::CALL_SOCKET.to_owned(),
            call: facts.call,
            role: facts.role,
            name: facts.name,
            other_name: facts.other_name,
            business: facts.business,
            title: facts.title.clone(),
            after_url: facts.after_url,
            back_url: facts.back_url.clone(),
            locale: shell.locale.tag(),
            texts: text::source(shell.locale, "call").unwrap_or_default(),
            opens_at: facts.opens_at,
            starts_at: facts.starts_at,
            ends_at: facts.ends_at,
            now: shell.now,
            time_zone: shell.zone.clone(),
            price: facts.price,
        };
        Self {
            data: script_json(&data),
            title: facts.title,
            back_url: facts.back_url,
            shell,
        }
    }
}

#[derive(Debug, Serialize)]
struct CheckData<'a> {
    mode: &'static str,
    locale: &'static str,
    texts: String,
    back_url: &'a str,
    now: i64,
    time_zone: &'a str,
}

/// `/device-check`
#[derive(Debug, Clone, Template)]
#[template(path = "call.html")]
pub struct DeviceCheckPage {
    pub shell: Shell,
    pub title: String,
    pub data: String,
    pub back_url: String,
}

impl DeviceCheckPage {
    /// `back_url` is where "done" leads: the booking, or the list of bookings.
    #[must_use]
    pub fn new(shell: Shell, back_url: String) -> Self {
        let data = script_json(&CheckData {
            mode: "check",
            locale: shell.locale.tag(),
            texts: text::source(shell.locale, "call").unwrap_or_default(),
            back_url: &back_url,
            now: shell.now,
            time_zone: &shell.zone,
        });
        Self {
            title: shell.t("device-check-title"),
            data,
            back_url,
            shell,
        }
    }
}

/// JSON that cannot end the script element it stands in, nor open a comment there.
fn script_json(data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).expect("plain strings and numbers serialise");
    json.replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_script_element() {
        let json = script_json(&"</script><!--");
        assert_eq!(json, r#""\u003c/script>\u003c!--""#);
        assert_eq!(
            serde_json::from_str::<String>(&json).ok().as_deref(),
            Some("</script><!--")
        );
    }
}
