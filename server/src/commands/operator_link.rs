//! `booka operator-link`: the way in for those who may read the data folder.

use booking_core::base::db::Inspected;
use booking_core::operator::advice::inspect;
use booking_core::operator::{OperatorLink, further_operator_link, operator_link};

use crate::boot;
use crate::config::Config;
use crate::terminal::say;

/// Whom the link is for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Whom {
    /// The operator's e-mail, where there are several.
    #[arg(long = "for", value_name = "EMAIL", conflicts_with = "new")]
    email: Option<String>,
    /// A link that makes one more operator.
    #[arg(long)]
    new: bool,
}

/// Prints a one-time link.
///
/// # Errors
/// When the database cannot be used, or it is not clear which operator is meant.
pub(crate) async fn print(config: &Config, whom: &Whom) -> anyhow::Result<()> {
    let found = inspect(&config.database_url(), &config.public_url).await;
    if matches!(found, Ok((Inspected::Missing | Inspected::Unused, _))) {
        anyhow::bail!(
            "there is no database at {} yet: name the server's configuration with --config, or start the server first; \
             its first start prints the link, too",
            config.database_shown()
        );
    }
    let state = boot::open(config).await?;
    if whom.new {
        let link = further_operator_link(&state).await?;
        return say(&format!(
            "This link makes one more operator, once, within seven days:\n  {link}\n"
        ));
    }
    match operator_link(&state, whom.email.as_deref()).await? {
        OperatorLink::First(link) => say(&format!("This link makes the first operator, once:\n  {link}\n")),
        OperatorLink::SignIn { email, link } => {
            say(&format!("This link signs {email} in, once, within a day:\n  {link}\n"))
        }
        OperatorLink::Which(emails) => anyhow::bail!("say which operator: --for one of {}", emails.join(", ")),
    }
}
