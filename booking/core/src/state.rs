//! Everything that the upper floors are handed: the base, and the two seams that belong to features.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use tokio::sync::Notify;

use crate::availability::Calendars;
use crate::base::Base;
use crate::base::advice::Advisor;
use crate::billing::Payments;
use crate::calls::{LiveCalls, Silence};
use crate::search::SoonList;

/// Shared by every request and job; cheap to clone. It is a [`Base`] too, so that it can be handed to every feature.
#[derive(Clone)]
pub struct AppState {
    pub base: Base,
    /// Moves money.
    pub payments: Payments,
    /// Where the operator's page learns of calls under way; set once, by their owner.
    pub live_calls: Arc<OnceLock<Arc<dyn LiveCalls>>>,
    /// Where the operator's page learns what this process lacks on its machine; set once, by the binary.
    pub advisor: Arc<OnceLock<Arc<dyn Advisor>>>,
    /// Which other processes still write down the time of their calls.
    pub silence: Arc<Silence>,
    /// The free times of each service, for pages that show them.
    pub calendars: Arc<Calendars>,
    /// Who is free soon, for the front page.
    pub soon: Arc<SoonList>,
    /// Woken when the payment provider has answered a request of this process, and the answer is on record.
    pub provider_answered: Arc<Notify>,
    /// Names this run of this process among all that share the database.
    pub process: Arc<str>,
}

impl AppState {
    #[must_use]
    pub fn new(base: Base, payments: Payments) -> Self {
        Self {
            process: base.id().into(),
            base,
            payments,
            live_calls: Arc::default(),
            advisor: Arc::default(),
            silence: Arc::default(),
            calendars: Arc::default(),
            soon: Arc::default(),
            provider_answered: Arc::default(),
        }
    }
}

impl AppState {
    /// Sends out of calls under way here whoever has lost a seat. To be called after the commit; other servers find it out by
    /// themselves.
    pub fn review_calls(&self) {
        if let Some(live) = self.live_calls.get() {
            live.review();
        }
    }

    /// Sends everybody out of the calls of these cancelled appointments, where they are under way here. To be called after
    /// the commit; other servers find it out by themselves.
    pub fn end_calls(&self, appointments: &[String]) {
        if let Some(live) = self.live_calls.get() {
            for id in appointments {
                live.cancel(id);
            }
        }
    }
}

impl Deref for AppState {
    type Target = Base;

    fn deref(&self) -> &Base {
        &self.base
    }
}
