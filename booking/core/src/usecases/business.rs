//! A business signs up or changes what it says about itself: its row, and the words and the place it is found by.

use texts::Category;

use crate::base::actor::{MemberRole, SignedIn};
use crate::base::db::Tx;
use crate::base::{Base, Micros};
use crate::providers::vat::{VatStatement, state_vat};
use crate::providers::{
    Org, OrgDetails, OrgStatus, ProviderRefusal, ServiceDetails, SetupStep, mandate, members, missing_steps, orgs,
    seller,
};
use crate::search::{Place, fold, index_provider, snap};

/// Addresses tried for a new provider before giving up.
const SLUG_TRIES: u32 = 50;
/// Longest address made of a name, characters.
const SLUG_CHARS_MAX: usize = 60;

/// What a business says about itself.
#[derive(Debug, Clone)]
pub struct BusinessInput {
    pub name: String,
    pub orgno: String,
    pub vat: VatStatement,
    pub category: Category,
    pub place: Place,
    pub about: String,
}

impl BusinessInput {
    fn details(&self) -> OrgDetails<'_> {
        OrgDetails {
            name: &self.name,
            orgno: &self.orgno,
            category: self.category,
            description: &self.about,
            postcode: &self.place.postcode,
            town: &self.place.name,
            lat_e6: snap(self.place.position.lat_e6),
            lon_e6: snap(self.place.position.lon_e6),
        }
    }

    /// The addresses it may have, the plainest first.
    fn slugs(&self) -> impl Iterator<Item = String> {
        let named: String = fold(&self.name)
            .replace(' ', "-")
            .chars()
            .take(SLUG_CHARS_MAX)
            .collect();
        let plain = if named.is_empty() {
            self.category.slug().to_owned()
        } else {
            named
        };
        (1..=SLUG_TRIES).map(move |number| match number {
            1 => plain.clone(),
            _ => format!("{plain}-{number}"),
        })
    }
}

/// Makes a provider with its owner. It is seen by nobody before it is published. Somebody who works for a provider already
/// makes none: a double submit finds what the first one made.
///
/// # Errors
/// [`ProviderRefusal::NameTaken`] when all addresses of that name are taken.
pub async fn sign_up_business(
    tx: &mut Tx,
    base: &Base,
    who: &SignedIn,
    input: &BusinessInput,
    now: Micros,
) -> Result<(), ProviderRefusal> {
    let id = base.id();
    let mut added = false;
    for slug in input.slugs() {
        added = orgs::add(tx, &id, &slug, &who.email, &input.details(), now).await?;
        if added {
            break;
        }
    }
    if !added {
        return Err(ProviderRefusal::NameTaken);
    }
    members::add(tx, base, &id, &who.id, MemberRole::Owner, now).await?;
    state_vat(base, tx, &id, input.vat).await?;
    index_provider(tx, &id).await?;
    Ok(())
}

/// Saves what a business says about itself.
///
/// # Errors
/// When the database fails.
pub async fn save_business(tx: &mut Tx, base: &Base, org: &Org, input: &BusinessInput) -> Result<(), ProviderRefusal> {
    orgs::save(tx, &org.id, &input.details()).await?;
    state_vat(base, tx, &org.id, input.vat).await?;
    index_provider(tx, &org.id).await?;
    Ok(())
}

/// What keeps a service from standing on the page of a business as it is written: what is published for money needs a seller
/// that consumers can know, and the mandate to issue receipts. Nothing where it may stand there.
///
/// # Errors
/// When the database fails.
pub async fn missing_to_publish(
    tx: &mut Tx,
    org: &Org,
    details: &ServiceDetails,
) -> Result<Option<SetupStep>, ProviderRefusal> {
    let is_public = org.status == OrgStatus::Active && details.active;
    if !is_public || !details.is_priced() {
        return Ok(None);
    }
    if !seller::is_whole(tx, &org.id).await? {
        return Ok(Some(SetupStep::Seller));
    }
    let has_mandate = mandate::has_mandate(tx, &org.id).await?;
    Ok((!has_mandate).then_some(SetupStep::Mandate))
}

/// Publishes a business that has everything it needs.
///
/// # Errors
/// [`ProviderRefusal::NotReady`].
pub async fn publish_business(tx: &mut Tx, org: &Org, takes_payments: bool) -> Result<(), ProviderRefusal> {
    let missing = missing_steps(tx, org, takes_payments).await?;
    if missing.iter().any(|step| *step != SetupStep::Publish) {
        return Err(ProviderRefusal::NotReady);
    }
    orgs::set_status(tx, &org.id, OrgStatus::Active).await?;
    Ok(())
}
