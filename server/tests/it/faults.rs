//! What must not take the server down, nor the time of running calls: a second server, a full disk, idle sockets, and a
//! database that goes away.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use crate::harness::{Engine, free_port, say_skipped};
use crate::plain::Plain;

/// Longest wait for what the server does by a time limit of ten seconds.
const HEAD_TIME_SEEN: Duration = Duration::from_secs(20);

/// Trial F4: the second one ends at once, and what the first one has open stays open.
#[tokio::test]
async fn f4_a_second_server_on_the_same_data_touches_nothing() {
    let first = Plain::start(&[]).await;
    let second = first.command("serve").output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success(), "{words}");
    assert!(words.contains("another booka is serving from these data"), "{words}");
    // Another port and another folder, but the same database.
    let elsewhere = first.folder.join("elsewhere");
    let database = format!("sqlite:{}", first.folder.join("booka.sqlite").display());
    let mut third = first.command("serve");
    third
        .env("BOOKA_DATA_DIR", &elsewhere)
        .env("BOOKA_DATABASE__URL", database)
        .env("BOOKA_HTTP__LISTEN", format!("127.0.0.1:{}", free_port()));
    let third = third.output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&third.stderr).into_owned();
    assert!(words.contains("booka.sqlite.lock is locked"), "{words}");
    assert_eq!(first.ready().await, 200);
}

/// Trial F4: a port that is taken is found out before anything of another server's is closed.
#[tokio::test]
async fn f4_a_taken_port_is_found_before_the_data_are_touched() {
    let port = free_port();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", port)).expect("it was free");
    let site = Plain::prepare(&[("BOOKA_HTTP__LISTEN", format!("127.0.0.1:{port}"))]);
    let output = site.command("serve").output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("cannot listen on"), "{words}");
    assert!(
        !site.folder.join("booka.sqlite").exists(),
        "the database was opened before"
    );
}

/// Trial F10: modes are put right, and an empty database file is not taken for a new installation.
#[tokio::test]
async fn f10_serve_corrects_modes_and_refuses_an_empty_database() {
    let mut site = Plain::start(&[]).await;
    site.stop().await;
    let (folder, database) = (site.folder.clone(), site.folder.join("booka.sqlite"));
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let mode = |path: &std::path::Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    set(&folder, 0o755);
    set(&database, 0o644);
    site.serve().await;
    assert_eq!((mode(&folder), mode(&database)), (0o700, 0o600));
    site.stop().await;
    std::fs::write(&database, b"").expect("it is ours");
    let output = site.command("serve").output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(words.contains("is there, but empty"), "{words}");
}

/// Trial F10: the doctor leaves everything as it is.
#[tokio::test]
async fn f10_the_doctor_changes_nothing() {
    let site = Plain::prepare(&[]);
    let doctor = site.command("doctor").output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(words.contains("is made at the first start"), "{words}");
    assert!(!site.folder.exists(), "the doctor made the data folder");

    let site = Plain::start(&[]).await;
    let secret = site.folder.join("secrets/tickets");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let list = |folder: &std::path::Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("readable")
            .map(|entry| {
                let entry = entry.expect("readable");
                (
                    entry.file_name(),
                    entry.metadata().expect("readable").permissions().mode(),
                )
            })
            .collect();
        names.sort();
        names
    };
    let before = list(&site.folder);
    let doctor = site.command("doctor").output().await.expect("it can be run");
    let words = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(list(&site.folder), before);
    assert!(
        words.contains("BROKEN") && words.contains("tickets can be read by others"),
        "{words}"
    );
    assert!(words.contains("a server is running on these data"), "{words}");
    assert_eq!(
        std::fs::metadata(&secret).expect("it is there").permissions().mode() & 0o777,
        0o644
    );
}

/// Trial F5: idle sockets of every kind from one address, and the site goes on; a stop waits for none of them.
#[tokio::test]
async fn f5_idle_sockets_stop_neither_the_site_nor_its_end() {
    let mut site = Plain::start(&[]).await;
    let address = site.address();
    let heads: [&[u8]; 4] = [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: loc",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ];
    let begun = Instant::now();
    let mut idle: Vec<TcpStream> = (0..1_000)
        .filter_map(|number| open(address, heads[number % 4]))
        .collect();
    // The limit of an address is 256: of a thousand most were closed at once. Proxies bring everybody, so a visitor by one
    // is not counted with them.
    let answer = site.visitor().get(format!("{}/healthz", site.url)).send().await;
    assert!(answer.expect("the site answers others").status().is_success());
    let metrics = site.visitor().get(format!("{}/metrics", site.url)).send().await;
    let metrics = metrics.expect("it answers").text().await.expect("text");
    let refused = metrics
        .lines()
        .find_map(|line| line.strip_prefix("booka_http_connections_total{what=\"refused\"} "));
    let refused: f64 = refused.expect("it is counted").parse().expect("a number");
    assert!(refused >= 700.0, "{refused}");
    // Those that were let in and never finished a request are closed within the limit for heads; the last to go are idle
    // after a request.
    idle.retain(|socket| !is_closed(socket, Duration::from_millis(1)));
    let open_now = idle.len();
    assert!(open_now <= 256, "{open_now}");
    for socket in &idle {
        let left = HEAD_TIME_SEEN.saturating_sub(begun.elapsed());
        if !is_closed(socket, left.max(Duration::from_millis(1))) {
            assert!(begun.elapsed() >= HEAD_TIME_SEEN);
        }
    }
    // Only those that spoke HTTP/2 may have longer, a minute of silence.
    let still = idle
        .iter()
        .filter(|socket| !is_closed(socket, Duration::from_millis(1)))
        .count();
    assert!(
        still <= open_now / 2,
        "{still} of {open_now} are open after {:?}",
        begun.elapsed()
    );

    let _silent = open(address, b"");
    let _half = open(address, b"GET / HTTP/1.1\r\n");
    let asked = Instant::now();
    site.stop().await;
    assert!(
        asked.elapsed() < Duration::from_secs(8),
        "the stop took {:?}",
        asked.elapsed()
    );
}

fn open(address: SocketAddr, head: &[u8]) -> Option<TcpStream> {
    let mut socket = TcpStream::connect_timeout(&address, Duration::from_secs(5)).ok()?;
    socket.write_all(head).ok()?;
    Some(socket)
}

/// Whether the server closes it within `wait`; what it sends is thrown away.
fn is_closed(mut socket: &TcpStream, wait: Duration) -> bool {
    let deadline = Instant::now() + wait;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        socket.set_read_timeout(Some(left)).expect("it is not zero");
        match socket.read(&mut buffer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => {
                return !matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
            }
        }
    }
}

/// Trial F1: the disk is full for a while. Readiness says so, and everything goes on by itself when it is not any more.
#[tokio::test]
async fn f1_a_full_disk_heals_without_a_restart() {
    let Some(site) = Plain::start_on_small_disk(64).await else {
        say_skipped("skipped: no file system can be mounted here (needs root and namespaces)");
        return;
    };
    let filler = site.inside("filler");
    let mut file = std::fs::File::create(&filler).expect("there is room");
    while file.write_all(&[0; 64 * 1024]).is_ok() {}
    while file.write_all(&[0; 64]).is_ok() {}
    drop(file);
    let form = [("email", "ola@example.no"), ("locale", "nb")];
    site.until(|| async { site.ready().await == 503 }).await;
    let refused = site.post("/reset", &form).await;
    assert!(refused == 503 || refused < 400, "{refused}");
    std::fs::remove_file(&filler).expect("it is there");
    site.until(|| async { site.ready().await == 200 }).await;
    let written = site.post("/reset", &form).await;
    assert!(written < 400, "{written}");
}

/// Trial F16: PostgreSQL goes away; who asks is told so within two seconds, and calls are answered again when it is back.
#[tokio::test]
async fn f16_a_database_that_is_away_is_said_within_two_seconds() {
    let Some(site) = Plain::start_on(Engine::Postgres).await else {
        return;
    };
    assert_eq!(site.get("/").await, 200);
    site.database_gate.as_ref().expect("it is between").shut();
    for path in ["/", "/search?q=vet", "/login/link/x", "/readyz"] {
        let asked = Instant::now();
        let status = site.get(path).await;
        assert!([200, 503].contains(&status), "{path}: {status}");
        assert!(
            asked.elapsed() < Duration::from_millis(2_500),
            "{path}: {:?}",
            asked.elapsed()
        );
    }
    assert_eq!(site.ready().await, 503);
    site.database_gate.as_ref().expect("it is between").open();
    site.until(|| async { site.ready().await == 200 }).await;
    assert_eq!(site.get("/search?q=vet").await, 200);
}

/// Trial E22: styles and scripts travel compressed, fonts as they are.
#[tokio::test]
async fn e22_static_files_are_compressed() {
    let site = Plain::start(&[]).await;
    let page = site
        .visitor()
        .get(&site.url)
        .send()
        .await
        .expect("it answers")
        .text()
        .await
        .expect("text");
    let files: Vec<&str> = page
        .split(['"', '\''])
        .filter(|part| part.starts_with("/static/") && (part.ends_with(".css") || part.ends_with(".woff2")))
        .collect();
    if files.contains(&"/static/style.css") {
        say_skipped("skipped: the browser client is not built, so there is nothing to compress (cargo xtask web)");
        return;
    }
    assert!(files.iter().any(|file| file.ends_with(".css")), "{page}");
    for file in files {
        let asked = site
            .visitor()
            .get(format!("{}{file}", site.url))
            .header("accept-encoding", "gzip")
            .send()
            .await;
        let answer = asked.expect("it answers");
        let encoding = answer.headers().get("content-encoding").cloned();
        let wanted = file.ends_with(".css").then_some("gzip");
        assert_eq!(
            encoding.as_ref().and_then(|value| value.to_str().ok()),
            wanted,
            "{file}"
        );
    }
}
