//! What pages with free times cost: when the times are computed anew, and when they are kept.
//!
//! The real router on SQLite, one request after another. Before a request that is to compute anew something is written
//! that free times depend on, as somebody else's booking would; the write itself is not counted. Of both kinds in turns
//! the median counts.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use booking_adapters::files::local_folder;
use booking_adapters::test_provider::TestProvider;
use booking_core::base::config::Retention;
use booking_core::base::db::{Param, Sql};
use booking_core::base::{Base, Clock, Networks, Random};
use booking_core::billing::Payments;
use booking_core::{AppState, BookingConfig, params, seed};
use tower::ServiceExt as _;

/// Requests of each kind to each page.
const ROUNDS: usize = 41;
/// Members of the large business, each with this many appointments.
const MEMBERS: i64 = 10;
const APPOINTMENTS: i64 = 200;

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("booka_pages_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(measure(&folder));
    std::fs::remove_dir_all(&folder)?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| page | computed anew ms | kept ms | ratio |\n|---|---:|---:|---:|"
    )?;
    for (page, fresh_ms, kept_ms) in rows {
        writeln!(
            out,
            "| {page} | {fresh_ms:.2} | {kept_ms:.2} | {:.1} |",
            fresh_ms / kept_ms
        )?;
    }
    Ok(())
}

async fn measure(folder: &std::path::Path) -> Vec<(&'static str, f64, f64)> {
    let config = BookingConfig {
        node: "bench".to_owned(),
        database_url: format!("sqlite:{}", folder.join("booka.sqlite").display()),
        data_dir: folder.to_owned(),
        public_url: "http://localhost:8080".to_owned(),
        trusted_proxies: Networks::default(),
        ticket_secret: [7; 32],
        mail_from: "Booka <post@booka.example>".to_owned(),
        controller: web::pages::legal::Controller::default(),
        retention: Retention::default(),
        refund_alone: BookingConfig::usual_refund_alone(),
        dispute_days: BookingConfig::DISPUTE_DAYS,
        platform: Default::default(),
    };
    let files = local_folder(folder).expect("the folder can be used");
    let base = Base::open(config, Clock::system(), Random::system(), Arc::new(files), None);
    let base = base.await.expect("the database opens");
    let payments = TestProvider::new(base.db.clone(), Random::system(), base.config.hook_secret());
    let state = AppState::new(base, Payments::new(vec![Arc::new(payments)]));
    seed::seed_demo(&state).await.expect("it seeds");
    fill(&state).await;
    let router = booking_site::router(state.clone());
    let mut rows = Vec::new();
    for (name, path) in [
        ("provider, 10 members, 5-minute steps, 180 days", "/providers/large"),
        ("provider of the demo", "/providers/dyreklinikken-nordli"),
        ("search for this week", "/search?when=week"),
        (
            "search that finds nobody near",
            "/search?what=katt&where=%C3%85lesund&when=week",
        ),
        ("front page", "/"),
    ] {
        let (mut fresh, mut kept) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            write(&state, "UPDATE org SET headline = headline", params![]).await;
            fresh.push(ask(&router, path, 2 * round).await);
            kept.push(ask(&router, path, 2 * round + 1).await);
        }
        rows.push((name, median(fresh), median(kept)));
    }
    rows
}

/// Milliseconds that a page takes. Each request has an address of its own, so that no limit is met.
async fn ask(router: &Router, path: &str, number: usize) -> f64 {
    let mut request = Request::get(path).body(Body::empty()).expect("a request");
    let [.., high, low] = number.to_be_bytes();
    request
        .extensions_mut()
        .insert(ConnectInfo(SocketAddr::from(([203, 0, high, low], 40_000))));
    let begin = Instant::now();
    let answer = router
        .clone()
        .oneshot(request)
        .await
        .expect("the router always answers");
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    let body = to_bytes(answer.into_body(), 16 << 20).await.expect("the body arrives");
    let took = begin.elapsed();
    assert!(!body.is_empty());
    took.as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn write(state: &AppState, text: &'static str, params: Vec<Param>) {
    let mut tx = state.db.write().await.expect("a connection");
    tx.execute(Sql { name: "bench", text }, params)
        .await
        .expect("the statement runs");
    tx.commit().await.expect("it commits");
}

/// A business as large as one may be thought of: open day and night, ten people, many appointments.
async fn fill(state: &AppState) {
    let org = "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
             lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
         VALUES ('large', 'large', 'Large', '', 'vet', '', '', '', '', 'Bergen', 60390000, 5320000, '', '',
             'Europe/Oslo', 'active', 'large', 1)";
    write(state, org, params![]).await;
    let service =
        "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
             step_min, notice_min, window_days, open_max, price_terms, created_us)
         VALUES ('large', 'large', 'Video', '', 15, 0, 0, 5, 0, 180, 30, $1, 1)";
    write(state, service, params![r#"{"currency":"NOK","model":"free"}"#]).await;
    for number in 0..MEMBERS {
        fill_member(state, &format!("large{number}")).await;
    }
}

async fn fill_member(state: &AppState, id: &str) {
    let account =
        "INSERT INTO account (id, email, email_norm, email_verified_us, name, phone, location, locale, is_operator,
             created_us)
         VALUES ($1, $1, $1, 1, 'Kari Nordli', '', '', 'nb', 0, 1)";
    write(state, account, params![id]).await;
    let member =
        "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, 'large', $1, 'staff', '', 1)";
    write(state, member, params![id]).await;
    write(
        state,
        "INSERT INTO service_member (service_id, member_id) VALUES ('large', $1)",
        params![id],
    )
    .await;
    let week = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min)
         WITH RECURSIVE d (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM d WHERE n < 7) SELECT $1, n, 0, 1440 FROM d";
    write(state, week, params![id]).await;
    // Half an hour each, spread over the half year.
    let hold = "INSERT INTO hold (id, visitor_hash, account_id, contact_email, org_id, service_id, member_id, start_us, end_us,
             cell_first, cell_end, time_zone, title, price_terms, policy, about, state, created_us, expires_us, network_hash)
         VALUES ($1, '', NULL, '', 'large', 'large', $1, 0, 0, 0, 0, 'Europe/Oslo', '', '', '', '', 'confirmed', 0, 0, '')";
    write(state, hold, params![id]).await;
    let cells = "INSERT INTO reservation (member_id, cell, hold_id)
         WITH RECURSIVE a (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM a WHERE n + 1 < $3),
             c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 5)
         SELECT $1, $2 + a.n * 250 + c.n, $1 FROM a, c";
    let first = state.now() / booking_core::base::CELL_US;
    write(state, cells, params![id, first, APPOINTMENTS]).await;
}
