//! Several addresses of both families, and who is told which.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use sfu_driver::{DriverConfig, Listen};

use crate::harness::{Framed, Harness, config};

fn listen(bind: &str, advertise: &[&str]) -> Listen {
    Listen {
        bind: bind.parse().expect("well written"),
        advertise: advertise.iter().map(|ip| ip.parse().expect("well written")).collect(),
    }
}

/// This machine knows IPv6.
fn has_ipv6() -> bool {
    UdpSocket::bind("[::1]:0").is_ok()
}

/// What the answer to a member names, in its order: protocol, address and priority.
fn told(harness: &Harness, number: usize) -> Vec<(String, SocketAddr, u32)> {
    let answer = &harness.members[number].joined.answer;
    let first_line = answer.split("\r\nm=").nth(1).expect("an m-line");
    let lines = first_line.lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    lines
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let address = SocketAddr::new(
                words[4].parse().expect("well written"),
                words[5].parse().expect("well written"),
            );
            (words[2].to_owned(), address, words[3].parse().expect("well written"))
        })
        .collect()
}

fn flows(harness: &mut Harness) {
    let before = [0, 1].map(|number| harness.received(number));
    harness.run_until("media both ways", |harness| {
        [0, 1]
            .iter()
            .all(|number| harness.received(*number) > before[*number] + 50)
    });
}

#[test]
fn a_call_crosses_families_and_moves_between_them() {
    if !has_ipv6() {
        return;
    }
    let mut harness = Harness::start_with(DriverConfig {
        listen: vec![listen("::1", &[]), listen("127.0.0.1", &[])],
        ..config(1)
    });
    harness.join(1);
    let told = told(&harness, 0);
    let protocols: Vec<(&str, bool)> = told
        .iter()
        .map(|(protocol, at, _)| (&protocol[..], at.is_ipv6()))
        .collect();
    assert_eq!(
        protocols,
        [("udp", true), ("udp", false), ("tcp", true), ("tcp", false)]
    );
    let (v6, v4) = (told[0].1, told[1].1);
    harness.reach_by(0, v6);
    harness.join(1);
    harness.reach_by(1, v4);
    harness.call();
    harness.admit(0);
    harness.admit(1);
    flows(&mut harness);
    harness.reach_by(0, v4);
    flows(&mut harness);
    harness.reach_by(0, v6);
    harness.reach_by(1, v6);
    flows(&mut harness);
    // And by a connection to the address of the other family.
    harness.members[1].connection = Some(Framed::connect(told[2].1));
    harness.members[1].client.moved(std::time::Instant::now());
    flows(&mut harness);
    let total = harness.total();
    assert_eq!((total.io.send_errors, total.core.dtls_failed, total.peers), (0, 0, 2));
}

#[test]
fn clients_are_told_the_public_addresses_and_reach_the_private_one() {
    let public = ["203.0.113.7", "198.51.100.7"];
    let mut harness = Harness::start_with(DriverConfig {
        listen: vec![listen("127.0.0.1", &public), listen("127.0.0.2", &[])],
        ..config(1)
    });
    harness.join(1);
    let told = told(&harness, 0);
    let expected: Vec<IpAddr> = [public[0], public[1], "127.0.0.2"]
        .iter()
        .map(|ip| ip.parse().unwrap())
        .collect();
    for (protocol, range) in [("udp", 0..3), ("tcp", 3..6)] {
        let of_protocol = &told[range];
        assert!(of_protocol.iter().all(|(name, ..)| name == protocol), "{told:?}");
        let addresses: Vec<IpAddr> = of_protocol.iter().map(|(_, at, _)| at.ip()).collect();
        assert_eq!(addresses, expected);
    }
    assert!(
        told.is_sorted_by_key(|(_, _, priority)| u32::MAX - priority),
        "{told:?}"
    );
    let ports: Vec<u16> = told.iter().map(|(_, at, _)| at.port()).collect();
    assert_eq!(
        (ports[0], ports[0], ports[2]),
        (ports[1], ports[3], ports[5]),
        "both protocols have one port"
    );
    // A translator turns the public address into the private one, which never appears in the answer.
    assert!(
        !harness.members[0].joined.answer.contains(" 127.0.0.1 "),
        "nor the bound address"
    );
    let private = SocketAddr::new("127.0.0.1".parse().unwrap(), ports[0]);
    let other = told[2].1;
    harness.reach_by(0, private);
    harness.join(1);
    harness.reach_by(1, other);
    harness.call();
    harness.admit(0);
    harness.admit(1);
    flows(&mut harness);
    assert_eq!(harness.total().io.send_errors, 0);
}
