//! Certificates that come by themselves: an authority of the test's own, which looks for its proof at the server as RFC 8737
//! has it, and the server with nothing but the configuration that the manual names.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_server::tls_rustls::RustlsConfig;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};
use serde_json::{Value, json};

use crate::plain::Plain;

const HOST: &str = "booka.example";
/// The object identifier of `acmeIdentifier` (RFC 8737 6.1) as it stands in a certificate.
const ACME_IDENTIFIER: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f];

/// What stands before the point of a key on P-256 (RFC 5480 2): `prime256v1`, then a bit string of 66 bytes.
const P256_KEY: &[u8] = &[
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const P256_POINT_BYTES: usize = 65;

struct Authority {
    url: String,
    root: String,
    certificate: rcgen::Certificate,
    key: KeyPair,
    /// Where port 443 of the host leads.
    target: SocketAddr,
    proven: AtomicBool,
    orders: AtomicUsize,
    issued: Mutex<String>,
}

impl Authority {
    async fn start(target: SocketAddr) -> Arc<Self> {
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        let key = KeyPair::generate().expect("there is randomness");
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("it signs itself");
        let own_key = KeyPair::generate().expect("there is randomness");
        let own = CertificateParams::new(["localhost".to_owned()]).expect("a name");
        let own = own.signed_by(&own_key, &certificate, &key).expect("it signs");
        let tls = RustlsConfig::from_pem(own.pem().into_bytes(), own_key.serialize_pem().into_bytes());
        let tls = tls.await.expect("they belong together");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        listener.set_nonblocking(true).expect("it is a socket");
        let authority = Arc::new(Self {
            url: format!(
                "https://localhost:{}",
                listener.local_addr().expect("it is bound").port()
            ),
            root: certificate.pem(),
            certificate,
            key,
            target,
            proven: AtomicBool::default(),
            orders: AtomicUsize::default(),
            issued: Mutex::default(),
        });
        let router = Router::new()
            .route("/directory", get(directory))
            .route("/nonce", get(|| async { [("replay-nonce", "once")] }))
            .route("/account", post(account))
            .route("/orders", post(order))
            .route("/orders/1", post(state_of_order))
            .route("/authorization", post(authorization))
            .route("/challenge", post(challenge))
            .route("/finalize", post(finalize))
            .route("/certificate", post(certificate_of_order))
            .with_state(Arc::clone(&authority));
        let server = axum_server::from_tcp_rustls(listener, tls).expect("it is bound");
        tokio::spawn(server.serve(router.into_make_service()));
        authority
    }

    fn order(&self) -> Value {
        let issued = !self.issued.lock().expect("nobody panics while holding it").is_empty();
        let status = match (issued, self.proven.load(Ordering::Relaxed)) {
            (true, _) => "valid",
            (false, true) => "ready",
            (false, false) => "pending",
        };
        json!({
            "status": status,
            "authorizations": [format!("{}/authorization", self.url)],
            "finalize": format!("{}/finalize", self.url),
            "certificate": format!("{}/certificate", self.url),
        })
    }
}

fn answer(status: StatusCode, location: &str, body: Value) -> Response {
    let headers = [("replay-nonce", "once"), ("location", location)];
    (status, headers, Json(body)).into_response()
}

/// What a signed request says. Whose signature it is matters to nobody here.
fn payload(request: &Value) -> Value {
    let text = request["payload"].as_str().expect("RFC 8555 6.2");
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).expect("RFC 8555 6.2");
    serde_json::from_slice(&bytes).expect("it is JSON")
}

async fn directory(State(authority): State<Arc<Authority>>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", authority.url);
    Json(json!({ "newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("orders") }))
}

async fn account(State(authority): State<Arc<Authority>>, Json(request): Json<Value>) -> Response {
    assert_eq!(payload(&request)["contact"], json!(["mailto:drift@booka.example"]));
    answer(
        StatusCode::CREATED,
        &format!("{}/account/1", authority.url),
        json!({ "status": "valid" }),
    )
}

async fn order(State(authority): State<Arc<Authority>>, Json(request): Json<Value>) -> Response {
    assert_eq!(
        payload(&request)["identifiers"],
        json!([{ "type": "dns", "value": HOST }])
    );
    authority.orders.fetch_add(1, Ordering::Relaxed);
    answer(
        StatusCode::CREATED,
        &format!("{}/orders/1", authority.url),
        authority.order(),
    )
}

async fn state_of_order(State(authority): State<Arc<Authority>>) -> Response {
    answer(StatusCode::OK, "", authority.order())
}

async fn authorization(State(authority): State<Arc<Authority>>) -> Response {
    let proven = authority.proven.load(Ordering::Relaxed);
    let challenge = json!({ "type": "tls-alpn-01", "url": format!("{}/challenge", authority.url), "token": "token" });
    let body = json!({
        "status": if proven { "valid" } else { "pending" },
        "identifier": { "type": "dns", "value": HOST },
        "challenges": [challenge],
    });
    answer(StatusCode::OK, "", body)
}

async fn challenge(State(authority): State<Arc<Authority>>) -> Response {
    let target = authority.target;
    let proven = tokio::task::spawn_blocking(move || looks_proven(target)).await;
    authority
        .proven
        .store(proven.expect("it does not panic"), Ordering::Relaxed);
    answer(StatusCode::OK, "", json!({}))
}

async fn finalize(State(authority): State<Arc<Authority>>, Json(request): Json<Value>) -> Response {
    assert!(
        authority.proven.load(Ordering::Relaxed),
        "nothing is signed before the proof"
    );
    let payload = payload(&request);
    let der = BASE64_URL_SAFE_NO_PAD.decode(payload["csr"].as_str().expect("RFC 8555 7.4"));
    let asked = RequestedKey::within(&der.expect("RFC 8555 7.4"));
    let params = CertificateParams::new([HOST.to_owned()]).expect("a name");
    let signed = params
        .signed_by(&asked, &authority.certificate, &authority.key)
        .expect("it signs");
    *authority.issued.lock().expect("nobody panics while holding it") = signed.pem();
    answer(StatusCode::OK, "", authority.order())
}

async fn certificate_of_order(State(authority): State<Arc<Authority>>) -> String {
    authority.issued.lock().expect("nobody panics while holding it").clone()
}

/// The public key of a request for a certificate, a point on P-256.
struct RequestedKey(Vec<u8>);

impl RequestedKey {
    fn within(request: &[u8]) -> Self {
        let at = request
            .windows(P256_KEY.len())
            .position(|part| part == P256_KEY)
            .expect("the server's key is one on P-256");
        let point = &request[at + P256_KEY.len()..];
        Self(point[..P256_POINT_BYTES].to_vec())
    }
}

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Asks for the proof by TLS with its own protocol, and looks whether the certificate is one.
fn looks_proven(target: SocketAddr) -> bool {
    let mut config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anything))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    let Ok(mut stream) = connect(target, config) else {
        return false;
    };
    // The server closes it after the handshake.
    drop(stream.read(&mut [0]));
    let certificates = stream.conn.peer_certificates().unwrap_or_default();
    certificates
        .iter()
        .any(|one| one.windows(ACME_IDENTIFIER.len()).any(|part| part == ACME_IDENTIFIER))
}

fn connect(target: SocketAddr, config: ClientConfig) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from(HOST).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    let socket = TcpStream::connect_timeout(&target, Duration::from_secs(5))?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

/// The status line of `/readyz`, asked for by somebody who believes this root alone.
fn ready_by_tls(target: SocketAddr, root: &str) -> std::io::Result<String> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(root.as_bytes()).expect("a certificate");
    roots.add(root).expect("it is a root");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut stream = connect(target, config)?;
    stream.write_all(format!("GET /readyz HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[derive(Debug)]
struct Anything;

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256]
    }
}

#[tokio::test]
async fn a_certificate_comes_by_acme_and_outlives_a_restart() {
    let mut site = Plain::prepare(&[
        ("BOOKA_PUBLIC_URL", format!("https://{HOST}")),
        ("BOOKA_TLS__MODE", "acme".to_owned()),
        ("BOOKA_TLS__ACME_EMAIL", "drift@booka.example".to_owned()),
    ]);
    let authority = Authority::start(site.address()).await;
    let root = site.folder.with_extension("pem");
    std::fs::write(&root, &authority.root).expect("the temporary folder can be written");
    site.set("BOOKA_TLS__ACME_DIRECTORY", format!("{}/directory", authority.url));
    site.set("BOOKA_TLS__ACME_ROOT", root.display().to_string());
    for start in 0..2 {
        site.spawn();
        let (target, pem) = (site.address(), authority.root.clone());
        site.until(|| {
            let pem = pem.clone();
            async move {
                let asked = tokio::task::spawn_blocking(move || ready_by_tls(target, &pem)).await;
                asked
                    .expect("it does not panic")
                    .is_ok_and(|line| line == "HTTP/1.1 200")
            }
        })
        .await;
        assert_eq!(
            authority.orders.load(Ordering::Relaxed),
            1,
            "start {start}: what was got is used again"
        );
        site.stop().await;
    }
    std::fs::remove_file(root).expect("it is there");
}
