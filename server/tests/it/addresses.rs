//! The public address and those of proxies, as the built server takes them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::plain::Plain;

/// The status line that a request to open the call's socket is answered with.
fn open_socket(site: &Plain, origin: &str) -> String {
    let mut stream = TcpStream::connect(site.address()).expect("it listens");
    let request = format!(
        "GET /call/socket HTTP/1.1\r\nHost: xn--bker-gra.no\r\nOrigin: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut head = [0; 12];
    stream.read_exact(&mut head).expect("it answers");
    String::from_utf8_lossy(&head).into_owned()
}

/// Trial E17: with `https://bøker.no` the call socket answered 403 to what every browser sends.
#[tokio::test]
async fn e17_an_address_with_norwegian_letters_opens_calls_and_takes_forms() {
    let site = Plain::start(&[("BOOKA_PUBLIC_URL", "https://bøker.no".to_owned())]).await;
    assert_eq!(open_socket(&site, "https://xn--bker-gra.no"), "HTTP/1.1 101");
    assert_eq!(open_socket(&site, "https://booker.no"), "HTTP/1.1 403");
    for (origin, expect) in [("https://xn--bker-gra.no", true), ("https://booker.no", false)] {
        let form = [("email", "ola@example.no")];
        let request = site
            .visitor()
            .post(format!("{}/reset", site.url))
            .header("origin", origin);
        let status = request.form(&form).send().await.expect("it answers").status();
        assert_eq!(status.is_success(), expect, "{origin}: {status}");
    }
    let page = site.visitor().get(&site.url).send().await.expect("it answers");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("ASCII")
        .to_owned();
    assert!(policy.contains("wss://xn--bker-gra.no"), "{policy}");
}

/// Trial E17: what is wrong is said by the command that checks, with the key and what was written there.
#[tokio::test]
async fn e17_wrong_addresses_are_found_by_config_check() {
    for (key, value, wanted) in [
        ("BOOKA_MAIL__FROM", "Hansen, Ola <post@booka.example>", "Hansen, Ola"),
        ("BOOKA_HTTP__TRUSTED_PROXIES", "[\"proxy.local\"]", "proxy.local"),
        ("BOOKA_PUBLIC_URL", "https://booka.example/shop", "public_url"),
    ] {
        let site = Plain::prepare(&[(key, value.to_owned())]);
        let output = site
            .command("config")
            .arg("check")
            .output()
            .await
            .expect("it can be run");
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && words.contains(wanted), "{key}: {words}");
    }
}
