//! Putting the parts together, in the order in which they need each other, and taking them apart again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking_adapters::files::local_folder;
use booking_adapters::smtp::Smtp;
use booking_adapters::test_provider::TestProvider;
use booking_core::base::Base;
use booking_core::base::db::Db;
use booking_core::base::outbox::Mailer;
use booking_core::base::security::SecurityEvent;
use booking_core::base::{Clock, Random};
use booking_core::billing::{InvoiceProvider, PaymentProvider, Payments};
use booking_core::calls::{self, Namesake};
use booking_core::{AppState, BookingConfig};
use media_api::{ApiConfig, MediaApi, PartnerKeys};
use media_plane::Plane;
use signaling::{ClientAddress, Hub, HubConfig, SocketConfig};
use signaling_protocol::TicketKey;
use texts::Locale;
use tokio::runtime::Handle;
use tokio::sync::watch;
use web::pages::legal::Controller;

use crate::authority::Appointments;
use crate::capture::Captures;
use crate::config::{Config, MailTransport};
use crate::connections::Crowd;
use crate::http::{self, ReadyCheck};
use crate::live::{Live, record_quality};
use crate::media::{driver_config, pass_on};
use crate::metrics::{Metrics, Parts};
use crate::{advice, lock, pages, refusals, secrets, shutdown, terminal, tls};

/// Interval at which another server of this one's name is searched for.
const NAMESAKE_LOOK: Duration = Duration::from_millis(250);

/// Only servers of one PostgreSQL database can be several; with SQLite a start after a crash need not wait.
async fn refuse_namesake(config: &Config, state: &AppState) -> anyhow::Result<()> {
    if matches!(state.db, Db::Sqlite { .. }) {
        return Ok(());
    }
    let node = config.node_name();
    let namesake = Namesake::watch(state, &node)
        .await
        .context("open segments cannot be read")?;
    loop {
        match namesake.look(state).await.context("open segments cannot be read")? {
            Some(false) => return Ok(()),
            Some(true) => anyhow::bail!(
                "another server called {node:?} is at work on this database; give each its own `node` in the configuration"
            ),
            None => tokio::time::sleep(NAMESAKE_LOOK).await,
        }
    }
}

/// Closes what a predecessor of this name left open.
async fn close_open_segments(config: &Config, state: &AppState) -> anyhow::Result<()> {
    refuse_namesake(config, state).await?;
    let recovered = calls::recover_node(state, &config.node_name())
        .await
        .context("open segments cannot be closed")?;
    if recovered > 0 {
        tracing::info!(
            segments = recovered,
            "closed what an unclean stop left open, at its last checkpoint"
        );
    }
    Ok(())
}

/// Takes data and port: nothing of another server's is touched before it is sure that there is none.
fn claim(config: &Config) -> anyhow::Result<(lock::DataLocks, std::net::TcpListener)> {
    lock::prepare_data(config)?;
    Ok((lock::take(config)?, tls::bind(config)?))
}

/// The rooms of running calls, which ask the booking side who may come in and tell it what was measured.
fn open_hub(config: &Config, state: &AppState, plane: &Arc<Plane>) -> anyhow::Result<Hub> {
    Ok(Hub::new(
        HubConfig::default(),
        Arc::new(Appointments {
            state: state.clone(),
            node: config.node_name(),
        }),
        plane.clone(),
        TicketKey::new(ticket_secret(config)?),
        Arc::new({
            let clock = state.clock.clone();
            move || clock.now()
        }),
    ))
}

/// Runs the server until it is told to stop; pages are answered on a runtime of their own.
///
/// # Errors
/// When a part cannot start; the message names it.
pub(crate) async fn serve(config: Config, page_threads: Handle) -> anyhow::Result<()> {
    let stopping = shutdown::listen()?;
    let (_locks, listener) = claim(&config)?;
    let crowd = Crowd::new(config.http.trusted_proxies.clone());
    let (plane, events) = Plane::start(driver_config(&config.media)?).context("the media server cannot start")?;
    let state = open(&config).await?;
    close_open_segments(&config, &state).await?;
    let hub = open_hub(&config, &state, &plane)?;
    let api = media_api(&config, &state, &plane)?;
    let pump = std::thread::Builder::new().name("media-events".to_owned()).spawn({
        let (plane, hub, api) = (plane.clone(), hub.clone(), api.clone());
        move || plane.pump(&events, |event| pass_on(event, &hub, api.as_ref()))
    })?;
    let live = Live {
        hub: hub.clone(),
        captures: captures(&config, &plane, &stopping),
    };
    if state.live_calls.set(Arc::new(live)).is_err() {
        anyhow::bail!("the live calls were set before");
    }
    if state.advisor.set(Arc::new(config.clone())).is_err() {
        anyhow::bail!("the advisor was set before");
    }
    let jobs = tokio::spawn(booking_core::jobs::run(
        state.clone(),
        shutdown::requested(stopping.clone()),
    ));
    let quality = tokio::spawn(record_quality(state.clone(), hub.clone(), stopping.clone()));
    announce(&config, &state, &plane).await?;

    let metrics = Arc::new(Metrics::new()?);
    metrics.add(Box::new(Parts::new(
        plane.clone(),
        hub.clone(),
        api.clone(),
        crowd.clone(),
        Arc::clone(&state.mail_counts),
    )?))?;
    let sockets = SocketConfig::new(vec![config.public_url.clone()]);
    let socket = signaling::router(hub.clone(), sockets, client_address(&config));
    let ready = ready_check(state.clone(), stopping.clone());
    let socket = refusals::noted(socket, &config.http.trusted_proxies, SecurityEvent::OriginRefused);
    let mut site = pages::run_on(page_threads, booking_site::router(state));
    if let Some(api) = &api {
        site = site.merge(api_router(&config, api));
    }
    let app = http::surround(&config, site, socket, metrics, ready);
    let drained = tokio::spawn(drain(hub, api, stopping.clone()));
    tls::serve(&config, listener, app, crowd, stopping).await?;
    drained.await.context("the calls could not be handed over")?;
    jobs.await.context("the background work ended badly")?;
    quality.await.context("the record of the calls' quality ended badly")?;
    plane.driver().stop();
    if pump.join().is_err() {
        tracing::error!("the thread of media events ended badly");
    }
    tracing::info!("stopped");
    Ok(())
}

fn captures(config: &Config, plane: &Arc<Plane>, stopping: &watch::Receiver<bool>) -> Captures {
    let captures = Captures::new(Arc::clone(plane), &config.data_dir);
    tokio::spawn(captures.clone().sweep(stopping.clone()));
    captures
}

/// Opens the booking side as this configuration wants it.
///
/// # Errors
/// When a secret, folder or the database cannot be used.
pub(crate) async fn open(config: &Config) -> anyhow::Result<AppState> {
    lock::prepare_data(config)?;
    let booking = BookingConfig {
        node: config.node_name(),
        database_url: config.database_url(),
        data_dir: config.storage_folder(),
        public_url: config.public_url.clone(),
        trusted_proxies: config.http.trusted_proxies.clone(),
        ticket_secret: ticket_secret(config)?,
        mail_from: config.mail.from.clone(),
        controller: Controller {
            name: config.controller.name.clone(),
            org_number: config.controller.org_number.clone(),
            email: config.controller.email.clone(),
        },
        retention: config.retention.terms(),
        refund_alone: config.payments.refund_limits()?,
        dispute_days: config.payments.dispute_days,
        platform: config.platform.terms(config.payments.stripe.operator_sells),
    };
    let (clock, random) = (Clock::system(), Random::system());
    let files = local_folder(&booking.data_dir)
        .map_err(anyhow::Error::msg)
        .context("the folder for documents cannot be used")?;
    let base = Base::open(booking, clock, random.clone(), Arc::new(files), mailer(config)?)
        .await
        .context("the database cannot be opened")?;
    let payments = payment_providers(config, &base, random)?;
    Ok(AppState::new(base, payments))
}

/// The payment providers that are on, in the order in which people are offered them.
fn payment_providers(config: &Config, base: &Base, random: Random) -> anyhow::Result<Payments> {
    let mut offered: Vec<Arc<dyn PaymentProvider>> = Vec::new();
    if let Some(stripe) = config.payments.stripe.provider()? {
        offered.push(Arc::new(stripe));
    }
    if config.payments.test {
        let secret = base.config.hook_secret();
        offered.push(Arc::new(TestProvider::new(base.db.clone(), random, secret)));
    }
    if let Some(terms) = config.payments.invoice.terms() {
        offered.push(Arc::new(InvoiceProvider::new(base.db.clone(), terms)));
    }
    Ok(Payments::new(offered))
}

fn ticket_secret(config: &Config) -> anyhow::Result<secrets::Secret> {
    secrets::load_or_make(&config.data_dir, "tickets")
}

/// Who sends the mails.
fn mailer(config: &Config) -> anyhow::Result<Option<Arc<dyn Mailer>>> {
    match config.mail.transport {
        MailTransport::Outbox => Ok(None),
        MailTransport::Smtp => {
            let smtp = Smtp::new(config.mail.server(), &config.mail.from).map_err(anyhow::Error::msg)?;
            Ok(Some(Arc::new(smtp)))
        }
    }
}

/// Says what a person who just started the server wants to know.
async fn announce(config: &Config, state: &AppState, plane: &Plane) -> anyhow::Result<()> {
    let candidates = plane.driver().candidates().into_iter().flatten();
    let candidates: Vec<String> = candidates.map(ToString::to_string).collect();
    let offered = state.payments.offered().iter();
    let payments: Vec<&str> = offered.map(|provider| provider.name()).collect();
    tracing::info!(url = %config.public_url, listen = %config.http.listen, media = ?candidates, ?payments, "serving");
    for advice in advice::missing(config) {
        let (what, way_out) = (advice.what(Locale::En), advice.way_out(Locale::En));
        tracing::warn!("{what} {way_out}");
    }
    if let Some(link) = booking_core::accounts::operator_setup_link(state)
        .await
        .context("the first operator's link cannot be made")?
    {
        terminal::say(&format!(
            "\nThere is no operator yet. This link makes the first one, once:\n  {link}\n\n"
        ))?;
    }
    Ok(())
}

/// Ready while the database answers and takes writes, and nobody has asked us to stop. Liveness does not ask: a database
/// that is away must not end running calls.
fn ready_check(state: AppState, stopping: watch::Receiver<bool>) -> ReadyCheck {
    Arc::new(move || {
        let state = state.clone();
        let stop = *stopping.borrow();
        Box::pin(async move {
            if stop {
                return Err("stopping".to_owned());
            }
            booking_core::jobs::try_database(&state).await.map_err(|error| {
                tracing::error!(%error, "the database cannot be used");
                if state.db.refuses_writes() {
                    "the database takes no writes".to_owned()
                } else {
                    "the database does not answer".to_owned()
                }
            })
        })
    })
}

/// The API for partners, if any has a key.
fn media_api(config: &Config, state: &AppState, plane: &Arc<Plane>) -> anyhow::Result<Option<MediaApi>> {
    let keys = config.partner_keys()?;
    if keys.is_empty() {
        return Ok(None);
    }
    let clock = state.clock.clone();
    let api = ApiConfig {
        keys: PartnerKeys::new(keys),
        key: TicketKey::new(ticket_secret(config)?),
        clock: Arc::new(move || clock.now()),
        answer_wait: media_api::limits::ANSWER_WAIT,
    };
    Ok(Some(MediaApi::new(api, plane.clone())))
}

fn api_router(config: &Config, api: &MediaApi) -> axum::Router {
    let api = media_api::router(api.clone(), client_address(config));
    refusals::noted(api, &config.http.trusted_proxies, SecurityEvent::KeyRefused)
}

/// Whose request it is, as the configured proxies say.
fn client_address(config: &Config) -> ClientAddress {
    let proxies = config.http.trusted_proxies.clone();
    Arc::new(move |parts| booking_site::extract::client_ip(parts, &proxies))
}

async fn drain(hub: Hub, api: Option<MediaApi>, stopping: watch::Receiver<bool>) {
    shutdown::requested(stopping).await;
    if let Some(api) = api {
        api.stop();
    }
    if !hub.drain().await {
        tracing::error!(
            "not every record of the running calls could be written; recovery closes them at their last checkpoint"
        );
    }
}
