//! Who is free soon: the same for every visitor of the front page, and costly to compute.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{SoonFree, find_soon_free};
use crate::availability::Calendars;
use crate::base::charge::Selling;
use crate::base::db::DbError;
use crate::base::{Base, MINUTE_US, Micros};

/// How long the list is shown at most: other processes write, too, and time goes on.
const KEPT_US: Micros = MINUTE_US;

/// The list, computed once for everybody until something is written here.
#[derive(Default)]
pub struct SoonList {
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    version: u64,
    at: Micros,
    selling: Selling,
    soon: Arc<SoonFree>,
}

impl SoonList {
    /// The list as it is now, or was within the last minute if nothing was written since. Of many who ask at once one
    /// computes it, and the others wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(&self, base: &Base, calendars: &Calendars, selling: Selling) -> Result<Arc<SoonFree>, DbError> {
        let mut kept = self.kept.lock().await;
        let (version, now) = (base.db.choice_version(), base.now());
        let fresh = kept.as_ref().filter(|kept| {
            kept.version == version && kept.selling == selling && (kept.at..kept.at + KEPT_US).contains(&now)
        });
        if let Some(fresh) = fresh {
            return Ok(Arc::clone(&fresh.soon));
        }
        let mut tx = base.db.read().await?;
        let version = tx.choice_version();
        let soon = Arc::new(find_soon_free(&mut tx, calendars, now, selling.clone()).await?);
        *kept = Some(Kept {
            version,
            at: now,
            selling,
            soon: Arc::clone(&soon),
        });
        Ok(soon)
    }
}
