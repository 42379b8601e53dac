//! Addresses as their holders have them.

use std::net::{IpAddr, Ipv6Addr};

/// What one holder of an address commonly has: one IPv4 address, however it is written, or an IPv6 /64.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_has_an_address_or_a_network() {
        let check = |one: &str, other: &str, same: bool| {
            let [one, other] = [one, other].map(|address| network_of(address.parse().unwrap()));
            assert_eq!(one == other, same, "{one} {other}");
        };
        check("192.0.2.1", "192.0.2.2", false);
        check("192.0.2.1", "::ffff:192.0.2.1", true);
        check("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
        check("2001:db8::1", "2001:db8::2:3:4:5", true);
        check("2001:db8::1", "2001:db8:0:1::1", false);
    }
}
