//! What benches of the booking side stand on: a database of their own with the files beside it, as a server opens them.

use std::path::Path;
use std::sync::Arc;

use booking_adapters::files::local_folder;
use booking_adapters::test_provider::TestProvider;
use booking_core::base::config::{Platform, Retention};
use booking_core::base::db::{Param, Sql};
use booking_core::base::{Base, Clock, Networks, Random};
use booking_core::billing::Payments;
use booking_core::{AppState, BookingConfig};

/// The address of a SQLite database in that folder.
pub(crate) fn sqlite_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("booka.sqlite").display())
}

/// Opens a database and a folder of files, with the test payment provider.
pub(crate) async fn open(url: &str, folder: &Path, clock: Clock) -> AppState {
    let config = BookingConfig {
        node: "bench".to_owned(),
        database_url: url.to_owned(),
        data_dir: folder.to_owned(),
        public_url: "http://localhost:8080".to_owned(),
        trusted_proxies: Networks::default(),
        ticket_secret: [7; 32],
        mail_from: "Booka <post@booka.example>".to_owned(),
        controller: web::pages::legal::Controller::default(),
        retention: Retention::default(),
        refund_alone: BookingConfig::usual_refund_alone(),
        dispute_days: BookingConfig::DISPUTE_DAYS,
        platform: Platform::default(),
    };
    let files = local_folder(folder).expect("the folder can be used");
    let base = Base::open(config, clock, Random::system(), Arc::new(files), None);
    let base = base.await.expect("the database opens");
    let payments = TestProvider::new(base.db.clone(), Random::system(), base.config.hook_secret());
    AppState::new(base, Payments::new(vec![Arc::new(payments)]))
}

/// Writes straight into the database.
pub(crate) async fn write(state: &AppState, text: &'static str, params: Vec<Param>) {
    let mut tx = state.db.write().await.expect("a connection");
    tx.execute(Sql { name: "bench", text }, params)
        .await
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    tx.commit().await.expect("it commits");
}
