//! Which tickets have been used: each opens a seat once.

use std::collections::{BTreeMap, HashSet};

/// Nonces remembered at once. When all are still valid, no further ticket is accepted.
const NONCES_MAX: usize = 100_000;

/// Used nonces, for as long as their tickets would be valid.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    used: HashSet<String>,
    by_expiry: BTreeMap<i64, Vec<String>>,
}

/// What came of using a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    First,
    Again,
    Full,
}

impl Nonces {
    /// Uses a nonce of a ticket that is valid until `expires_at_s`, at `now_s` (Unix seconds).
    pub(super) fn use_up(&mut self, nonce: &str, expires_at_s: i64, now_s: i64) -> Use {
        while let Some(entry) = self.by_expiry.first_entry().filter(|entry| *entry.key() <= now_s) {
            for old in entry.remove() {
                self.used.remove(&old);
            }
        }
        if self.used.contains(nonce) {
            return Use::Again;
        }
        if self.used.len() >= NONCES_MAX {
            return Use::Full;
        }
        self.used.insert(nonce.to_owned());
        self.by_expiry.entry(expires_at_s).or_default().push(nonce.to_owned());
        Use::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_used_once_and_forgotten_when_its_ticket_is_void() {
        let mut nonces = Nonces::default();
        assert_eq!(nonces.use_up("a", 100, 50), Use::First);
        assert_eq!(nonces.use_up("a", 100, 99), Use::Again);
        assert_eq!(nonces.use_up("b", 200, 100), Use::First);
        assert_eq!(nonces.used.len(), 1);
    }

    #[test]
    fn a_full_store_refuses_rather_than_forgets() {
        let mut nonces = Nonces::default();
        for at in 0..NONCES_MAX {
            assert_eq!(nonces.use_up(&at.to_string(), 100, 0), Use::First);
        }
        assert_eq!(nonces.use_up("one more", 100, 0), Use::Full);
        assert_eq!(nonces.use_up("0", 100, 0), Use::Again);
        assert_eq!(nonces.use_up("one more", 300, 100), Use::First);
    }
}
