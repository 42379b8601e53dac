//! The operator's outbox: its list and search, and one mail in full.

use askama::Template;
use texts::MailKind;

use super::Shell;
use super::appointment::Tone;
use super::field::Field;
use super::operator::MissingRow;
use crate::routes;

/// How far a mail has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Shown here only: no mail server is configured.
    Kept,
    Waiting,
    Sent,
    Failed,
}

impl MailState {
    pub const ALL: [Self; 4] = [Self::Kept, Self::Waiting, Self::Sent, Self::Failed];

    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Kept => "mail-state-kept",
            Self::Waiting => "mail-state-waiting",
            Self::Sent => "mail-state-sent",
            Self::Failed => "mail-state-failed",
        }
    }

    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Kept | Self::Waiting => Tone::Neutral,
            Self::Sent => Tone::Good,
            Self::Failed => Tone::Danger,
        }
    }
}

/// One mail of the outbox, without what it says and to whom in full.
#[derive(Debug, Clone)]
pub struct OutboxRow {
    pub id: String,
    pub at: i64,
    /// Initials, or the beginning of an address that has no account.
    pub to: String,
    /// The name in the record, for example `verify`.
    pub kind: String,
    pub state: MailState,
}

impl OutboxRow {
    /// A newer server may write mails of a kind that this one does not know.
    fn key(&self) -> &'static str {
        MailKind::from_word(&self.kind).map_or("mail-kind-other", MailKind::key)
    }
}

/// `/operator/outbox?page=`. Form fields of a search: `q` and `reason`; it is on record, and no part of an address.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_outbox.html")]
pub struct OperatorOutboxPage {
    pub shell: Shell,
    /// That the mail server lets nothing through.
    pub held_up: Option<MissingRow>,
    pub mails: Vec<OutboxRow>,
    /// Part of an address or a subject.
    pub q: Field,
    pub reason: Field,
    /// Whether the mails are those that a search found, rather than all.
    pub is_search: bool,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
}

/// `/operator/outbox/{id}`. Form field: `reason`; what the mail says is shown with one, and that is on record. With `action`
/// `resend` it is sent anew.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_mail.html")]
pub struct OperatorMailPage {
    pub shell: Shell,
    pub mail: OutboxRow,
    pub reason: Field,
    /// What the mail says, once a reason was given.
    pub letter: Option<Letter>,
    /// There is a mail server, and the mail has not left by it.
    pub can_resend: bool,
}

/// A mail in full.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    /// Plain text; addresses in it become links.
    pub body: String,
    /// Names of the attachments.
    pub attachments: Vec<String>,
    /// The last error of sending.
    pub error: Option<String>,
}

impl OperatorOutboxPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell
            .problems(&[("q", self.q.error), ("reason", self.reason.error)])
    }

    fn url(&self, page: u32) -> String {
        routes::operator_list(routes::pattern::OPERATOR_OUTBOX, "", "", page)
    }

    fn before_url(&self) -> String {
        self.url(self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        self.url(self.page.saturating_add(1))
    }
}

/// A stretch of a mail's text.
struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

impl OperatorMailPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("reason", self.reason.error)])
    }
}

impl Letter {
    /// The body cut at its addresses, so that they can be followed.
    fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut rest = self.body.as_str();
        while let Some(at) = rest.find("http://").into_iter().chain(rest.find("https://")).min() {
            let (before, from) = rest.split_at(at);
            let end = from
                .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | ')'))
                .unwrap_or(from.len());
            let (link, after) = from.split_at(end);
            pieces.push(Piece {
                text: before,
                is_link: false,
            });
            pieces.push(Piece {
                text: link,
                is_link: true,
            });
            rest = after;
        }
        pieces.push(Piece {
            text: rest,
            is_link: false,
        });
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_mail_become_links() {
        fn check(body: &str, links: &[&str]) {
            let letter = Letter {
                body: body.to_owned(),
                ..Letter::default()
            };
            let pieces = letter.pieces();
            let found: Vec<&str> = pieces
                .iter()
                .filter(|piece| piece.is_link)
                .map(|piece| piece.text)
                .collect();
            assert_eq!(found, links);
            assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), body);
        }
        check("", &[]);
        check(
            "Åpne https://a.no/verify/x og\nhttp://b.no",
            &["https://a.no/verify/x", "http://b.no"],
        );
        check("(http://b.no)", &["http://b.no"]);
    }
}
