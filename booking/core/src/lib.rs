//! The booking side without its pages: rules and records, one folder a feature.
//!
//! The features stand on floors, and each knows only those below it: [`base`], [`accounts`], [`providers`],
//! [`availability`], [`search`], [`appointments`], [`calls`], [`billing`], [`disputes`], [`documents`], [`books`]. What ties features together is one
//! of the [`usecases`] above them; [`privacy`], [`operator`] and [`jobs`] stand on those. HTTP and HTML are not known here.

pub mod accounts;
pub mod appointments;
pub mod availability;
pub mod base;
pub mod billing;
pub mod books;
pub mod calls;
pub mod disputes;
pub mod documents;
pub mod jobs;
pub mod operator;
pub mod privacy;
pub mod providers;
pub mod search;
pub mod seed;
pub mod state;
pub mod usecases;

pub use base::config::BookingConfig;
pub use state::AppState;

/// Every statement of every feature, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<base::db::Sql> {
    let features = [
        accounts::credentials::STATEMENTS,
        accounts::queries::STATEMENTS,
        appointments::let_downs::STATEMENTS,
        appointments::promo::STATEMENTS,
        appointments::queries::STATEMENTS,
        availability::queries::STATEMENTS,
        base::audit::STATEMENTS,
        base::outbox::queries::STATEMENTS,
        billing::commission::STATEMENTS,
        billing::differences::STATEMENTS,
        billing::invoices::STATEMENTS,
        billing::queries::STATEMENTS,
        billing::refunds::STATEMENTS,
        billing::sellers::STATEMENTS,
        books::STATEMENTS,
        books::balances::STATEMENTS,
        books::carried::STATEMENTS,
        books::exports::STATEMENTS,
        books::months::STATEMENTS,
        books::postings::STATEMENTS,
        books::saft::STATEMENTS,
        books::saft::customers::STATEMENTS,
        books::sellers::STATEMENTS,
        books::tax::STATEMENTS,
        books::time::STATEMENTS,
        calls::quality::STATEMENTS,
        calls::extensions::STATEMENTS,
        calls::queries::STATEMENTS,
        disputes::evidence::STATEMENTS,
        disputes::queries::STATEMENTS,
        documents::queries::STATEMENTS,
        jobs::STATEMENTS,
        operator::advice::STATEMENTS,
        operator::links::STATEMENTS,
        operator::money::STATEMENTS,
        operator::people::STATEMENTS,
        operator::queries::STATEMENTS,
        privacy::inactive::STATEMENTS,
        privacy::overview::STATEMENTS,
        privacy::retention::cases::STATEMENTS,
        privacy::retention::door::STATEMENTS,
        privacy::retention::failures::STATEMENTS,
        privacy::retention::holds::STATEMENTS,
        privacy::retention::loose::STATEMENTS,
        privacy::retention::report::STATEMENTS,
        privacy::retention::run::STATEMENTS,
        providers::commission::STATEMENTS,
        providers::hours::STATEMENTS,
        providers::invitations::STATEMENTS,
        providers::mandate::STATEMENTS,
        providers::members::STATEMENTS,
        providers::orgs::STATEMENTS,
        providers::seller::STATEMENTS,
        providers::services::STATEMENTS,
        providers::vat::STATEMENTS,
        search::queries::STATEMENTS,
        seed::queries::STATEMENTS,
        usecases::agenda::STATEMENTS,
        usecases::due::STATEMENTS,
        usecases::payouts::STATEMENTS,
    ];
    features
        .concat()
        .into_iter()
        .chain(privacy::registry::registered_statements())
        .chain(privacy::retention::registered_statements())
        .collect()
}

#[cfg(test)]
mod tests {
    /// A feature whose statements were forgotten in `statements` would escape the test that prepares them all.
    #[test]
    fn every_feature_lists_its_statements() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let root = std::fs::read_to_string(source.join("lib.rs")).expect("lib.rs is there");
        let listed = root.lines().filter(|line| line.ends_with("::STATEMENTS,")).count();
        let mut folders = vec![source];
        let mut declared = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("readable") {
                let path = entry.expect("readable").path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let text = std::fs::read_to_string(&path).expect("readable");
                    declared += text.lines().filter(|line| *line == "statements! {").count();
                }
            }
        }
        assert_eq!(listed, declared);
    }
}
