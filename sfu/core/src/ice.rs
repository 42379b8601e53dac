//! The ICE-lite side of one peer: credentials, validated pairs, nomination and consent (RFC 8445, RFC 7675).

use std::collections::VecDeque;
use std::time::Instant;

use crate::demux::Tuple;
use crate::limits;

/// Checks remembered to tell a replay from a fresh one.
const TRANSACTIONS_REMEMBERED: usize = 1_024;
/// Characters of a ufrag: 48 random bits, above the 24 that RFC 8445 5.3 asks for.
const UFRAG_LEN: usize = 8;
/// Characters of a password: 192 random bits, above the 128 that RFC 8445 5.3 asks for.
const PASSWORD_LEN: usize = 32;

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

#[derive(Debug)]
struct Pair {
    tuple: Tuple,
    checked_at: Instant,
}

/// What a check that passed its integrity test did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Say yes to the client.
    pub(crate) answer: bool,
    /// It was not seen before, so it proves that the client is there now.
    pub(crate) fresh: bool,
    /// The pair became valid by it.
    pub(crate) added: bool,
    /// The pair that had to make room.
    pub(crate) evicted: Option<Tuple>,
}

/// ICE state of one peer.
#[derive(Debug)]
pub(crate) struct IceAgent {
    pub(crate) local: Credentials,
    pub(crate) remote_ufrag: String,
    pairs: Vec<Pair>,
    nominated: Option<Tuple>,
    /// Before nomination, answers go where the last handshake datagram came from.
    provisional: Option<Tuple>,
    transactions: VecDeque<u64>,
}

impl IceAgent {
    pub(crate) fn new(local: Credentials, remote_ufrag: String) -> Self {
        Self {
            local,
            remote_ufrag,
            pairs: Vec::new(),
            nominated: None,
            provisional: None,
            transactions: VecDeque::new(),
        }
    }

    /// Takes a check whose integrity fits. A replayed one neither validates, nominates nor proves presence: whoever
    /// overheard a check must not be able to move the media to its own address.
    pub(crate) fn checked(&mut self, tuple: Tuple, transaction: [u8; 12], nominate: bool, now: Instant) -> Checked {
        let known = self.pairs.iter_mut().find(|pair| pair.tuple == tuple);
        if !remember(&mut self.transactions, transaction) {
            return Checked {
                answer: known.is_some(),
                ..Checked::default()
            };
        }
        let mut checked = Checked {
            answer: true,
            fresh: true,
            ..Checked::default()
        };
        match known {
            Some(pair) => pair.checked_at = now,
            None => {
                checked.added = true;
                checked.evicted = self.make_room();
                self.pairs.push(Pair { tuple, checked_at: now });
            }
        }
        if nominate {
            self.nominated = Some(tuple);
        }
        checked
    }

    fn make_room(&mut self) -> Option<Tuple> {
        if self.pairs.len() < limits::PAIRS_PER_PEER_MAX {
            return None;
        }
        let oldest = (0..self.pairs.len())
            .filter(|&index| Some(self.pairs[index].tuple) != self.nominated)
            .min_by_key(|&index| self.pairs[index].checked_at)?;
        Some(self.pairs.swap_remove(oldest).tuple)
    }

    /// A handshake datagram came over this (validated) pair.
    pub(crate) fn heard_handshake(&mut self, tuple: Tuple) {
        self.provisional = Some(tuple);
    }

    /// Another peer validated a pair of ours: the address is its now.
    pub(crate) fn lose(&mut self, tuple: Tuple) {
        self.pairs.retain(|pair| pair.tuple != tuple);
        self.nominated = self.nominated.filter(|nominated| *nominated != tuple);
        self.provisional = self.provisional.filter(|provisional| *provisional != tuple);
    }

    /// Where to send: the nominated pair, else the one of the handshake.
    pub(crate) fn selected(&self) -> Option<Tuple> {
        self.nominated.or(self.provisional)
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
            protocol: crate::demux::Protocol::Udp,
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
        agent.checked(tuple(1), transaction(1), false, now);
        assert_eq!(agent.selected(), None);
        agent.heard_handshake(tuple(1));
        assert_eq!(agent.selected(), Some(tuple(1)));
        agent.checked(tuple(2), transaction(2), true, now);
        assert_eq!(agent.selected(), Some(tuple(2)));
        agent.checked(tuple(3), transaction(3), true, now);
        assert_eq!(agent.selected(), Some(tuple(3)));
    }

    #[test]
    fn a_replayed_check_moves_nothing() {
        let now = Instant::now();
        let mut agent = agent();
        agent.checked(tuple(1), transaction(1), true, now);
        assert_eq!(agent.checked(tuple(9), transaction(1), true, now), Checked::default());
        assert_eq!(agent.selected(), Some(tuple(1)));
        let again = agent.checked(tuple(1), transaction(1), true, now);
        assert!(again.answer && !again.fresh);
    }

    #[test]
    fn pairs_are_bounded_and_the_nominated_one_stays() {
        let start = Instant::now();
        let mut agent = agent();
        agent.checked(tuple(1), transaction(1), true, start);
        for number in 2..1_000 {
            let later = start + std::time::Duration::from_secs(u64::from(number));
            let port = u16::try_from(number).unwrap();
            let checked = agent.checked(tuple(port), transaction(number), false, later);
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
