//! Upper bounds of everything a stranger can make us do, and the rate limits that keep them.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::base::Clock;

/// Largest body of a form, bytes; more is answered with 413.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Longest text of a one-line field, characters; more is a field error.
pub const LINE_CHARS_MAX: usize = 200;
/// Longest text of a description, characters; more is a field error.
pub const TEXT_CHARS_MAX: usize = 4_000;
/// Passwords, characters (ASVS 6.2.8: at least 64 must be possible).
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 10..=200;
/// Password hashes at the same time, 19 MiB each.
pub const HASHERS_MAX: usize = 2;
/// Longest wait for one of them; then the request fails with 503.
pub const HASHER_WAIT: Duration = Duration::from_secs(15);
/// Slots one visitor may hold at a time; one more is answered with 429.
pub const HOLDS_PER_VISITOR_MAX: i64 = 3;
/// Sessions of one account; the oldest goes when there is one more.
pub const SESSIONS_PER_ACCOUNT_MAX: i64 = 20;
/// Unused tokens of one account and purpose; the oldest goes when there is one more.
pub const TOKENS_PER_ACCOUNT_MAX: i64 = 5;
/// Services of one provider.
pub const SERVICES_PER_ORG_MAX: usize = 50;
/// Members of one provider.
pub const MEMBERS_PER_ORG_MAX: usize = 50;
/// Weekly ranges or overrides of one member.
pub const RANGES_PER_MEMBER_MAX: usize = 200;
/// Providers that one search looks at before it filters and sorts in memory.
pub const SEARCH_CANDIDATES_MAX: i64 = 20_000;
/// Providers on a page of results.
pub const SEARCH_PAGE_SIZE: usize = 20;
/// Keys a limiter remembers. When it is full even after forgetting the idle ones, new keys are refused.
const LIMITER_KEYS_MAX: usize = 100_000;
/// So much of a key is looked at, characters: an address that was typed may be as long as a form.
const LIMITER_KEY_CHARS_MAX: usize = 254;

type Keyed = RateLimiter<String, HashMapStateStore<String>, LimiterClock, NoOpMiddleware<Nanos>>;

/// The limiters of this process. Keys are client addresses or normalised e-mails.
pub struct Limits {
    /// Tries at passwords and tokens, by address.
    pub sign_in_by_ip: Limiter,
    /// Tries at one account's password.
    pub sign_in_by_email: Limiter,
    /// Registrations and mails asked for, by address.
    pub mail_by_ip: Limiter,
    /// Mails to one address.
    pub mail_by_email: Limiter,
    /// Invitations that one provider sends.
    pub invitation_by_org: Limiter,
    /// Invitations that one address gets, from whomever.
    pub invitation_by_email: Limiter,
    /// Holds placed, by address.
    pub hold_by_ip: Limiter,
    /// Searches and slot lists, by address.
    pub search_by_ip: Limiter,
}

impl Limits {
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let limiter = |burst, per: Duration| Limiter::new(clock, burst, per);
        Self {
            sign_in_by_ip: limiter(30, Duration::from_secs(600)),
            sign_in_by_email: limiter(10, Duration::from_secs(600)),
            mail_by_ip: limiter(20, Duration::from_secs(3600)),
            mail_by_email: limiter(5, Duration::from_secs(3600)),
            invitation_by_org: limiter(20, Duration::from_secs(86_400)),
            invitation_by_email: limiter(3, Duration::from_secs(86_400)),
            hold_by_ip: limiter(60, Duration::from_secs(600)),
            search_by_ip: limiter(300, Duration::from_secs(60)),
        }
    }
}

/// Lets through `burst` at once and refills them evenly over a period.
pub struct Limiter {
    keyed: Keyed,
    clock: LimiterClock,
}

/// Too many; worth another try after this many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    pub retry_after_s: u64,
}

impl Limiter {
    fn new(clock: &Clock, burst: u32, per: Duration) -> Self {
        let burst = NonZeroU32::new(burst).expect("the bursts above are not zero");
        let quota = Quota::with_period(per / burst.get())
            .expect("the periods above are not zero")
            .allow_burst(burst);
        let clock = LimiterClock(clock.clone());
        Self {
            keyed: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()),
            clock,
        }
    }

    /// Counts one try for `key`.
    ///
    /// # Errors
    /// [`TooMany`] when the key has used up its tries, or when so many keys are remembered that no new one fits.
    pub fn check(&self, key: &str) -> Result<(), TooMany> {
        if self.keyed.len() >= LIMITER_KEYS_MAX {
            self.keyed.retain_recent();
            if self.keyed.len() >= LIMITER_KEYS_MAX {
                return Err(TooMany { retry_after_s: 60 });
            }
        }
        let key: String = key.chars().take(LIMITER_KEY_CHARS_MAX).collect();
        self.keyed.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            TooMany {
                retry_after_s: wait.as_secs() + 1,
            }
        })
    }
}

#[derive(Clone)]
struct LimiterClock(Clock);

impl GovernorClock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(u64::try_from(self.0.now()).unwrap_or(0).saturating_mul(1000))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_burst_passes_and_refills_with_time() {
        let now = Arc::new(AtomicI64::new(1_000_000_000_000));
        let clock = Clock::new({
            let now = Arc::clone(&now);
            move || now.load(Ordering::SeqCst)
        });
        let limiter = Limiter::new(&clock, 3, Duration::from_secs(30));
        for _ in 0..3 {
            assert_eq!(limiter.check("a"), Ok(()));
        }
        assert_eq!(limiter.check("a"), Err(TooMany { retry_after_s: 11 }));
        assert_eq!(limiter.check("b"), Ok(()));
        now.fetch_add(10_000_000, Ordering::SeqCst);
        assert_eq!(limiter.check("a"), Ok(()));
        assert!(limiter.check("a").is_err());
    }

    #[test]
    fn long_keys_are_cut() {
        let limiter = Limiter::new(&Clock::new(|| 1_000_000_000_000), 1, Duration::from_secs(30));
        let long = "x".repeat(LIMITER_KEY_CHARS_MAX);
        assert_eq!(limiter.check(&format!("{long}a")), Ok(()));
        assert!(limiter.check(&format!("{long}b")).is_err());
    }
}
