//! `booka seed-demo`: a marketplace to try things out.

use crate::boot;
use crate::config::Config;
use crate::terminal::say;

/// Seeds, unless that was done before, and prints fresh sign-in links.
///
/// # Errors
/// When the database cannot be used.
pub(crate) async fn seed_demo(config: &Config) -> anyhow::Result<()> {
    let state = boot::open(config).await?;
    let report = booking_core::seed::seed_demo(&state).await?;
    say(&format!(
        "{} providers in {} towns.\n\n  Visitor   {}\n  Provider  {}\n  Operator  {}\n\n\
         The provider's and the operator's links sign in once; run `booka seed-demo` again for fresh ones.\n",
        report.providers,
        report.towns,
        state.link("/"),
        report.provider_link,
        report.operator_link,
    ))
}
