//! Who asks: the actor whom queries filter by, and where the request comes from.

use std::net::IpAddr;
use std::str::FromStr;

use texts::Locale;

use super::limits::ClientKey;
use super::{Fault, Micros, Result, UnknownWord, hex, token_hash};

/// Who asks. Every query about things that belong to somebody takes one and filters by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    pub account: Option<SignedIn>,
    /// Hash of the cookie that binds holds to a browser before there is an account; empty without one.
    pub visitor_hash: String,
}

/// The account behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub id: String,
    pub name: String,
    pub email: String,
    pub email_verified: bool,
    pub locale: Locale,
    pub is_operator: bool,
    pub session_id: String,
    pub member: Option<Membership>,
    /// When the person asked for the account to be deleted; nothing can be booked then, or sold.
    pub deletion_asked_us: Option<Micros>,
}

/// The account's place in a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub id: String,
    pub org_id: String,
    pub role: MemberRole,
}

impl Actor {
    /// The account, or the way to sign in.
    ///
    /// # Errors
    /// [`Fault::SignInFirst`].
    pub fn signed_in(&self) -> Result<&SignedIn> {
        self.account.as_ref().ok_or(Fault::SignInFirst)
    }

    /// # Errors
    /// [`Fault::Leaving`] for an account that is to be deleted.
    pub fn is_staying(&self) -> Result<()> {
        let leaving = self
            .account
            .as_ref()
            .is_some_and(|account| account.deletion_asked_us.is_some());
        if leaving { Err(Fault::Leaving) } else { Ok(()) }
    }

    /// The account's id, or an id that nothing belongs to; for filters in SQL.
    #[must_use]
    pub fn account_id(&self) -> &str {
        self.account.as_ref().map_or("", |account| &account.id)
    }

    /// The account as a member of a provider.
    ///
    /// # Errors
    /// [`Fault::SignInFirst`] without an account, [`Fault::NotFound`] for one without a provider.
    pub fn member(&self) -> Result<&Membership> {
        self.signed_in()?.member.as_ref().ok_or(Fault::NotFound)
    }

    /// The account as an operator.
    ///
    /// # Errors
    /// [`Fault::SignInFirst`] without an account, [`Fault::NotFound`] for everybody else's.
    pub fn operator(&self) -> Result<&SignedIn> {
        let account = self.signed_in()?;
        if account.is_operator {
            Ok(account)
        } else {
            Err(Fault::NotFound)
        }
    }
}

/// What a member may do in its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberRole {
    /// Everything, members and publishing included.
    Owner,
    /// Own calls and hours.
    Staff,
}

impl MemberRole {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Staff => "staff",
        }
    }
}

impl FromStr for MemberRole {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "owner" => Ok(Self::Owner),
            "staff" => Ok(Self::Staff),
            _ => Err(UnknownWord),
        }
    }
}

/// A request as operations see it: the actor, and from where, when, and in which language it asks.
#[derive(Debug, Clone)]
pub struct Requester {
    pub actor: Actor,
    pub locale: Locale,
    pub now: Micros,
    pub client_ip: IpAddr,
    pub user_agent: String,
    /// What the browser remembers of having been signed in before; see `accounts::device`. Not checked yet.
    pub device: String,
}

impl Requester {
    /// The client's address as a key of a rate limiter: IPv6 by its /64, because a household has all of it, and by its
    /// /48, because an attacker may.
    #[must_use]
    pub fn ip_key(&self) -> ClientKey {
        match self.client_ip {
            IpAddr::V4(ip) => ClientKey {
                address: ip.to_string(),
                network: None,
            },
            IpAddr::V6(ip) => ClientKey {
                address: format!("{}/64", std::net::Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
                network: Some(self.ip_prefix()),
            },
        }
    }

    /// Stands for the client's network where it is stored: nobody who has only the database can tell which it is.
    #[must_use]
    pub fn network_hash(&self, key: &[u8; 32]) -> String {
        let network = match self.client_ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(_) => self.ip_prefix(),
        };
        token_hash(&format!("{} {network}", hex(key)))
    }

    /// The client's network, for the list of sessions: the last octet (IPv6: all but 48 bits) is cut.
    #[must_use]
    pub fn ip_prefix(&self) -> String {
        network_of(self.client_ip)
    }
}

/// The network of an address: all but its last octet (IPv6: its first 48 bits).
#[must_use]
pub fn network_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => format!("{}/48", std::net::Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80)),
    }
}
