//! Addresses and ports, good and bad.

use std::io::ErrorKind;
use std::net::UdpSocket;

use sfu_driver::{Driver, DriverConfig, Listen};

use crate::harness::config;

fn refused(config: DriverConfig) -> (ErrorKind, String) {
    let error = Driver::start(config).map(drop).expect_err("it cannot work");
    (error.kind(), error.to_string())
}

#[test]
fn a_taken_port_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (kind, text) = refused(DriverConfig {
        media_port: address.port(),
        ..config(1)
    });
    assert_eq!(kind, ErrorKind::AddrInUse);
    assert!(text.contains(&address.to_string()), "{text}");
}

#[test]
fn a_port_that_is_taken_for_connections_is_named_too() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let config = DriverConfig {
        media_port: address.port(),
        ..config(1)
    };
    let (kind, text) = refused(config.clone());
    assert_eq!(kind, ErrorKind::AddrInUse);
    assert!(
        text.contains("connections") && text.contains(&address.to_string()),
        "{text}"
    );
    let without = DriverConfig {
        ice_tcp: false,
        ..config
    };
    Driver::start(without).expect("only datagrams are taken");
}

#[test]
fn configurations_that_cannot_work_are_refused() {
    let wildcard = Listen {
        bind: [0, 0, 0, 0].into(),
        advertise: Vec::new(),
    };
    let (kind, text) = refused(DriverConfig::new(vec![wildcard], 0));
    assert_eq!(kind, ErrorKind::InvalidInput);
    assert!(text.contains("0.0.0.0"), "{text}");
    assert_eq!(refused(DriverConfig::new(Vec::new(), 0)).0, ErrorKind::InvalidInput);
    assert_eq!(
        refused(DriverConfig {
            media_port: 65_535,
            ..config(2)
        })
        .0,
        ErrorKind::InvalidInput
    );
}

#[test]
fn advertised_addresses_stand_in_for_the_bound_one() {
    let public = [203, 0, 113, 7].into();
    let listen = Listen {
        bind: [0, 0, 0, 0].into(),
        advertise: vec![public],
    };
    let (driver, _events) = Driver::start(DriverConfig {
        shards: 2,
        ..DriverConfig::new(vec![listen], 0)
    })
    .unwrap();
    let candidates = driver.candidates();
    assert_eq!(candidates.len(), 2);
    assert!(
        candidates
            .iter()
            .all(|shard| shard.len() == 1 && shard[0].ip() == public && shard[0].port() != 0)
    );
    assert_ne!(candidates[0][0].port(), candidates[1][0].port());
}

/// W11.
#[test]
fn every_process_has_a_key_of_its_own() {
    let fingerprint = || {
        let mut harness = crate::harness::Harness::start(1);
        harness.join(1);
        let answer = &harness.members[0].joined.answer;
        let line = answer.lines().find(|line| line.starts_with("a=fingerprint:sha-256 "));
        line.expect("every answer has one").to_owned()
    };
    assert_ne!(fingerprint(), fingerprint());
}
