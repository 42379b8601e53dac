//! Upper bounds of everything a stranger can make us do, and the rate limits that keep them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};

use crate::base::Clock;

/// Largest body of a form, bytes; more is answered with 413.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a form with a file, bytes: what is read to its end, so that whoever sent a file that is too large reads why.
/// More is answered with 413.
pub const UPLOAD_BYTES_MAX: usize = 16 << 20;
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
/// Slots that one network holds at a time, and with one provider: a household or an office books a few at once, and a
/// browser without cookies cannot fill a calendar. One more is answered with 429.
pub const HOLDS_PER_NETWORK_MAX: i64 = 12;
pub const HOLDS_PER_NETWORK_AND_PROVIDER_MAX: i64 = 6;
/// Coming appointments of one account, with whomever; how many with one provider is the service's to say.
pub const OPEN_PER_ACCOUNT_MAX: i64 = 30;
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
/// Keys a limiter remembers; with one more, those go that were not asked about for longest.
const LIMITER_KEYS_MAX: usize = 100_000;
/// Characters of a key that count: an address that was typed may be as long as a form.
const LIMITER_KEY_CHARS_MAX: usize = 254;
/// How many times the tries of one household (/64) an IPv6 network (/48) has.
const NETWORK_SHARE: u32 = 8;

type Keyed = RateLimiter<String, Recent, LimiterClock, NoOpMiddleware<Nanos>>;

/// Why a mail is asked for. Each has tries of its own, so that none keeps another from being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailWish {
    Register,
    Resend,
    Reset,
    ChangeEmail,
}

/// A client's address as limiters count it: alone, and for IPv6 also by the network (/48) that one customer may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientKey {
    pub address: String,
    pub network: Option<String>,
}

/// The limiters of this process. Keys are client addresses or normalised e-mails.
pub struct Limits {
    /// Tries at passwords and tokens, by address.
    pub sign_in_by_ip: ByAddress,
    /// Failed tries at one account's password, by network or by a browser that was in before: see
    /// `accounts::sign_in`.
    pub failed_sign_in: Limiter,
    /// Registrations and mails asked for, by address.
    pub mail_by_ip: ByAddress,
    /// Mails that one network asks to be sent to one address, for one reason.
    mail_by_sender: Limiter,
    /// Mails to one address for one reason, from whomever.
    mail_by_email: Limiter,
    /// Downloads of all that is known about an account: each reads every table.
    pub export_by_account: Limiter,
    /// Files that one account hands in.
    pub upload_by_account: Limiter,
    /// Invitations that one provider sends.
    pub invitation_by_org: Limiter,
    /// Invitations that one address gets, from whomever.
    pub invitation_by_email: Limiter,
    /// Holds placed, by address.
    pub hold_by_ip: ByAddress,
    /// Times that something typed for a hold is kept, by address.
    pub draft_by_ip: ByAddress,
    /// Searches and slot lists, by address.
    pub search_by_ip: ByAddress,
}

impl Limits {
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let limiter = |burst, per: Duration| Limiter::new(clock, burst, per);
        let by_address = |burst, per: Duration| ByAddress {
            address: Limiter::new(clock, burst, per),
            network: Limiter::new(clock, burst * NETWORK_SHARE, per),
        };
        Self {
            sign_in_by_ip: by_address(30, Duration::from_secs(600)),
            failed_sign_in: limiter(10, Duration::from_secs(600)),
            mail_by_ip: by_address(20, Duration::from_secs(3600)),
            mail_by_sender: limiter(5, Duration::from_secs(3600)),
            mail_by_email: limiter(20, Duration::from_secs(3600)),
            export_by_account: limiter(10, Duration::from_secs(3600)),
            upload_by_account: limiter(40, Duration::from_secs(3600)),
            invitation_by_org: limiter(20, Duration::from_secs(86_400)),
            invitation_by_email: limiter(3, Duration::from_secs(86_400)),
            hold_by_ip: by_address(60, Duration::from_secs(600)),
            draft_by_ip: by_address(300, Duration::from_secs(600)),
            search_by_ip: by_address(300, Duration::from_secs(60)),
        }
    }

    /// Counts one mail that is asked for. `sender` is a network, or a browser that was in before; the latter is not held
    /// back by what strangers ask for.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn check_mail(&self, wish: MailWish, email: &str, sender: &Sender) -> Result<(), TooMany> {
        match sender {
            Sender::Known(browser) => self.mail_by_sender.check(&format!("{wish:?} {browser}")),
            Sender::Stranger { client, network } => {
                self.mail_by_ip.check(client)?;
                self.mail_by_sender.check(&format!("{wish:?} {network} {email}"))?;
                self.mail_by_email.check(&format!("{wish:?} {email}"))
            }
        }
    }
}

/// Who tries, as far as limits tell people apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// A browser in which the account was signed in before.
    Known(String),
    Stranger {
        client: ClientKey,
        network: String,
    },
}

/// A limiter of addresses that counts an IPv6 network as a whole, too: who has a /48 has 65,536 of /64.
pub struct ByAddress {
    address: Limiter,
    network: Limiter,
}

impl ByAddress {
    /// Counts one try.
    ///
    /// # Errors
    /// [`TooMany`] when the address or its network has used up its tries.
    pub fn check(&self, key: &ClientKey) -> Result<(), TooMany> {
        self.address.check(&key.address)?;
        match &key.network {
            Some(network) => self.network.check(network),
            None => Ok(()),
        }
    }
}

/// Lets through `burst` at once and refills them evenly over a period.
pub struct Limiter {
    keyed: Keyed,
    clock: LimiterClock,
    recent: Recent,
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
        let recent = Recent::default();
        Self {
            keyed: RateLimiter::new(quota, recent.clone(), clock.clone()),
            clock,
            recent,
        }
    }

    /// Counts one try for `key`.
    ///
    /// # Errors
    /// [`TooMany`] when the key has used up its tries.
    pub fn check(&self, key: &str) -> Result<(), TooMany> {
        self.keyed.check_key(&cut(key)).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            TooMany {
                retry_after_s: wait.as_secs() + 1,
            }
        })
    }

    /// Takes back what was counted for `key`: it has shown to be no attack.
    pub fn forget(&self, key: &str) {
        self.recent.forget(&cut(key));
    }
}

fn cut(key: &str) -> String {
    key.chars().take(LIMITER_KEY_CHARS_MAX).collect()
}

/// What a limiter remembers of each key, in two halves. When the young half is full it becomes the old one, and the old
/// one goes: made-up keys push each other out, and nobody is refused for want of space.
#[derive(Clone, Default)]
struct Recent(Arc<Mutex<Halves>>);

#[derive(Default)]
struct Halves {
    young: HashMap<String, Nanos>,
    old: HashMap<String, Nanos>,
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().expect("nobody panics while holding it")
    }

    fn forget(&self, key: &str) {
        let mut halves = self.lock();
        halves.young.remove(key);
        halves.old.remove(key);
    }
}

impl StateStore for Recent {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, key: &String, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut halves = self.lock();
        let known = halves.young.get(key).or_else(|| halves.old.get(key)).copied();
        let decided = decide(known);
        // Who is refused stays among the young, so that other keys do not push the refusal out.
        let kept = match &decided {
            Ok((_, next)) => Some(*next),
            Err(_) => known,
        };
        if let Some(kept) = kept {
            if halves.young.len() >= LIMITER_KEYS_MAX / 2 && !halves.young.contains_key(key) {
                halves.old = std::mem::take(&mut halves.young);
            }
            halves.old.remove(key);
            halves.young.insert(key.clone(), kept);
        }
        decided.map(|(answer, _)| answer)
    }
}

#[derive(Clone)]
struct LimiterClock(Clock);

impl GovernorClock for LimiterClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        // By the time of day everybody would wait as long as a clock was set back.
        Nanos::from(u64::try_from(self.0.steady()).unwrap_or(0).saturating_mul(1000))
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
        let wall = Arc::new(AtomicI64::new(1_000_000_000_000));
        let reading = |of: &Arc<AtomicI64>| {
            let of = Arc::clone(of);
            move || of.load(Ordering::SeqCst)
        };
        let clock = Clock::new(reading(&wall), reading(&now));
        let limiter = Limiter::new(&clock, 3, Duration::from_secs(30));
        for _ in 0..3 {
            assert_eq!(limiter.check("a"), Ok(()));
        }
        assert_eq!(limiter.check("a"), Err(TooMany { retry_after_s: 11 }));
        assert_eq!(limiter.check("b"), Ok(()));
        now.fetch_add(10_000_000, Ordering::SeqCst);
        assert_eq!(limiter.check("a"), Ok(()));
        assert!(limiter.check("a").is_err());
        // Trial F9: somebody sets the clock back by an hour.
        wall.fetch_sub(3_600_000_000, Ordering::SeqCst);
        now.fetch_add(10_000_000, Ordering::SeqCst);
        assert_eq!(limiter.check("a"), Ok(()));
        assert_eq!(limiter.check("c"), Ok(()));
    }

    /// trial F8: 100,000 made-up addresses filled the limiter, and everybody got 429.
    #[test]
    fn made_up_keys_push_out_each_other_and_nobody_else() {
        let limiter = Limiter::new(
            &Clock::new(|| 1_000_000_000_000, || 1_000_000_000_000),
            2,
            Duration::from_secs(30),
        );
        assert_eq!(limiter.check("guessed"), Ok(()));
        assert_eq!(limiter.check("guessed"), Ok(()));
        for number in 0..3 * LIMITER_KEYS_MAX {
            assert_eq!(limiter.check(&format!("made up {number}")), Ok(()), "{number}");
            if number % 10_000 == 0 {
                assert!(limiter.check("guessed").is_err(), "a key in use is not pushed out");
            }
        }
        let halves = limiter.recent.lock();
        assert!(halves.young.len() + halves.old.len() <= LIMITER_KEYS_MAX);
    }

    /// trial F8: each /64 of a network had tries of its own.
    #[test]
    fn a_network_of_ipv6_counts_as_a_whole() {
        let limits = Limits::new(&Clock::new(|| 1_000_000_000_000, || 1_000_000_000_000));
        let key = |house: u32| ClientKey {
            address: format!("2001:db8:1:{house:x}::/64"),
            network: Some("2001:db8:1::/48".to_owned()),
        };
        let passed = (0..5_000)
            .filter(|house| limits.sign_in_by_ip.check(&key(*house)).is_ok())
            .count();
        assert_eq!(passed, 30 * NETWORK_SHARE as usize);
        let elsewhere = ClientKey {
            address: "2001:db8:2::/64".to_owned(),
            network: Some("2001:db8:2::/48".to_owned()),
        };
        assert_eq!(limits.sign_in_by_ip.check(&elsewhere), Ok(()));
    }

    /// trial F8: five resets kept the owner from registering.
    #[test]
    fn one_kind_of_mail_does_not_use_up_another() {
        let limits = Limits::new(&Clock::new(|| 1_000_000_000_000, || 1_000_000_000_000));
        let stranger = |number: u32| Sender::Stranger {
            client: ClientKey {
                address: format!("192.0.2.{number}"),
                network: None,
            },
            network: "192.0.2.0/24".to_owned(),
        };
        for number in 0..5 {
            assert_eq!(
                limits.check_mail(MailWish::Reset, "ola@example.no", &stranger(number)),
                Ok(())
            );
        }
        assert!(
            limits
                .check_mail(MailWish::Reset, "ola@example.no", &stranger(6))
                .is_err()
        );
        assert_eq!(
            limits.check_mail(MailWish::Register, "ola@example.no", &stranger(6)),
            Ok(())
        );
        let known = Sender::Known("a browser".to_owned());
        assert_eq!(limits.check_mail(MailWish::Reset, "ola@example.no", &known), Ok(()));
    }

    #[test]
    fn long_keys_are_cut() {
        let limiter = Limiter::new(&Clock::new(|| 1, || 1_000_000_000_000), 1, Duration::from_secs(30));
        let long = "x".repeat(LIMITER_KEY_CHARS_MAX);
        assert_eq!(limiter.check(&format!("{long}a")), Ok(()));
        assert!(limiter.check(&format!("{long}b")).is_err());
    }
}
