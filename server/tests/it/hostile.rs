//! Requests that no browser sends: each is answered or closed, none is a fault of ours, and nobody else notices.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::plain::Plain;

/// Longest wait for an answer; the server's own limit for heads is shorter than that for requests.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Longer than the server waits for a request as a whole.
const SLOW_MAX: Duration = Duration::from_secs(45);
/// Longest time that an ordinary page may take meanwhile.
const PAGE_MAX: Duration = Duration::from_secs(3);

fn head(line: &str, headers: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

fn form(path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut request = head(
        &format!("POST {path}"),
        &format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n"),
    );
    request.extend(body);
    request
}

/// Heads that are wrong, long, or say two things.
fn heads() -> Vec<Vec<u8>> {
    let many: String = (0..1_000).map(|number| format!("X{number}: 1\r\n")).collect();
    let long = "a".repeat(100_000);
    let mut requests = vec![
        head("GET /", &format!("X: {long}\r\n")),
        head("GET /", &many),
        head("GET /", "no colon\r\n"),
        head("GET /", "X: a\0b\r\n"),
        head("GET /", "X: a\r\n b\r\n"),
        head("GET /", "Host: y\r\n"),
        head(
            "GET /",
            "Cookie: booka=\u{ff}; booka_visitor=\u{fe}\r\nAccept-Language: \u{ff}\r\n",
        ),
        head("GET /", "Accept-Language: ,,,;q=,en;q=9e99\r\nX-Forwarded-For: ,,,\r\n"),
        head("GET /", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
        head("GET http://evil.example/", ""),
        head("CONNECT evil.example:443", ""),
        head("OPTIONS *", ""),
        head("POST /login", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        head("POST /login", "Content-Length: -1\r\n"),
        head("POST /login", "Content-Length: 99999999999999999999\r\n"),
        head("POST /login", "Content-Length: 1073741824\r\n"),
        head("POST /login", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        head("POST /login", "Transfer-Encoding: xchunked\r\n"),
        b"GET / HTTP/3.7\r\nHost: x\r\n\r\n".to_vec(),
        b"GET /\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    ];
    for method in ["TRACE", "OPTIONS", "PROPFIND", "FOO", "get", "PATCH", "DELETE"] {
        requests.push(head(&format!("{method} /"), ""));
    }
    for chunk in ["FFFFFFFFFFFFFFFFF\r\nabc", "zz\r\nabc", "-1\r\nabc"] {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n";
        let mut request = head("POST /login", kind);
        request.extend(chunk.bytes());
        requests.push(request);
    }
    requests
}

/// Addresses that lead nowhere, or elsewhere.
fn addresses() -> Vec<Vec<u8>> {
    let long = format!("/{}", "a".repeat(60_000));
    let questions = format!("/search?{}", "q=a&".repeat(5_000));
    [
        "/static/../../etc/passwd",
        "/static/..%2f..%2fetc%2fpasswd",
        "/static/%00",
        "/static/%ff",
        "/%ff%fe",
        "//evil.example",
        "/\\evil.example",
        "/call/%00/ticket",
        "/bookings/%F0%9F%92%A9",
        "/operator/..;/x",
        "/search?where=%ff&q=%00&when=2026-13-45",
        "/search?q=%",
        "/login?next=//evil.example",
        &long,
        &questions,
    ]
    .iter()
    .map(|path| head(&format!("GET {path}"), ""))
    .collect()
}

/// Forms that no page of ours has.
fn forms() -> Vec<Vec<u8>> {
    let kind = "application/x-www-form-urlencoded";
    let fields: String = (0..10_000).map(|number| format!("f{number}=v&")).collect();
    let same = "email=a%40b.no&".repeat(10_000);
    let big = format!("email={}", "a".repeat(300_000));
    let mut requests = Vec::new();
    for path in [
        "/login",
        "/register",
        "/reset",
        "/holds",
        "/language",
        "/logout",
        "/reset/x",
        "/call/x/ticket",
    ] {
        requests.extend([
            form(path, kind, fields.as_bytes()),
            form(path, kind, same.as_bytes()),
            form(path, kind, big.as_bytes()),
            form(path, kind, b"email=%ff%fe&password=%c3%28&next=%0d%0a&start=%00"),
            form(path, kind, b"email=\xff\xfe&password=\xc3("),
            form(path, kind, b""),
            form(path, "application/json", b"{\"email\":\"a\"}"),
            form(path, "multipart/form-data; boundary=x", b"--x\r\n\r\na\r\n--x--"),
            form(path, "", b"email=a"),
        ]);
    }
    requests
}

fn begin(site: &Plain, request: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(site.address()).expect("it listens");
    stream.set_write_timeout(Some(ANSWER_MAX)).expect("it is a socket");
    // Who is refused early is not read to the end.
    drop(stream.write_all(request));
    stream
}

/// The status of the answer, or none where the connection was closed without one.
fn status(mut stream: TcpStream, wait: Duration) -> Option<u16> {
    stream.set_read_timeout(Some(wait)).expect("it is a socket");
    let mut line = [0; 12];
    if let Err(error) = stream.read_exact(&mut line) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "nothing in {wait:?}");
        return None;
    }
    std::str::from_utf8(&line).ok()?.split(' ').nth(1)?.parse().ok()
}

fn ask(site: &Plain, request: &[u8]) -> Option<u16> {
    status(begin(site, request), ANSWER_MAX)
}

fn shown(request: &[u8]) -> String {
    String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_requests_are_nobodys_fault_and_disturb_nobody() {
    let site = Plain::start_logged(&[]).await;
    let kind = "application/x-www-form-urlencoded";
    // Begun before all else, since it takes the server's whole patience with requests.
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| begin(&site, &form("/login", kind, &[b'a'; 1_000])[..300]))
        .collect();
    let requests = [heads(), addresses(), forms()].concat();
    for request in &requests {
        let status = tokio::task::block_in_place(|| ask(&site, request));
        assert!(
            status.is_none_or(|status| status < 500),
            "{status:?}: {}",
            shown(request)
        );
        let asked = Instant::now();
        assert_eq!(site.get("/login").await, 200, "after {}", shown(request));
        assert!(
            asked.elapsed() < PAGE_MAX,
            "{:?} after {}",
            asked.elapsed(),
            shown(request)
        );
    }
    for stream in slow {
        let status = tokio::task::block_in_place(|| status(stream, SLOW_MAX));
        assert_eq!(status, Some(408), "a body that does not come is not our fault");
    }
    let metrics = reqwest::get(format!("{}/metrics", site.url)).await.expect("it answers");
    let metrics = metrics.text().await.expect("text");
    assert!(!metrics.contains("class=\"5xx\""), "{metrics}");
    let log = site.log();
    assert!(!log.contains("panicked"), "{log}");
}
