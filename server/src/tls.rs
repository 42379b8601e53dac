//! Serving over plain HTTP, HTTPS from files, or HTTPS with automatic certificates.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use tokio::sync::watch;

use crate::config::{Config, TlsMode};
use crate::shutdown;

/// How often certificate files are read again.
const RELOAD_EVERY: Duration = Duration::from_secs(3600);

/// Serves `app` until a stop is requested, then lets requests finish for `drain`.
///
/// # Errors
/// When the address cannot be bound or the certificate cannot be used.
pub(crate) async fn serve(config: &Config, app: Router, stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    let handle = Handle::new();
    let drain = Duration::from_secs(config.http.drain_s);
    tokio::spawn({
        let handle = handle.clone();
        async move {
            shutdown::requested(stopping).await;
            handle.graceful_shutdown(Some(drain));
        }
    });
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let address = config.http.listen;
    let served = match config.tls.mode {
        TlsMode::Off => axum_server::bind(address).handle(handle).serve(service).await,
        TlsMode::Files => {
            let rustls = from_files(config).await?;
            axum_server::bind_rustls(address, rustls)
                .handle(handle)
                .serve(service)
                .await
        }
        TlsMode::Acme => {
            let acceptor = automatic(config);
            axum_server::bind(address)
                .acceptor(acceptor)
                .handle(handle)
                .serve(service)
                .await
        }
    };
    served.with_context(|| format!("cannot serve on {address}"))
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
