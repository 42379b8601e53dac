//! How much one address may ask for.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use sfu_core::network_of;
use signaling::Bucket;

use crate::limits::{
    ADDRESS_FAILURES_BURST, ADDRESS_FAILURES_REFILL, ADDRESS_POSTS_BURST, ADDRESS_POSTS_REFILL, ADDRESSES_MAX,
};

/// What stands for all addresses that found no room any more.
const REST: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Buckets>);

#[derive(Debug)]
struct Buckets {
    posts: Bucket,
    failures: Bucket,
}

impl Addresses {
    /// One more session; false when it is one too many.
    pub(super) fn post(&mut self, address: IpAddr, now: Instant) -> bool {
        self.of(address, now).posts.take(now)
    }

    /// One more wrong key or ticket; false when it is one too many.
    pub(super) fn failure(&mut self, address: IpAddr, now: Instant) -> bool {
        self.of(address, now).failures.take(now)
    }

    fn of(&mut self, address: IpAddr, now: Instant) -> &mut Buckets {
        let mut key = network_of(address);
        if self.0.len() >= ADDRESSES_MAX && !self.0.contains_key(&key) {
            self.0
                .retain(|_, buckets| !buckets.posts.is_full(now) || !buckets.failures.is_full(now));
            if self.0.len() >= ADDRESSES_MAX {
                key = REST;
            }
        }
        self.0.entry(key).or_insert_with(|| Buckets {
            posts: Bucket::new(ADDRESS_POSTS_BURST, ADDRESS_POSTS_REFILL, now),
            failures: Bucket::new(ADDRESS_FAILURES_BURST, ADDRESS_FAILURES_REFILL, now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_own_limit_and_the_memory_is_bounded() {
        let now = Instant::now();
        let mut addresses = Addresses::default();
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let same: IpAddr = "2001:db8::2".parse().expect("an address");
        for _ in 0..ADDRESS_FAILURES_BURST {
            assert!(addresses.failure(one, now));
        }
        assert!(!addresses.failure(same, now), "one network is one address");
        assert!(addresses.failure([192, 0, 2, 1].into(), now));
        for number in 0..u32::try_from(2 * ADDRESSES_MAX).expect("few") {
            addresses.failure(IpAddr::V4((0x0a00_0000 + number).into()), now);
        }
        assert!(addresses.0.len() <= ADDRESSES_MAX + 1);
        let later = now + ADDRESS_FAILURES_REFILL * ADDRESS_FAILURES_BURST;
        assert!(addresses.failure(one, later));
        assert!(addresses.failure([198, 51, 100, 1].into(), later));
        assert!(addresses.0.len() <= 2, "those who did nothing lately are forgotten");
    }
}
