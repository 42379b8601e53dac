//! Two hundred people want one time: exactly one gets it, everybody else is told so, on either engine.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::harness::{Engine, Site, values};

const RACERS: usize = 200;

/// A provider of the demo whose services are free around the clock.
const PROVIDER: &str = "/providers/dyreklinikken-nordli";

/// Id of a service by its title, from the provider's page.
fn service(page: &str, title: &str) -> String {
    let option = page
        .split("<a class=\"option\"")
        .find(|option| option.contains(&format!(">{title}<")))
        .unwrap_or_else(|| panic!("the provider offers {title}"));
    let link = values(option, "service=")
        .first()
        .copied()
        .expect("an option links to its service");
    link.split('&')
        .next()
        .expect("split gives at least one part")
        .to_owned()
}

/// What everybody asks for at once.
async fn race(site: &Site, wishes: &[(String, i64)]) -> (usize, usize) {
    let wishes = Arc::new(wishes.to_vec());
    let mut racers = JoinSet::new();
    for number in 0..RACERS {
        let visitor = site.visitor(number);
        let (service, start) = wishes[number % wishes.len()].clone();
        racers.spawn(async move {
            let start = start.to_string();
            visitor
                .post("/holds", &[("service", &service), ("start", &start)])
                .await
                .status()
                .as_u16()
        });
    }
    let (mut won, mut taken) = (0, 0);
    while let Some(status) = racers.join_next().await {
        match status.expect("no racer panics") {
            303 => won += 1,
            409 => taken += 1,
            other => panic!("a racer was answered with {other}"),
        }
    }
    (won, taken)
}

async fn races(engine: Engine, processes: usize) {
    let Some(site) = Site::start(engine, processes).await else {
        return;
    };
    let visitor = site.visitor(0);
    let page = visitor.text(PROVIDER).await;
    let long = service(&page, "Videotime");
    let short = service(&page, "Kort spørsmål");
    let times = visitor.text(&format!("{PROVIDER}?service={long}")).await;
    let free: Vec<i64> = values(&times, "name=\"start\" value=\"")
        .iter()
        .filter_map(|start| start.parse().ok())
        .collect();
    // Six times in a row are five minutes apart; each race gets hours of its own.
    let minutes = |count: i64| count * 60_000_000;
    let first = *free.first().expect("a clinic that never closes has free times") + minutes(60);
    let overlapping = first + minutes(120);
    let two_services = first + minutes(240);

    let one_slot = [(long.clone(), first)];
    assert_eq!(race(&site, &one_slot).await, (1, RACERS - 1), "one slot");

    let partly = [
        (long.clone(), overlapping),
        (long.clone(), overlapping + minutes(10)),
        (long.clone(), overlapping - minutes(10)),
    ];
    let (won, taken) = race(&site, &partly).await;
    // The outer two touch the middle one but also each other, so that only one fits.
    assert_eq!((won, taken), (1, RACERS - 1), "partly overlapping slots");

    let services = [(long, two_services), (short, two_services + minutes(15))];
    assert_eq!(
        race(&site, &services).await,
        (1, RACERS - 1),
        "two services of one member"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_winner_on_sqlite() {
    races(Engine::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_winner_on_postgres_with_two_servers() {
    races(Engine::Postgres, 2).await;
}
