//! The media server as the configuration wants it, and where its reports go.

use std::time::Instant;

use anyhow::Context as _;
use media_api::MediaApi;
use sfu_core::Event;
use sfu_driver::{DriverConfig, Listen};
use signaling::{Hub, PeerOwner};

use crate::config::Media;

/// # Errors
/// When addresses to bind and to advertise do not fit.
pub(crate) fn driver_config(media: &Media) -> anyhow::Result<DriverConfig> {
    let listen = media
        .bind
        .iter()
        .zip(media.advertised().context("media.advertise does not fit media.bind")?)
        .map(|(bind, advertise)| Listen { bind: *bind, advertise })
        .collect();
    let mut config = DriverConfig::new(listen, media.port);
    if media.shards > 0 {
        config.shards = media.shards;
    }
    config.gso = media.gso;
    config.padding = media.padding;
    config.ice_tcp = media.ice_tcp;
    Ok(config)
}

/// The hub keeps the quality of all. A report on a peer goes to where the peer joined. A report on a room goes to the
/// hub: the API's participants have no channel for it.
pub(crate) fn pass_on(event: Event, hub: &Hub, api: Option<&MediaApi>) {
    hub.quality().record(Instant::now(), &event);
    match api {
        Some(api) if event.peer().map(PeerOwner::of) == Some(PeerOwner::MediaApi) => api.media_event(event),
        Some(_) | None => hub.media_event(event),
    }
}
