//! `booka seed-demo`: providers with services and hours, and sign-in links to try them.

mod catalogue;
pub mod queries;

use crate::accounts;
use crate::base::Result;
use crate::base::db::{DbError, Tx};
use crate::base::vat::VatCode;
use crate::params;
use crate::providers::mandate::give_mandate;
use crate::providers::seller::{SellerInput, state_identity};
use crate::search::{Place, find_place, index_provider, snap};
use crate::state::AppState;
use texts::Locale;
use texts::routes::pattern;

const PROVIDERS: &str = include_str!("../../assets/demo_providers.csv");

/// Who may use the operator's pages of the demo.
const OPERATOR_EMAIL: &str = "drift@booka.example";
/// Whose provider the printed link signs in to.
const SHOWN_PROVIDER: &str = "dyreklinikken-nordli";

/// Providers of one town lie this far from each other, millionths of a degree.
const SPREAD_E6: i64 = 9_000;

/// What the demo holds, and the ways in.
#[derive(Debug, Clone)]
pub struct SeedReport {
    pub providers: usize,
    pub towns: usize,
    pub provider_link: String,
    pub operator_link: String,
}

struct Provider {
    slug: &'static str,
    name: &'static str,
    orgno: &'static str,
    category: &'static str,
    town: &'static str,
    member: &'static str,
    headline: &'static str,
}

/// Seeds what is not there yet, and makes fresh one-time links.
///
/// # Errors
/// When the database fails.
pub async fn seed_demo(state: &AppState) -> Result<SeedReport> {
    let providers = providers();
    let mut tx = state.db.write().await?;
    for (number, provider) in providers.iter().enumerate() {
        if tx
            .optional::<String>(queries::ORG_OF_SLUG, params![provider.slug])
            .await?
            .is_none()
        {
            let found = find_place(&mut tx, provider.town).await?;
            let place = found.place().expect("the towns of the file are among our places");
            add_provider(state, &mut tx, number, provider, place).await?;
        }
    }
    let operator = account(state, &mut tx, OPERATOR_EMAIL, "Drift", "Oslo", true).await?;
    let shown = email_of(SHOWN_PROVIDER);
    let member = account(state, &mut tx, &shown, "", "", false).await?;
    let operator_link = accounts::login_link(&mut tx, state, &operator, pattern::OPERATOR).await?;
    let provider_link = accounts::login_link(&mut tx, state, &member, pattern::PROVIDER).await?;
    tx.commit().await?;
    let mut towns: Vec<&str> = providers.iter().map(|provider| provider.town).collect();
    towns.sort_unstable();
    towns.dedup();
    Ok(SeedReport {
        providers: providers.len(),
        towns: towns.len(),
        provider_link,
        operator_link,
    })
}

async fn add_provider(state: &AppState, tx: &mut Tx, number: usize, provider: &Provider, place: &Place) -> Result<()> {
    let now = state.now();
    let email = email_of(provider.slug);
    let phone = phone(number);
    let account = account(state, tx, &email, provider.member, provider.town, false).await?;
    let (org, member) = (state.id(), state.id());
    let description = format!(
        "{}. Snakk med {} over video, og betal bare for det som er avtalt.",
        provider.headline, provider.member
    );
    let offset = i64::try_from(number % 7).unwrap_or(0) - 3;
    let (lat, lon) = (
        snap(place.position.lat_e6 + offset * SPREAD_E6),
        snap(place.position.lon_e6 - offset * SPREAD_E6),
    );
    tx.execute(
        queries::ORG_INSERT,
        params![
            org.clone(),
            provider.slug,
            provider.name,
            provider.orgno,
            provider.category,
            provider.headline,
            description,
            provider.town,
            lat,
            lon,
            &email,
            phone,
            now
        ],
    )
    .await?;
    tx.execute(queries::VAT_INSERT, params![state.id(), org.clone(), now])
        .await?;
    give_mandate(state, tx, &org, &account, Locale::Nb).await?;
    let identity = seller(number, provider, place, &email)
        .check(provider.orgno)
        .expect("the sellers of the demo are whole");
    state_identity(tx, &org, identity).await?;
    tx.execute(
        queries::MEMBER_INSERT,
        params![member.clone(), org.clone(), account, "", now],
    )
    .await?;
    for offer in catalogue::offers(provider.category) {
        add_service(
            state,
            tx,
            (&org, &member),
            offer,
            catalogue::vat_code(provider.category),
        )
        .await?;
    }
    for (weekday, hours) in (1_i64..).zip(catalogue::hours(provider.category)) {
        if let Some((start, end)) = hours {
            tx.execute(queries::RULE_INSERT, params![member.clone(), weekday, start, end])
                .await?;
        }
    }
    index_provider(tx, &org).await?;
    Ok(())
}

async fn add_service(
    state: &AppState,
    tx: &mut Tx,
    (org, member): (&str, &str),
    offer: &catalogue::Offer,
    vat_code: VatCode,
) -> Result<(), DbError> {
    let service = state.id();
    let price = serde_json::to_string(&offer.price()).expect("price terms are plain strings and numbers");
    tx.execute(
        queries::SERVICE_INSERT,
        params![
            service.clone(),
            org,
            offer.title,
            offer.description,
            offer.duration_min,
            offer.buffer_after_min,
            offer.step_min,
            offer.notice_min,
            price,
            state.now(),
            vat_code
        ],
    )
    .await?;
    tx.execute(queries::SERVICE_MEMBER_INSERT, params![service, member])
        .await?;
    Ok(())
}

/// The account of an address, made if there is none. It has no password: the printed links are the way in.
async fn account(
    state: &AppState,
    tx: &mut Tx,
    email: &str,
    name: &str,
    town: &str,
    operator: bool,
) -> Result<String, DbError> {
    if let Some(id) = tx.optional::<String>(queries::ACCOUNT_OF_EMAIL, params![email]).await? {
        return Ok(id);
    }
    let id = state.id();
    let operator = i64::from(operator);
    tx.execute(
        queries::ACCOUNT_INSERT,
        params![id.clone(), email, name, phone(0), town, "nb", operator, state.now()],
    )
    .await?;
    Ok(id)
}

/// Who sells, as its owner would type it: every third is a sole proprietorship.
fn seller(number: usize, provider: &Provider, place: &Place, email: &str) -> SellerInput {
    let (form, name) = if number.is_multiple_of(3) {
        ("sole", format!("{} {}", provider.name, provider.member))
    } else {
        ("as", format!("{} AS", provider.name))
    };
    SellerInput {
        legal_form: form.to_owned(),
        legal_name: name,
        address: format!("Storgata {}", number + 1),
        // The towns of the file have many postcodes; the demo needs one that reads like one.
        postcode: format!("{:04}", 1000 + number),
        town: place.name.clone(),
        country: "NO".to_owned(),
        phone: phone(number),
        email: email.to_owned(),
    }
}

fn email_of(slug: &str) -> String {
    format!("post@{slug}.example")
}

fn phone(number: usize) -> String {
    format!("+4740000{:03}", 100 + number)
}

fn providers() -> Vec<Provider> {
    rows(PROVIDERS, ';')
        .map(|row| match row[..] {
            [slug, name, orgno, category, town, member, headline] => Provider {
                slug,
                name,
                orgno,
                category,
                town,
                member,
                headline,
            },
            _ => panic!("the file of providers has seven columns"),
        })
        .collect()
}

fn rows(csv: &'static str, separator: char) -> impl Iterator<Item = Vec<&'static str>> {
    csv.lines().skip(1).map(move |line| line.split(separator).collect())
}

#[cfg(test)]
mod tests {
    use texts::Category;

    use super::*;

    #[test]
    fn the_file_names_trades_that_offer_something() {
        let providers = providers();
        assert!(providers.len() >= 40);
        for provider in &providers {
            assert!(
                Category::from_slug(provider.category).is_some(),
                "{}",
                provider.category
            );
            assert!(!catalogue::offers(provider.category).is_empty());
        }
    }
}
