//! Prints how a viewer fares behind each kind of access, as a table in Markdown. Names of accesses as arguments choose.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use sfu_sim::{Profile, Row, score};

const SEED: u64 = 7;

fn main() {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", Row::HEAD);
    for profile in Profile::ALL {
        if chosen.is_empty() || chosen.iter().any(|name| name == profile.name()) {
            println!("{}", score(profile, SEED));
        }
    }
}
