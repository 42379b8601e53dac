//! A database that has run an earlier release: what is in it is still right after the steps of this one.

use booking_core::base::db::{MIGRATIONS, Step};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::harness::Engine;
use crate::on_both;

/// One paid call of before there was more than one document a payment.
const BEFORE: &[&str] = &[
    "INSERT INTO account (id, email, email_norm, name, phone, location, locale, created_us) VALUES ('c', 'c', 'c', 'Ola', '', '', 'nb', 1)",
    "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town, lat_e6, lon_e6, email, phone,
         time_zone, status, folded, created_us)
     VALUES ('org', 'o', 'Nordli', '', 'vet', '', '', '', '', '', 0, 0, '', '', 'Europe/Oslo', 'active', '', 1)",
    "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ('m', 'org', 'c', 'owner', '', 1)",
    "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min, step_min, notice_min,
         window_days, price_terms, created_us)
     VALUES ('s', 'org', 'Råd', '', 30, 0, 0, 30, 0, 30, '', 1)",
    "INSERT INTO hold (id, visitor_hash, contact_email, org_id, service_id, member_id, start_us, end_us, cell_first, cell_end, time_zone,
         title, price_terms, policy, about, state, created_us, expires_us)
     VALUES ('h', '', '', 'org', 's', 'm', 1, 2, 0, 0, 'Europe/Oslo', '', '', '', '', 'confirmed', 1, 1)",
    "INSERT INTO appointment (id, hold_id, org_id, service_id, member_id, consumer_id, start_us, end_us, time_zone, title, price_terms,
         policy, about, status, created_us)
     VALUES ('a', 'h', 'org', 's', 'm', 'c', 1, 2, 'Europe/Oslo', '', '', '', '', 'completed', 1)",
    "INSERT INTO call (id, opens_us, starts_us, ends_us, created_us) VALUES ('a', 1, 1, 2, 1)",
    "INSERT INTO charge (call_id, outcome, billable_us, amount_minor, vat_bp, vat_minor, currency, created_us)
     VALUES ('a', 'held', 1, 1503, 2500, 301, 'NOK', 1)",
    "INSERT INTO payment (id, hold_id, attempt, appointment_id, psp, method_token, method_brand, method_last4, currency, amount_minor,
         state, authorised_minor, captured_minor, created_us, updated_us)
     VALUES ('p', 'h', 0, 'a', 'test', '', '', '', 'NOK', 1503, 'captured', 1503, 1503, 1, 1)",
    "INSERT INTO document_series (org_id, kind, year, next_number) VALUES ('org', 'receipt', 2026, 8)",
    "INSERT INTO document (id, org_id, appointment_id, kind, year, number, locale, content, total_minor, currency, sha256, path, issued_us)
     VALUES ('d', 'org', 'a', 'receipt', 2026, 7, 'nb', '{}', 1503, 'NOK', 'hash', 'documents/d.pdf', 5)",
];

const AFTER: &str = "SELECT d.cause || ' ' || d.seller_id || ' ' || d.payment_id || ' ' || d.sha256 || ' ' || s.vat_code || ' ' || c.vat_code,
        d.number + d.vat_minor * 1000, (SELECT n.next_number FROM document_series n WHERE n.seller_id = 'org')
    FROM document d JOIN charge c ON c.call_id = d.appointment_id JOIN service s ON s.id = 's'
    WHERE d.refers_to IS NULL AND d.unstored IS NULL AND d.content = '{}'";

type Found = (String, i64, i64);

/// Runs statements one after the other on an empty database, and asks at the end.
async fn run(engine: Engine, url: &str, statements: &[&str]) -> Vec<Found> {
    match engine {
        Engine::Sqlite => {
            let options: sqlx::sqlite::SqliteConnectOptions = url.parse().expect("an address");
            let options = options.create_if_missing(true).foreign_keys(true);
            let mut connection = SqliteConnection::connect_with(&options).await.expect("it opens");
            for text in statements {
                // As a migration runs: all of it or nothing.
                let mut tx = connection.begin().await.expect("it begins");
                let done = sqlx::raw_sql(AssertSqlSafe((*text).to_owned())).execute(&mut *tx).await;
                done.unwrap_or_else(|error| panic!("{error} in {text}"));
                tx.commit().await.expect("it commits");
            }
            let found = sqlx::query_as(AFTER).fetch_all(&mut connection).await;
            found.expect("it reads")
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(url).await.expect("it opens");
            for text in statements {
                let done = sqlx::raw_sql(AssertSqlSafe((*text).to_owned()))
                    .execute(&mut connection)
                    .await;
                done.unwrap_or_else(|error| panic!("{error} in {text}"));
            }
            let found = sqlx::query_as(AFTER).fetch_all(&mut connection).await;
            found.expect("it reads")
        }
    }
}

on_both! {
    /// Receipts of before keep number, bytes and hash, and say what they are for; their tax is that of their charge.
    async fn documents_of_an_earlier_release_are_taken_over(app: App) {
        let url = app.empty_database().await;
        let text = |step: &Step| match app.engine {
            Engine::Sqlite => step.sqlite,
            Engine::Postgres => step.postgres,
        };
        let (before, after): (Vec<&Step>, Vec<&Step>) = MIGRATIONS.iter().partition(|step| step.name < "0032");
        assert!(!before.is_empty() && after[0].name.starts_with("0032"));
        let steps = before.into_iter().map(text);
        let statements: Vec<&str> = steps.chain(BEFORE.iter().copied()).chain(after.into_iter().map(text)).collect();
        let found = run(app.engine, &url, &statements).await;
        assert_eq!(found, [("receipt:a org p hash standard standard".to_owned(), 301_007, 8)]);
    }
}
