//! Where clients reach us, and which address they are to prefer (RFC 8445 5.1.2, RFC 6544 4.2).

use std::fmt;
use std::net::SocketAddr;

/// How datagrams travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// In frames of a connection that the client made (RFC 6544, RFC 4571).
    Tcp,
    /// Each on its own.
    Udp,
}

/// Type preference of a host candidate.
const TYPE_UDP: u32 = 126;
/// Below every UDP candidate, so that a connection is used only where datagrams do not get through.
const TYPE_TCP: u32 = 90;
/// Direction preference of a passive candidate.
const PASSIVE: u32 = 4;
/// All media of a peer goes by one component.
const COMPONENT: u32 = 1;

/// One address that the answer names; `Display` writes it as `a=candidate` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    /// Its number among all of them, from one.
    foundation: u32,
    priority: u32,
}

impl Candidate {
    /// The candidates at these addresses, best first.
    pub(crate) fn all(udp: &[SocketAddr], tcp: &[SocketAddr]) -> Vec<Self> {
        let udp = ranked(udp).map(|(rank, address)| {
            let local_preference = 65_535 - rank;
            (address, Protocol::Udp, TYPE_UDP, local_preference)
        });
        let tcp = ranked(tcp).map(|(rank, address)| {
            let other_preference = 8_191 - rank;
            (address, Protocol::Tcp, TYPE_TCP, (PASSIVE << 13) + other_preference)
        });
        let all = (1..).zip(udp.chain(tcp));
        all.map(|(foundation, (address, protocol, kind, local_preference))| Self {
            address,
            protocol,
            foundation,
            priority: (kind << 24) + (local_preference << 8) + (256 - COMPONENT),
        })
        .collect()
    }
}

/// Addresses with their rank from zero; beyond a thousand all rank the same.
fn ranked(addresses: &[SocketAddr]) -> impl Iterator<Item = (u32, SocketAddr)> {
    let ranks = (0..).map(|rank: u32| rank.min(1_000));
    ranks.zip(addresses.iter().copied())
}

impl fmt::Display for Candidate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            protocol,
            foundation,
            priority,
        } = self;
        let (protocol, kind) = match protocol {
            Protocol::Udp => ("udp", ""),
            Protocol::Tcp => ("tcp", " tcptype passive"),
        };
        let (ip, port) = (address.ip(), address.port());
        write!(
            out,
            "{foundation} {COMPONENT} {protocol} {priority} {ip} {port} typ host{kind}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_addresses_and_datagrams_are_preferred() {
        let addresses = ["192.0.2.1:7000", "[2001:db8::1]:7000"].map(|text| text.parse().unwrap());
        let all = Candidate::all(&addresses, &addresses);
        let lines: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "1 1 udp 2130706431 192.0.2.1 7000 typ host",
                "2 1 udp 2130706175 2001:db8::1 7000 typ host",
                "3 1 tcp 1520435199 192.0.2.1 7000 typ host tcptype passive",
                "4 1 tcp 1520434943 2001:db8::1 7000 typ host tcptype passive",
            ]
        );
        assert!(all.is_sorted_by(|better, worse| better.priority > worse.priority));
    }
}
