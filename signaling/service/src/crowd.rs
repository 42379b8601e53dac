//! How many connections of one address have not said `hello` yet: opening them costs a stranger nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sfu_core::network_of;

/// Counts by address. There are never more entries than connections. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One connection, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    crowd: Crowd,
    network: IpAddr,
}

impl Crowd {
    /// Counts one more connection from this address; `None` when there are `max` of it.
    pub(crate) fn enter(&self, address: IpAddr, max: usize) -> Option<Permit> {
        let network = network_of(address);
        let mut counts = self.counts();
        let count = counts.get(&network).copied().unwrap_or(0);
        if count >= max {
            return None;
        }
        counts.insert(network, count + 1);
        drop(counts);
        Some(Permit {
            crowd: self.clone(),
            network,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_network_has_its_own_permits_and_gets_them_back() {
        let crowd = Crowd::default();
        let enter = |address: &str| crowd.enter(address.parse().unwrap(), 2);
        let first = enter("192.0.2.1").expect("a permit");
        let second = enter("::ffff:192.0.2.1").expect("a permit");
        assert!(enter("192.0.2.1").is_none(), "the same address, however it is written");
        let others = [enter("192.0.2.2"), enter("2001:db8::1"), enter("2001:db8::2:3")];
        assert!(others.iter().all(Option::is_some) && enter("2001:db8::4").is_none());
        drop(first);
        let again = enter("192.0.2.1");
        assert!(again.is_some() && enter("192.0.2.1").is_none());
        drop((second, again, others));
        assert!(crowd.counts().is_empty(), "nothing is remembered of those who are gone");
    }
}
