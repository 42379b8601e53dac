//! What issuing a document costs: its number, its PDF, its hash and its row, in a transaction that is thrown away.
//!
//! SQLite, one after another; the first of each kind, which loads its fonts, is not counted. The median counts.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use booking_adapters::files::local_folder;
use booking_core::BookingConfig;
use booking_core::base::config::Retention;
use booking_core::base::db::Sql;
use booking_core::base::money::split_vat;
use booking_core::base::vat::VatCode;
use booking_core::base::{Base, Clock, Networks, Random};
use booking_core::documents::{DocumentKind, New, Paper, PaperLine, Party, VatLine, issue_document};
use booking_core::params;
use web::Locale;

/// Documents of each kind.
const ROUNDS: usize = 101;
const ORG: &str = "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
         lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
     VALUES ('org', 'org', 'Klinikken', '', 'vet', '', '', '', '', 'Bergen', 60390000, 5320000, '', '', 'Europe/Oslo', 'active', '', 1)";

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("booka_documents_{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(measure(&folder));
    std::fs::remove_dir_all(&folder)?;
    let mut out = io::stdout().lock();
    writeln!(out, "| document | median ms | 99 % ms |\n|---|---:|---:|")?;
    for (name, mut took) in rows {
        took.sort_by(f64::total_cmp);
        let (median, most) = (took[took.len() / 2], took[took.len() * 99 / 100]);
        writeln!(out, "| {name} | {median:.2} | {most:.2} |")?;
    }
    Ok(())
}

async fn measure(folder: &std::path::Path) -> Vec<(&'static str, Vec<f64>)> {
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
    let mut tx = base.db.write().await.expect("a connection");
    let org = Sql {
        name: "bench",
        text: ORG,
    };
    tx.execute(org, params![]).await.expect("the statement runs");
    tx.commit().await.expect("it commits");
    let mut rows = Vec::new();
    for (name, paper) in [
        ("receipt in Latin letters", paper("Ola Hansen", 1)),
        (
            "receipt with Arabic, Han and Hangul names",
            paper("محمد علي 王小明 김민준", 1),
        ),
        ("statement of 120 lines, 4 pages", paper("Ola Hansen", 120)),
    ] {
        issue(&base, &paper).await;
        let mut took = Vec::new();
        for _ in 0..ROUNDS {
            took.push(issue(&base, &paper).await);
        }
        rows.push((name, took));
    }
    rows
}

/// Milliseconds.
async fn issue(base: &Base, paper: &Paper) -> f64 {
    let new = New {
        org_id: "org",
        appointment_id: None,
        payment_id: None,
        cause: "bench",
        refers_to: None,
        paper: paper.clone(),
    };
    let mut tx = base.db.write().await.expect("a connection");
    let begin = Instant::now();
    issue_document(base, &mut tx, new).await.expect("it is issued");
    begin.elapsed().as_secs_f64() * 1000.0
}

fn paper(buyer: &str, lines: usize) -> Paper {
    let line = PaperLine {
        text: vec![
            "Videotime".into(),
            "Utført mandag 23. november 10:00:00–10:21:40, på video".into(),
            "Tid sammen 21 min 40,0 s, betalt tid 21 min 40 s. 15,00 kr per minutt, makspris 450,00 kr".into(),
        ],
        amount_minor: 32_500,
    };
    let lines = vec![line; lines];
    let total: i64 = lines.iter().map(|line| line.amount_minor).sum();
    Paper {
        kind: DocumentKind::Receipt,
        number: String::new(),
        issued_at: 0,
        locale: Locale::Nb,
        time_zone: "Europe/Oslo".into(),
        currency: "NOK".into(),
        facts: vec![("Bestilling".into(), "B7K-42Q".into())],
        seller: Party {
            name: "Dyreklinikken Nordli AS".into(),
            orgno: "923609016".into(),
            vat_registered: true,
            address: vec!["Storgata 1".into(), "5003 Bergen".into()],
            names_register: true,
        },
        buyer: Party {
            name: buyer.into(),
            ..Party::default()
        },
        lines,
        vat: vec![VatLine::new(VatCode::Standard, split_vat(total, 2_500))],
        payment_heading: "Betaling: Visa **** 4242".into(),
        payment: vec![
            ("Reservert".into(), total),
            ("Trukket".into(), total),
            ("Frigitt".into(), 0),
        ],
        notes: vec!["Utstedt av Booka på vegne av selgeren.".into()],
        test: false,
    }
}
