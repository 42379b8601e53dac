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
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use tokio::sync::watch;
use x509_parser::parse_x509_certificate;

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
            let door = Doorkeeper::new(automatic(config)?, crowd, stopping);
            server.acceptor(door).serve(service).await
        }
    };
    served.with_context(|| format!("cannot serve on {}", config.http.listen))
}

/// Whether a server could speak TLS as `host` by these files; they are only read. Gives when the certificate runs out,
/// seconds since 1970.
///
/// # Errors
/// When one cannot be read, they do not belong together, or the certificate is for another name.
pub(crate) fn try_files(certificate: &Path, key: &Path, host: &str) -> anyhow::Result<i64> {
    let chain = read_certificates(certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).with_context(|| key.display().to_string())?;
    let first = chain.first().context("it holds no certificate")?.clone();
    let builder = rustls::ServerConfig::builder().with_no_client_auth();
    builder.with_single_cert(chain, private).map(drop)?;
    let name = ServerName::try_from(host).context("public_url has no name for a certificate")?;
    verify_server_name(&ParsedCertificate::try_from(&first)?, &name)
        .with_context(|| format!("{} is not for {host}", certificate.display()))?;
    let (_, parsed) = parse_x509_certificate(&first).with_context(|| certificate.display().to_string())?;
    Ok(parsed.validity().not_after.timestamp())
}

/// The certificates in a PEM file, one at least.
///
/// # Errors
/// When it cannot be read, or holds none.
pub(crate) fn read_certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.with_context(|| file.display().to_string())?;
    anyhow::ensure!(!found.is_empty(), "{} holds no certificate (PEM)", file.display());
    Ok(found)
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

fn automatic(config: &Config) -> anyhow::Result<rustls_acme::axum::AxumAcceptor> {
    let host = config.public_host().to_owned();
    let mut acme = AcmeConfig::new([&host])
        .contact(config.tls.acme_email.iter().map(|address| format!("mailto:{address}")))
        .cache(DirCache::new(config.data_dir.join("certificates")));
    acme = match &config.tls.acme_directory {
        Some(directory) => acme.directory(directory),
        None => acme.directory_lets_encrypt(!config.tls.acme_staging),
    };
    if let Some(root) = &config.tls.acme_root {
        acme = acme.client_tls_config(believing(root)?);
    }
    let mut state = acme.state();
    let acceptor = state.axum_acceptor(state.default_rustls_config());
    tokio::spawn(async move {
        use futures_util::StreamExt as _;
        while let Some(event) = state.next().await {
            match event {
                Ok(done) => tracing::info!(event = ?done, "certificate"),
                Err(error) => tracing::error!(
                    %error,
                    host,
                    "no certificate from the authority; it must reach port 443 of this host by TLS, and is asked again"
                ),
            }
        }
    });
    Ok(acceptor)
}

/// How the authority is spoken to that the certificates in this file are for.
fn believing(root: &Path) -> anyhow::Result<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in read_certificates(root)? {
        roots
            .add(certificate)
            .with_context(|| format!("tls.acme_root {}", root.display()))?;
    }
    let builder = rustls::ClientConfig::builder().with_root_certificates(roots);
    Ok(Arc::new(builder.with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    /// A certificate for `name` that runs out with that year, and its key.
    fn files(name: &str, until: i32) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().expect("there is randomness");
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.not_after = date_time_ymd(until, 12, 31);
        let certificate = params.self_signed(&key).expect("it signs itself");
        let folder = std::env::temp_dir().join(format!("booka-tls-{}-{name}-{until}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let (chain, private) = (folder.join("fullchain.pem"), folder.join("privkey.pem"));
        std::fs::write(&chain, certificate.pem()).expect("it can be written");
        std::fs::write(&private, key.serialize_pem()).expect("it can be written");
        (chain, private)
    }

    #[test]
    fn a_certificate_is_good_for_its_own_name_and_time() {
        // Another test of this process may have installed it.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let (chain, key) = files("booka.example", 2030);
        let ends = try_files(&chain, &key, "booka.example").expect("it is for this name");
        assert_eq!(ends, 1_924_905_600, "2030-12-31");
        let other = try_files(&chain, &key, "www.booka.example").expect_err("it is for another name");
        assert!(
            format!("{other:#}").contains("is not for www.booka.example"),
            "{other:#}"
        );
        let (_, other_key) = files("other.example", 2030);
        try_files(&chain, &other_key, "booka.example").expect_err("they do not belong together");
        let (old, key) = files("booka.example", 2020);
        let ended = try_files(&old, &key, "booka.example").expect("it was good once");
        assert_eq!(ended, 1_609_372_800, "2020-12-31");
        try_files(&key, &key, "booka.example").expect_err("a key is no certificate");
    }
}
