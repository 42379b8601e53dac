//! One connection as a state machine: what each text frame means, how many may come, and what is refused.

use std::time::{Duration, Instant};

use signaling_protocol::message::ErrorCode;
use signaling_protocol::ticket::TICKET_BYTES_MAX;
use signaling_protocol::{ClientMessage, PROTOCOL_VERSION, ServerMessage};

use crate::bucket::Bucket;
use crate::limits::{MESSAGES_BURST, MESSAGES_PER_S, OFFER_REFILL, OFFERS_BURST, STRIKES_MAX};
use crate::room::{Asked, CloseCode, Offer, Request, check_message};

/// One connection, from its opening to its close.
#[derive(Debug)]
pub struct Session {
    state: State,
    messages: Bucket,
    offers: Bucket,
    strikes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AwaitingHello,
    Seated,
}

/// What a text frame asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Check this ticket and take its seat. Only ever once a connection.
    Hello {
        ticket: String,
    },
    Offer(Offer),
    Request(Request),
    /// Answer at once.
    Reply(ServerMessage),
    /// The frame was refused with this; `close` follows after the last strike.
    Refuse {
        code: ErrorCode,
        message: String,
        close: Option<CloseCode>,
    },
}

impl Session {
    /// A connection that was opened at `now`.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        let second = Duration::from_secs(1);
        Self {
            state: State::AwaitingHello,
            messages: Bucket::new(MESSAGES_BURST, second / MESSAGES_PER_S, now),
            offers: Bucket::new(OFFERS_BURST, OFFER_REFILL, now),
            strikes: 0,
        }
    }

    /// Whether `hello` has come.
    #[must_use]
    pub fn seated(&self) -> bool {
        self.state == State::Seated
    }

    /// Takes one text frame.
    pub fn receive(&mut self, now: Instant, text: &str) -> Step {
        if !self.messages.take(now) {
            return self.strike(ErrorCode::RateLimited, "too many messages");
        }
        match serde_json::from_str(text) {
            Ok(message) => self.message(now, message),
            Err(error) => self.strike(ErrorCode::BadMessage, &refusal_text(&error)),
        }
    }

    /// Takes a frame that is no text.
    pub fn receive_binary(&mut self) -> Step {
        self.strike(ErrorCode::BadMessage, "messages are JSON text")
    }

    /// Takes a control frame (RFC 6455 section 5.5), which the socket answers by itself: it counts like a message.
    pub fn receive_control(&mut self, now: Instant) -> Option<Step> {
        let taken = self.messages.take(now);
        (!taken).then(|| self.strike(ErrorCode::RateLimited, "too many control frames"))
    }

    fn message(&mut self, now: Instant, message: ClientMessage) -> Step {
        match (self.state, check_message(message)) {
            (State::AwaitingHello, Ok(Asked::Hello { protocol, ticket })) => self.hello(protocol, ticket),
            (State::Seated, Ok(Asked::Hello { .. })) => self.strike(ErrorCode::BadHello, "hello comes once"),
            (_, Ok(Asked::Ping { at })) => Step::Reply(ServerMessage::Pong { at }),
            (State::AwaitingHello, _) => self.strike(ErrorCode::BadHello, "hello comes first"),
            (State::Seated, Err(fault)) => self.strike(ErrorCode::BadMessage, fault),
            (State::Seated, Ok(Asked::Offer(offer))) => {
                if self.offers.take(now) {
                    Step::Offer(offer)
                } else {
                    self.strike(ErrorCode::RateLimited, "too many offers")
                }
            }
            (State::Seated, Ok(Asked::Request(request))) => {
                // It costs the media plane as much as an offer.
                if matches!(request, Request::Restart { .. }) && !self.offers.take(now) {
                    self.strike(ErrorCode::RateLimited, "too many restarts")
                } else {
                    Step::Request(request)
                }
            }
        }
    }

    /// A `hello` that cannot be served ends the connection: nothing else could follow it.
    fn hello(&mut self, protocol: u32, ticket: String) -> Step {
        let fatal = |code, message: &str| Step::Refuse {
            code,
            message: message.to_owned(),
            close: Some(CloseCode::BadTicket),
        };
        if protocol != PROTOCOL_VERSION {
            return fatal(
                ErrorCode::BadHello,
                "this server speaks another version of the protocol",
            );
        }
        if ticket.len() > TICKET_BYTES_MAX {
            return fatal(ErrorCode::BadTicket, "the ticket is not valid");
        }
        self.state = State::Seated;
        Step::Hello { ticket }
    }

    fn strike(&mut self, code: ErrorCode, message: &str) -> Step {
        self.strikes += 1;
        let close = (self.strikes >= STRIKES_MAX).then_some(CloseCode::Strikes);
        Step::Refuse {
            code,
            message: message.to_owned(),
            close,
        }
    }
}

/// The parser's words without its position; they quote at most names of fields and types.
fn refusal_text(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Eof => "not JSON".to_owned(),
        serde_json::error::Category::Data | serde_json::error::Category::Io => {
            let text = error.to_string();
            text.chars().take(200).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::SIZES_MAX;

    const HELLO: &str = r#"{"type":"hello","protocol":1,"ticket":"t"}"#;

    fn seated(now: Instant) -> Session {
        let mut session = Session::new(now);
        assert_eq!(session.receive(now, HELLO), Step::Hello { ticket: "t".into() });
        session
    }

    fn refused(step: &Step) -> Option<(ErrorCode, bool)> {
        match step {
            Step::Refuse { code, close, .. } => Some((*code, close.is_some())),
            Step::Hello { .. } | Step::Offer(_) | Step::Request(_) | Step::Reply(_) => None,
        }
    }

    fn check(text: &str, expected: ErrorCode) {
        let now = Instant::now();
        let step = seated(now).receive(now, text);
        assert_eq!(refused(&step), Some((expected, false)), "{text}");
    }

    /// Trial F15: 450,000 pings a second were answered.
    #[test]
    fn f15_control_frames_count_as_messages() {
        let now = Instant::now();
        let mut session = seated(now);
        for number in 1..MESSAGES_BURST {
            assert_eq!(session.receive_control(now), None, "{number}");
        }
        for strike in 1..=STRIKES_MAX {
            let step = session.receive_control(now).expect("there are too many");
            assert_eq!(refused(&step), Some((ErrorCode::RateLimited, strike == STRIKES_MAX)));
        }
    }

    #[test]
    fn bad_frames_are_refused_with_the_fitting_code() {
        check("", ErrorCode::BadMessage);
        check("[]", ErrorCode::BadMessage);
        check(r#"{"type":"teleport"}"#, ErrorCode::BadMessage);
        check(r#"{"type":"admit"}"#, ErrorCode::BadMessage);
        check(r#"{"type":"admit","seat":"s","as":"root"}"#, ErrorCode::BadMessage);
        check(r#"{"type":"ping","at":1e400}"#, ErrorCode::BadMessage);
        check(&"[".repeat(60_000), ErrorCode::BadMessage);
        check(
            &format!(r#"{{"type":"admit","seat":"{}"}}"#, "s".repeat(200)),
            ErrorCode::BadMessage,
        );
        check(HELLO, ErrorCode::BadHello);
        let source = r#"{"mid":"0","source":"camera"}"#;
        check(
            &format!(r#"{{"type":"offer","id":1,"sdp":"","sources":[{source},{source}]}}"#),
            ErrorCode::BadMessage,
        );
        let mid = "m".repeat(17);
        let long = format!(r#"{{"type":"offer","id":1,"sdp":"","sources":[{{"mid":"{mid}","source":"camera"}}]}}"#);
        check(&long, ErrorCode::BadMessage);
        let size = |mid: &str| format!(r#"{{"mid":"{mid}","width":1,"height":1}}"#);
        let sizes = |list: &[String]| format!(r#"{{"type":"sizes","slots":[{}]}}"#, list.join(","));
        check(&sizes(&[size("1"), size("1")]), ErrorCode::BadMessage);
        check(&sizes(&[size("")]), ErrorCode::BadMessage);
        let many: Vec<_> = (0..=SIZES_MAX).map(|mid| size(&mid.to_string())).collect();
        check(&sizes(&many), ErrorCode::BadMessage);
        check(
            r#"{"type":"sizes","slots":[{"mid":"1","width":65536,"height":1}]}"#,
            ErrorCode::BadMessage,
        );
        for ufrag in ["abc", "ab cd", "ab\r\ncd", "abcø", &"u".repeat(257)] {
            let restart = format!(r#"{{"type":"restart","id":1,"ufrag":"{ufrag}"}}"#);
            check(&restart, ErrorCode::BadMessage);
        }
    }

    #[test]
    fn the_third_strike_closes() {
        let now = Instant::now();
        let mut session = seated(now);
        let closes: Vec<_> = (0..3).map(|_| refused(&session.receive(now, "x"))).collect();
        let strike = |close| Some((ErrorCode::BadMessage, close));
        assert_eq!(closes, [strike(false), strike(false), strike(true)]);
    }

    #[test]
    fn nothing_but_ping_comes_before_hello() {
        let now = Instant::now();
        let mut session = Session::new(now);
        let pong = Step::Reply(ServerMessage::Pong { at: 7 });
        assert_eq!(session.receive(now, r#"{"type":"ping","at":7}"#), pong);
        assert_eq!(
            refused(&session.receive(now, r#"{"type":"leave"}"#)),
            Some((ErrorCode::BadHello, false))
        );
        let step = session.receive(now, r#"{"type":"hello","protocol":99,"ticket":"t"}"#);
        assert_eq!(refused(&step), Some((ErrorCode::BadHello, true)));
    }

    #[test]
    fn floods_are_refused_and_patience_is_rewarded() {
        let mut now = Instant::now();
        let mut session = Session::new(now);
        let ping = r#"{"type":"ping","at":0}"#;
        for _ in 0..MESSAGES_BURST {
            assert_eq!(refused(&session.receive(now, ping)), None);
        }
        assert_eq!(
            refused(&session.receive(now, ping)),
            Some((ErrorCode::RateLimited, false))
        );
        for _ in 0..1_000 {
            now += Duration::from_secs(1) / MESSAGES_PER_S;
            assert_eq!(refused(&session.receive(now, ping)), None);
        }
    }

    #[test]
    fn offers_have_their_own_limit() {
        let now = Instant::now();
        let mut session = seated(now);
        let offer = r#"{"type":"offer","id":1,"sdp":"v=0","sources":[]}"#;
        for _ in 0..OFFERS_BURST {
            assert_eq!(refused(&session.receive(now, offer)), None);
        }
        assert_eq!(
            refused(&session.receive(now, offer)),
            Some((ErrorCode::RateLimited, false))
        );
        assert_eq!(refused(&session.receive(now + OFFER_REFILL, offer)), None);
        let restart = r#"{"type":"restart","id":1,"ufrag":"abcd"}"#;
        let later = now + OFFER_REFILL;
        assert_eq!(
            refused(&session.receive(later, restart)),
            Some((ErrorCode::RateLimited, false))
        );
        assert_eq!(refused(&session.receive(later + OFFER_REFILL, restart)), None);
    }

    proptest! {
        #[test]
        fn any_text_is_answered_without_panic(text in any::<String>()) {
            let now = Instant::now();
            seated(now).receive(now, &text);
        }
    }
}
