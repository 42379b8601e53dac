//! Prints how a viewer fares behind each kind of access, as a table in Markdown. Names of scenes and accesses as
//! arguments choose; a number is the seed.
#![expect(clippy::print_stdout, reason = "a program that prints")]

use sfu_sim::{Profile, Row, Scene, score};

const SEED: u64 = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed = arguments.iter().find_map(|argument| argument.parse().ok());
    let chosen = |all: &[&str], name: &str| {
        let named = |name: &str| arguments.iter().any(|argument| argument == name);
        named(name) || !all.iter().any(|name| named(name))
    };
    let scenes = Scene::ALL.map(Scene::name);
    let profiles = Profile::ALL.map(Profile::name);
    println!("{}", Row::HEAD);
    for scene in Scene::ALL.into_iter().filter(|scene| chosen(&scenes, scene.name())) {
        for profile in Profile::ALL
            .into_iter()
            .filter(|profile| chosen(&profiles, profile.name()))
        {
            println!("{}", score(scene, profile, seed.unwrap_or(SEED)));
        }
    }
}
