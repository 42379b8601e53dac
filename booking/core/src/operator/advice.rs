//! What is missing before people can book: by the database, and by the process on its machine.

use texts::routes::pattern;

use crate::accounts::queries::OPERATORS;
use crate::base::Result;
use crate::base::advice::Advice;
use crate::base::db::{self, DbError, Inspected};
use crate::base::outbox;
use crate::params;
use crate::state::AppState;
use crate::statements;

statements! {
    PUBLISHED = "SELECT COUNT(*) FROM org WHERE status = 'active'";
    /// Whether the newest report of what is old enough found something, and no operator has let it be deleted.
    RETENTION_WAITS = "SELECT COUNT(*) FROM retention_line l WHERE l.entries > 0
        AND l.run_id = (SELECT r.id FROM retention_run r WHERE r.kind = 'dry' AND r.ended_us IS NOT NULL ORDER BY r.as_of_us DESC LIMIT 1)
        AND EXISTS (SELECT 1 FROM retention_switch s WHERE s.approved_us IS NULL)";
    /// What the run that stands still failed at last.
    RETENTION_STANDS = "SELECT failure FROM retention_run WHERE failed_us IS NOT NULL AND ended_us IS NULL ORDER BY started_us LIMIT 1";
}

/// Everything that this server lacks.
///
/// # Errors
/// When the database fails.
pub async fn missing(state: &AppState) -> Result<Vec<Advice>> {
    let mut advice = state.advisor.get().map(|advisor| advisor.advice()).unwrap_or_default();
    advice.extend(held_up_mail(state).await?);
    let mut tx = state.db.read().await?;
    let published: i64 = tx.one(PUBLISHED, params![]).await?;
    advice.extend(without_business(published, &state.link(pattern::PROVIDER_SIGNUP)));
    let waiting: i64 = tx.one(RETENTION_WAITS, params![]).await?;
    advice.extend((waiting > 0).then(|| Advice::unwise("advice-retention", "advice-retention-do")));
    let failure: Option<String> = tx.optional(RETENTION_STANDS, params![]).await?;
    advice.extend(
        failure.map(|failure| {
            Advice::broken("advice-retention-stands", "advice-retention-stands-do").with("error", failure)
        }),
    );
    Ok(advice)
}

/// What to do where the mail server does not let us send.
///
/// # Errors
/// When the database fails.
pub async fn held_up_mail(state: &AppState) -> Result<Option<Advice>> {
    let held_up = outbox::held_up(state).await?;
    Ok(held_up.map(|held_up| {
        Advice::broken("advice-mail-held-up", "advice-mail-held-up-do")
            .with("n", held_up.mails)
            .with("error", held_up.reason)
    }))
}

/// Looks at the database behind a URL, with nothing changed, and says what is missing in it where it is as this program
/// knows it; `public_url` is where browsers reach the site.
///
/// # Errors
/// When it cannot be opened or read.
pub async fn inspect(database_url: &str, public_url: &str) -> std::result::Result<(Inspected, Vec<Advice>), DbError> {
    let inspected = db::inspect(database_url, &[PUBLISHED, OPERATORS]).await?;
    let Inspected::Current(counts) = &inspected else {
        return Ok((inspected, Vec::new()));
    };
    let [published, operators] = counts[..] else {
        return Ok((inspected, Vec::new()));
    };
    let operator = (operators == 0).then(|| Advice::unwise("advice-operator", "advice-operator-do"));
    let signup = format!("{public_url}{}", pattern::PROVIDER_SIGNUP);
    let missing = operator
        .into_iter()
        .chain(without_business(published, &signup))
        .collect();
    Ok((inspected, missing))
}

/// What to do where nobody offers anything; `signup` is the address for businesses.
fn without_business(published: i64, signup: &str) -> Option<Advice> {
    let advice = Advice::unwise("advice-business", "advice-business-do").with("link", signup);
    (published == 0).then_some(advice)
}
