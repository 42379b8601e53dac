//! Providers: the business, its members, its services and their hours.

pub mod commission;
pub mod hours;
pub mod invitations;
pub mod mandate;
pub mod members;
pub mod orgs;
pub mod seller;
pub mod services;
pub mod vat;

use crate::base::Fault;
use crate::carries_faults;

pub use members::Member;
pub use orgs::{Org, OrgDetails, OrgStatus, SetupStep, contact_email, missing_steps, own_org, owner, public_org};
pub use services::{Service, ServiceDetails};

/// What the rules of providers say no to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    #[error("a provider has at most fifty services")]
    TooManyServices,
    #[error("a provider has at most fifty members")]
    TooManyMembers,
    #[error("too many days are closed")]
    TooManyDays,
    #[error("too many providers of that name")]
    NameTaken,
    #[error("services or hours are missing")]
    NotReady,
    #[error("the member has coming appointments")]
    MemberBooked,
    #[error("the person works for a provider already")]
    WorksElsewhere,
    #[error("the account is to be deleted")]
    AccountEnds,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(ProviderRefusal);
