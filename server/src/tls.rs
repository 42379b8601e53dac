//! Serving over plain HTTP, HTTPS from files, or HTTPS with automatic certificates.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum_server::Handle;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use tokio::sync::watch;

use crate::config::{Config, TlsMode};
use crate::connections::{Crowd, Doorkeeper, HEAD_TIME_MAX};
use crate::shutdown;

/// How often certificate files are read again.
const RELOAD_EVERY: Duration = Duration::from_secs(3600);

/// Takes the port, long before anything is served on it: a server that cannot have it must not touch the data.
///
/// # Errors
/// When the address is in use or not ours.
pub(crate) fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.http.listen;
    let bound = TcpListener::bind(address).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    bound.with_context(|| format!("cannot listen on {address}"))
}

/// Serves `app` until a stop is requested, then lets requests finish for `drain`.
///
/// # Errors
/// When the certificate cannot be used.
pub(crate) async fn serve(
    config: &Config,
    listener: TcpListener,
    app: Router,
    crowd: Arc<Crowd>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let handle = Handle::new();
    let drain = Duration::from_secs(config.http.drain_s);
    tokio::spawn({
        let (handle, stopping) = (handle.clone(), stopping.clone());
        async move {
            shutdown::requested(stopping).await;
            handle.graceful_shutdown(Some(drain));
        }
    });
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    let mut http1 = server.http_builder().http1();
    http1.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME_MAX);
    let served = match config.tls.mode {
        TlsMode::Off => {
            let door = Doorkeeper::new(DefaultAcceptor::new(), crowd, stopping);
            server.acceptor(door).serve(service).await
        }
        TlsMode::Files => {
            let rustls = RustlsAcceptor::new(from_files(config).await?);
            let door = Doorkeeper::new(rustls, crowd, stopping);
            server.acceptor(door).serve(service).await
        }
        TlsMode::Acme => {
            let door = Doorkeeper::new(automatic(config), crowd, stopping);
            server.acceptor(door).serve(service).await
        }
    };
    served.with_context(|| format!("cannot serve on {}", config.http.listen))
}

/// Whether a server could speak TLS by these files; they are only read.
///
/// # Errors
/// When one cannot be read, or they do not belong together.
pub(crate) fn try_files(certificate: &Path, key: &Path) -> anyhow::Result<()> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = chain.with_context(|| certificate.display().to_string())?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| key.display().to_string())?;
    let builder = rustls::ServerConfig::builder().with_no_client_auth();
    builder.with_single_cert(chain, private).map(drop)?;
    Ok(())
}

async fn from_files(config: &Config) -> anyhow::Result<RustlsConfig> {
    let (Some(certificate), Some(key)) = (config.tls.certificate.clone(), config.tls.key.clone()) else {
        anyhow::bail!("tls.certificate and tls.key must name files");
    };
    let rustls = RustlsConfig::from_pem_file(&certificate, &key)
        .await
        .with_context(|| format!("cannot use {} with {}", certificate.display(), key.display()))?;
    tokio::spawn({
        let rustls = rustls.clone();
        async move {
            loop {
                tokio::time::sleep(RELOAD_EVERY).await;
                if let Err(error) = rustls.reload_from_pem_file(&certificate, &key).await {
                    tracing::error!(%error, "the certificate files cannot be read again; the old ones stay in use");
                }
            }
        }
    });
    Ok(rustls)
}

fn automatic(config: &Config) -> rustls_acme::axum::AxumAcceptor {
    let mut state = AcmeConfig::new([config.public_host()])
        .contact(config.tls.acme_email.iter().map(|address| format!("mailto:{address}")))
        .cache(DirCache::new(config.data_dir.join("certificates")))
        .directory_lets_encrypt(!config.tls.acme_staging)
        .state();
    let acceptor = state.axum_acceptor(state.default_rustls_config());
    tokio::spawn(async move {
        use futures_util::StreamExt as _;
        while let Some(event) = state.next().await {
            match event {
                Ok(done) => tracing::info!(event = ?done, "certificate"),
                Err(error) => tracing::error!(%error, "no certificate yet"),
            }
        }
    });
    acceptor
}
