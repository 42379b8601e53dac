//! The ICE-lite side of one peer: credentials, validated pairs, nomination and restart (RFC 8445, RFC 7675).

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::limits;
use crate::prefetch::prefetch;
use crate::transport::demux::Tuple;
use crate::wire::candidate::Protocol;

/// Checks remembered to tell a replay from a fresh one.
const TRANSACTIONS_REMEMBERED: usize = 1_024;
/// Whether a text is an `ice-ufrag` (RFC 8839 5.4): 4 to 256 letters, digits, `+` and `/`.
#[must_use]
pub fn is_ufrag(text: &str) -> bool {
    let ice_char = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    limits::UFRAG_BYTES.contains(&text.len()) && text.bytes().all(ice_char)
}

/// Characters of a ufrag: 48 random bits, above the 24 that RFC 8445 5.3 asks for.
const UFRAG_LEN: usize = 8;
/// Characters of a password: 192 random bits, above the 128 that RFC 8445 5.3 asks for.
const PASSWORD_LEN: usize = 32;
/// How long a pair of higher priority holds against the nomination of another. A client that nominates every pair it
/// checks (Firefox) means the best of them and does so at once; one that nominates what it has chosen (Chromium) and
/// changes its mind repeats itself for longer than this.
const SETTLING: Duration = Duration::from_secs(3);
/// Media moves to another pair when the client was heard over that one this much later than over the nominated one. A
/// client that gets media reports on it more often, and checks that repeat consent go over the pair in use.
const MOVED_AFTER: Duration = Duration::from_secs(3);

const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Our credentials for one peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

impl Credentials {
    pub(crate) fn generate(random: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut word = |len: usize| {
            let mut bytes = [0; PASSWORD_LEN];
            random(&mut bytes[..len]);
            bytes[..len]
                .iter()
                .map(|byte| char::from(ICE_CHARS[usize::from(byte & 63)]))
                .collect::<String>()
        };
        Self {
            ufrag: word(UFRAG_LEN),
            password: word(PASSWORD_LEN),
        }
    }
}

/// One ICE session: the credentials that both sides exchanged.
#[derive(Debug)]
struct Session {
    local: Credentials,
    remote_ufrag: String,
}

/// The session that a check belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Current,
    /// The one of a restart that has not led to a nominated pair yet.
    Next,
}

#[derive(Debug)]
struct Pair {
    tuple: Tuple,
    /// The last fresh check or authenticated packet over it; of the nominated pair see there.
    heard_at: Instant,
    /// Number of the session that its last check was of.
    session: u32,
    /// That of its last check.
    priority: u32,
}

/// The pair that media goes to.
#[derive(Debug, Clone, Copy)]
struct Nominated {
    tuple: Tuple,
    rank: Rank,
    since: Instant,
    heard_at: Instant,
}

/// Which of two pairs is better: datagrams before connections, then the priority that the client gave it.
type Rank = (Protocol, u32);

/// A check whose integrity fits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Check {
    pub(crate) generation: Generation,
    pub(crate) transaction: [u8; 12],
    /// PRIORITY, zero when absent.
    pub(crate) priority: u32,
    /// USE-CANDIDATE.
    pub(crate) nominates: bool,
}

/// What a check that passed its integrity test did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckOutcome {
    /// Say yes to the client.
    pub(crate) answer: bool,
    /// It was not seen before, so it proves that the client is there now.
    pub(crate) fresh: bool,
    /// The pair became valid by it.
    pub(crate) added: bool,
    /// Media goes there from now on, though it was not nominated.
    pub(crate) moved: bool,
    /// Media goes there from now on, since it was nominated, or was so anew after a restart.
    pub(crate) nominated: bool,
    /// The pair that had to make room.
    pub(crate) evicted: Option<Tuple>,
    /// Our fragment of the session that a restart has ended by it.
    pub(crate) retired: Option<String>,
}

/// ICE state of one peer.
#[derive(Debug)]
pub(crate) struct IceAgent {
    current: Session,
    /// From the restart until one of its pairs is nominated.
    next: Option<Session>,
    /// Restarts that led to a nominated pair.
    sessions: u32,
    pairs: Vec<Pair>,
    nominated: Option<Nominated>,
    /// A pair was nominated, though it may be lost by now.
    nominated_once: bool,
    /// Before nomination, answers go where the last handshake datagram came from.
    provisional: Option<Tuple>,
    transactions: VecDeque<u64>,
}

impl IceAgent {
    pub(crate) fn new(local: Credentials, remote_ufrag: String) -> Self {
        Self {
            current: Session { local, remote_ufrag },
            next: None,
            sessions: 0,
            pairs: Vec::new(),
            nominated: None,
            nominated_once: false,
            provisional: None,
            transactions: VecDeque::new(),
        }
    }

    /// Begins a restart (RFC 8445 2.4): checks of either session are good until one of the new is nominated. Returns
    /// our fragment of an earlier restart that came to nothing.
    pub(crate) fn restart(&mut self, local: Credentials, remote_ufrag: String) -> Option<String> {
        let before = self.next.replace(Session { local, remote_ufrag });
        before.map(|session| session.local.ufrag)
    }

    /// The session that a check claims to belong to, and our password in it.
    pub(crate) fn session(&self, ours: &str, theirs: &str) -> Option<(Generation, &str)> {
        let current = (Generation::Current, &self.current);
        let next = self.next.as_ref().map(|session| (Generation::Next, session));
        [Some(current), next]
            .into_iter()
            .flatten()
            .find(|(_, session)| session.local.ufrag == ours && session.remote_ufrag == theirs)
            .map(|(generation, session)| (generation, session.local.password.as_str()))
    }

    /// Our fragments in use.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        let sessions = std::iter::once(&self.current).chain(&self.next);
        sessions.map(|session| session.local.ufrag.as_str())
    }

    /// Takes a check. A replayed one neither validates, nominates nor proves presence: who overheard a check must not be
    /// able to move the media to another address.
    pub(crate) fn handle_check(&mut self, tuple: Tuple, check: Check, now: Instant) -> CheckOutcome {
        let known = self.pairs.iter_mut().find(|pair| pair.tuple == tuple);
        if !remember(&mut self.transactions, check.transaction) {
            return CheckOutcome {
                answer: known.is_some(),
                ..CheckOutcome::default()
            };
        }
        let mut checked = CheckOutcome {
            answer: true,
            fresh: true,
            ..CheckOutcome::default()
        };
        let session = match check.generation {
            Generation::Current => self.sessions,
            Generation::Next => self.sessions + 1,
        };
        match known {
            Some(pair) => (pair.session, pair.priority) = (session, check.priority),
            None => {
                checked.added = true;
                checked.evicted = self.make_room();
                self.pairs.push(Pair {
                    tuple,
                    heard_at: now,
                    session,
                    priority: check.priority,
                });
            }
        }
        if check.nominates {
            let before = self.nominated.map(|before| before.tuple);
            checked.retired = self.nominate(tuple, check, now);
            let after = self.nominated.map(|after| after.tuple);
            checked.nominated = before != after || checked.retired.is_some();
        }
        checked.moved = self.heard(tuple, now);
        checked
    }

    /// An authenticated packet came over a pair. True when media goes there from now on, since the client has not been
    /// heard over the nominated pair for a while, or that is lost: a NAT may have given it another address, and not every
    /// client nominates the pair again that comes of it.
    pub(crate) fn heard(&mut self, tuple: Tuple, now: Instant) -> bool {
        if let Some(nominated) = self.nominated.as_mut().filter(|nominated| nominated.tuple == tuple) {
            nominated.heard_at = now;
            return false;
        }
        let Some(pair) = self.pairs.iter_mut().find(|pair| pair.tuple == tuple) else {
            return false;
        };
        pair.heard_at = now;
        let current = pair.session == self.sessions;
        let silent = match &self.nominated {
            Some(nominated) => now.saturating_duration_since(nominated.heard_at) >= MOVED_AFTER,
            None => self.nominated_once,
        };
        if !current || !silent {
            return false;
        }
        let rank = (tuple.protocol, pair.priority);
        self.send_over(tuple, rank, now, now);
        true
    }

    fn send_over(&mut self, tuple: Tuple, rank: Rank, since: Instant, now: Instant) {
        let nominated = Nominated {
            tuple,
            rank,
            since,
            heard_at: now,
        };
        self.nominated_once = true;
        if let Some(before) = self.nominated.replace(nominated)
            && let Some(pair) = self.pairs.iter_mut().find(|pair| pair.tuple == before.tuple)
        {
            pair.heard_at = before.heard_at;
        }
    }

    /// Returns our fragment of the session that ended by it.
    fn nominate(&mut self, tuple: Tuple, check: Check, now: Instant) -> Option<String> {
        let rank = (tuple.protocol, check.priority);
        let restarted = match check.generation {
            Generation::Current => None,
            Generation::Next => self.next.take(),
        };
        let before = self.nominated.filter(|before| before.tuple != tuple);
        let holds = before.is_some_and(|before| before.rank > rank && now < before.since + SETTLING);
        if holds && restarted.is_none() {
            return None;
        }
        let since = match (self.nominated, before) {
            (Some(same), None) => same.since,
            (_, Some(_)) | (None, None) => now,
        };
        self.send_over(tuple, rank, since, now);
        restarted.map(|session| {
            self.sessions += 1;
            std::mem::replace(&mut self.current, session).local.ufrag
        })
    }

    fn make_room(&mut self) -> Option<Tuple> {
        if self.pairs.len() < limits::PAIRS_PER_PEER_MAX {
            return None;
        }
        let nominated = self.nominated.map(|nominated| nominated.tuple);
        let oldest = (0..self.pairs.len())
            .filter(|&index| Some(self.pairs[index].tuple) != nominated)
            .min_by_key(|&index| self.pairs[index].heard_at)?;
        Some(self.pairs.swap_remove(oldest).tuple)
    }

    /// Forgets a pair over which nothing was heard for longer than consent lasts, and returns it; not the nominated one, whose
    /// consent is that of the peer.
    pub(crate) fn forget_stale(&mut self, now: Instant) -> Option<Tuple> {
        let nominated = self.nominated.map(|nominated| nominated.tuple);
        let stale = self.pairs.iter().position(|pair| {
            Some(pair.tuple) != nominated && now.saturating_duration_since(pair.heard_at) > limits::CONSENT_TIMEOUT
        })?;
        let tuple = self.pairs.swap_remove(stale).tuple;
        self.provisional = self.provisional.filter(|provisional| *provisional != tuple);
        Some(tuple)
    }

    /// A handshake datagram came over this (validated) pair.
    pub(crate) fn heard_handshake(&mut self, tuple: Tuple) {
        self.provisional = Some(tuple);
    }

    /// The pair is no longer valid: its connection ended, or it is another peer's now.
    pub(crate) fn lose(&mut self, tuple: Tuple) {
        self.pairs.retain(|pair| pair.tuple != tuple);
        self.nominated = self.nominated.filter(|nominated| nominated.tuple != tuple);
        self.provisional = self.provisional.filter(|provisional| *provisional != tuple);
    }

    /// Prefetches what [`IceAgent::selected`] reads.
    pub(crate) fn prefetch_selected(&self) {
        prefetch(&self.nominated);
    }

    /// Where to send: the nominated pair, else the one of the handshake.
    pub(crate) fn selected(&self) -> Option<Tuple> {
        self.nominated.map(|nominated| nominated.tuple).or(self.provisional)
    }

    /// When the client was last heard over a pair.
    pub(crate) fn heard_at(&self, tuple: Tuple) -> Option<Instant> {
        let nominated = self.nominated.filter(|nominated| nominated.tuple == tuple);
        let pair = self.pairs.iter().find(|pair| pair.tuple == tuple)?;
        Some(nominated.map_or(pair.heard_at, |nominated| nominated.heard_at))
    }

    pub(crate) fn tuples(&self) -> impl Iterator<Item = Tuple> {
        self.pairs.iter().map(|pair| pair.tuple)
    }
}

/// False when the transaction is among the last ones. 64 of its 96 random bits are enough to tell.
fn remember(transactions: &mut VecDeque<u64>, transaction: [u8; 12]) -> bool {
    let mut word = [0; 8];
    word.copy_from_slice(&transaction[4..]);
    let word = u64::from_ne_bytes(word);
    if transactions.contains(&word) {
        return false;
    }
    if transactions.len() == TRANSACTIONS_REMEMBERED {
        transactions.pop_front();
    }
    transactions.push_back(word);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(port: u16) -> Tuple {
        Tuple {
            protocol: Protocol::Udp,
            remote: ([127, 0, 0, 1], port).into(),
            local: ([127, 0, 0, 1], 1).into(),
        }
    }

    fn agent() -> IceAgent {
        IceAgent::new(Credentials::generate(&mut |bytes| bytes.fill(7)), "them".into())
    }

    fn transaction(number: u32) -> [u8; 12] {
        let mut id = [0; 12];
        id[8..].copy_from_slice(&number.to_be_bytes());
        id
    }

    fn check(number: u32, nominates: bool) -> Check {
        Check {
            generation: Generation::Current,
            transaction: transaction(number),
            priority: 100,
            nominates,
        }
    }

    #[test]
    fn credentials_are_long_and_of_ice_characters() {
        let mut next = 0u8;
        let credentials = Credentials::generate(&mut |bytes| {
            for byte in bytes {
                next = next.wrapping_add(37);
                *byte = next;
            }
        });
        assert_eq!(
            (credentials.ufrag.len(), credentials.password.len()),
            (UFRAG_LEN, PASSWORD_LEN)
        );
        assert!(credentials.password.bytes().all(|byte| ICE_CHARS.contains(&byte)));
    }

    #[test]
    fn the_last_nominated_pair_takes_over() {
        let now = Instant::now();
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, false), now);
        assert_eq!(agent.selected(), None);
        agent.heard_handshake(tuple(1));
        assert_eq!(agent.selected(), Some(tuple(1)));
        agent.handle_check(tuple(2), check(2, true), now);
        assert_eq!(agent.selected(), Some(tuple(2)));
        agent.handle_check(tuple(3), check(3, true), now);
        assert_eq!(agent.selected(), Some(tuple(3)));
    }

    #[test]
    fn of_pairs_nominated_at_once_the_best_stays() {
        let start = Instant::now();
        let mut agent = agent();
        let with = |number, priority| Check {
            priority,
            ..check(number, true)
        };
        let connection = Tuple {
            protocol: Protocol::Tcp,
            ..tuple(9)
        };
        agent.handle_check(connection, with(1, 900), start);
        assert_eq!(agent.selected(), Some(connection));
        agent.handle_check(tuple(1), with(2, 100), start);
        agent.handle_check(tuple(2), with(3, 200), start);
        agent.handle_check(tuple(3), with(4, 150), start);
        agent.handle_check(connection, with(5, 900), start);
        assert_eq!(agent.selected(), Some(tuple(2)));
        // Repeating itself does not make it younger.
        agent.handle_check(tuple(2), with(6, 200), start + SETTLING / 2);
        let later = start + SETTLING;
        agent.handle_check(tuple(3), with(7, 150), later);
        assert_eq!(
            agent.selected(),
            Some(tuple(3)),
            "whoever goes on nominating another means it"
        );
    }

    #[test]
    fn a_restart_keeps_the_old_path_until_a_new_one_is_nominated() {
        let now = Instant::now();
        let mut agent = agent();
        let old = agent.current.local.ufrag.clone();
        agent.handle_check(tuple(1), check(1, true), now);
        let next = Credentials::generate(&mut |bytes| bytes.fill(8));
        assert_eq!(agent.restart(next.clone(), "anew".into()), None);
        assert_eq!(agent.session(&next.ufrag, "them"), None, "fragments of two sessions");
        let session = agent.session(&next.ufrag, "anew");
        assert_eq!(session, Some((Generation::Next, next.password.as_str())));
        assert!(matches!(agent.session(&old, "them"), Some((Generation::Current, _))));

        let worse = |number, nominates| Check {
            generation: Generation::Next,
            priority: 1,
            ..check(number, nominates)
        };
        assert_eq!(agent.handle_check(tuple(2), worse(2, false), now).retired, None);
        assert_eq!(agent.selected(), Some(tuple(1)));
        assert_eq!(
            agent.handle_check(tuple(2), worse(3, true), now).retired,
            Some(old.clone())
        );
        assert_eq!(agent.selected(), Some(tuple(2)), "even though its priority is lower");
        assert_eq!(agent.session(&old, "them"), None);
        assert_eq!(agent.ufrags().collect::<Vec<_>>(), [&next.ufrag]);
        assert!(
            agent.heard_at(tuple(1)).is_some(),
            "what is on its way over the old pair is still heard"
        );
    }

    /// Trial B1: Firefox does not nominate the pair that comes of another port.
    #[test]
    fn media_follows_a_client_that_is_heard_over_another_pair_only() {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, true), start);
        agent.handle_check(tuple(2), check(2, false), at(500));
        assert!(!agent.heard(tuple(1), at(1_000)));
        assert!(!agent.heard(tuple(2), at(3_900)), "the nominated one was heard lately");
        assert!(!agent.heard(tuple(3), at(9_000)), "never validated");
        assert!(agent.heard(tuple(2), at(4_000)));
        assert_eq!(agent.selected(), Some(tuple(2)));
        // And back, by a check alone.
        let back = agent.handle_check(tuple(1), check(3, false), at(8_000));
        assert!(back.moved && agent.selected() == Some(tuple(1)));
        // A pair of the session before a restart says nothing about the new path.
        let next = Credentials::generate(&mut |bytes| bytes.fill(8));
        agent.restart(next, "anew".into());
        let renewed = Check {
            generation: Generation::Next,
            ..check(4, true)
        };
        agent.handle_check(tuple(5), renewed, at(9_000));
        assert!(!agent.heard(tuple(2), at(20_000)));
        assert_eq!(agent.selected(), Some(tuple(5)));
    }

    /// Trial D8: older clients repeat one transaction id for ever.
    #[test]
    fn authenticated_packets_keep_a_pair() {
        let start = Instant::now();
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, false), start);
        agent.heard_handshake(tuple(1));
        for second in 1..100 {
            let now = start + Duration::from_secs(second);
            assert!(!agent.handle_check(tuple(1), check(1, true), now).fresh);
            agent.heard(tuple(1), now);
            assert_eq!(agent.forget_stale(now), None);
        }
        assert_eq!(agent.selected(), Some(tuple(1)));
    }

    #[test]
    fn a_second_restart_ends_the_first() {
        let mut agent = agent();
        let [first, second] = [8, 9].map(|byte| Credentials::generate(&mut |bytes| bytes.fill(byte)));
        agent.restart(first.clone(), "first".into());
        assert_eq!(
            agent.restart(second.clone(), "second".into()),
            Some(first.ufrag.clone())
        );
        assert_eq!(agent.session(&first.ufrag, "first"), None);
        assert!(agent.session(&second.ufrag, "second").is_some());
    }

    #[test]
    fn a_replayed_check_moves_nothing() {
        let now = Instant::now();
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, true), now);
        assert_eq!(
            agent.handle_check(tuple(9), check(1, true), now),
            CheckOutcome::default()
        );
        assert_eq!(agent.selected(), Some(tuple(1)));
        let again = agent.handle_check(tuple(1), check(1, true), now);
        assert!(again.answer && !again.fresh);
    }

    #[test]
    fn pairs_that_are_not_checked_any_more_are_forgotten() {
        let start = Instant::now();
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, true), start);
        agent.handle_check(tuple(2), check(2, false), start);
        agent.heard_handshake(tuple(2));
        assert_eq!(agent.forget_stale(start + limits::CONSENT_TIMEOUT), None);
        let later = start + limits::CONSENT_TIMEOUT + Duration::from_millis(1);
        assert_eq!(agent.forget_stale(later), Some(tuple(2)));
        assert_eq!(agent.forget_stale(later), None, "the nominated pair stays");
        assert_eq!((agent.selected(), agent.provisional), (Some(tuple(1)), None));
    }

    #[test]
    fn pairs_are_bounded_and_the_nominated_one_stays() {
        let start = Instant::now();
        let mut agent = agent();
        agent.handle_check(tuple(1), check(1, true), start);
        for number in 2..1_000 {
            let later = start + Duration::from_secs(u64::from(number));
            let port = u16::try_from(number).unwrap();
            agent.heard(tuple(1), later);
            let checked = agent.handle_check(tuple(port), check(number, false), later);
            assert_eq!(
                checked.evicted.is_some(),
                usize::from(port) > limits::PAIRS_PER_PEER_MAX
            );
        }
        assert_eq!(agent.tuples().count(), limits::PAIRS_PER_PEER_MAX);
        assert_eq!(agent.selected(), Some(tuple(1)));
        assert!(agent.tuples().any(|pair| pair == tuple(1)));
    }
}
