//! Sets of addresses as operators write them: single ones, and networks.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// Addresses and networks, IPv4 ones as such however they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Networks(Vec<IpNet>);

/// What is no address and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address such as 192.0.2.7 nor a network such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct BadNetwork(String);

impl Networks {
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Networks {
    type Error = BadNetwork;

    fn try_from(texts: Vec<String>) -> Result<Self, BadNetwork> {
        let networks = texts.into_iter().map(|text| parse(text.trim()).ok_or(BadNetwork(text)));
        networks.collect::<Result<_, _>>().map(Self)
    }
}

impl From<Networks> for Vec<String> {
    fn from(networks: Networks) -> Self {
        let text = |network: IpNet| {
            if network.prefix_len() == network.max_prefix_len() {
                network.addr().to_string()
            } else {
                network.to_string()
            }
        };
        networks.0.into_iter().map(text).collect()
    }
}

/// A socket for both families has IPv4 addresses as mapped ones (RFC 4291 2.5.5.2), and some write them so.
fn parse(text: &str) -> Option<IpNet> {
    const MAPPED_BITS: u8 = 96;
    let network = text
        .parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .ok()?;
    let IpNet::V6(v6) = network else { return Some(network) };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(MAPPED_BITS)) {
        (Some(v4), Some(prefix)) => Ipv4Net::new(v4, prefix).ok().map(IpNet::V4),
        _ => Some(network),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trial E17: a mapped address was taken and never matched, and networks were refused.
    #[test]
    fn e17_networks_hold_what_operators_mean() {
        let check = |text: &str, address: &str, expect: bool| {
            let networks = Networks::try_from(vec![text.to_owned()]).expect(text);
            let address = address.parse().expect("an address");
            assert_eq!(networks.contains(address), expect, "{address} in {text}");
        };
        check("127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "127.0.0.2", false);
        check("::ffff:127.0.0.1", "127.0.0.1", true);
        check("127.0.0.1", "::ffff:127.0.0.1", true);
        check("10.0.0.0/8", "10.200.3.4", true);
        check("10.1.2.3/8", "10.200.3.4", true);
        check("10.0.0.0/8", "11.0.0.1", false);
        check("::ffff:10.0.0.0/104", "10.200.3.4", true);
        check("2001:db8::/32", "2001:db8:7::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "2001:db8::1", true);
        check("::/0", "192.0.2.7", false);
    }

    #[test]
    fn e17_what_is_no_network_is_refused_and_named() {
        for text in ["", "proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1:8080", "[::1]"] {
            let refused = Networks::try_from(vec![text.to_owned()]).expect_err(text);
            assert!(refused.to_string().contains(text), "{refused}");
        }
    }

    #[test]
    fn networks_are_shown_as_they_are_written() {
        let texts = ["127.0.0.1", "10.0.0.0/8", "2001:db8::7"].map(str::to_owned).to_vec();
        let networks = Networks::try_from(texts.clone()).expect("good ones");
        assert_eq!(Vec::from(networks), texts);
    }
}
