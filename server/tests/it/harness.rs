//! Starts the built `booka` on free ports with a database of its own, and speaks to it as browsers do.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use booking_core::base::db::{Db, Sql};
use reqwest::header::{HeaderMap, HeaderValue, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use sqlx::Connection as _;
use tokio::process::{Child, Command};

/// How long a server may take to be ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// A key for the media API, and what is configured for it: `fresh_key` of 32 sevens.
pub(crate) const PARTNER_KEY: &str = "booka_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
const PARTNER_KEY_HASH: &str = "814f94c9b24289eda38c52fbe8e01daacbe37b66894eb919c658ebf855f70c78";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A seeded marketplace, served by one process or several.
pub(crate) struct Site {
    pub(crate) public_url: String,
    /// The operator's one-time sign-in link.
    pub(crate) operator_link: String,
    database: String,
    processes: Vec<(Child, String)>,
    folder: PathBuf,
}

impl Site {
    /// Seeds a fresh database and serves it by `processes` servers. `None` when the engine is not there.
    pub(crate) async fn start(engine: Engine, processes: usize) -> Option<Self> {
        Self::serve(engine, processes, &format!("[\"{PARTNER_KEY_HASH}\"]")).await
    }

    /// One server without the media API.
    pub(crate) async fn without_partners() -> Self {
        let site = Self::serve(Engine::Sqlite, 1, "[]").await;
        site.expect("SQLite is always there")
    }

    async fn serve(engine: Engine, processes: usize, key_hashes: &str) -> Option<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("booka_it_{}_{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let database = match engine {
            Engine::Sqlite => format!("sqlite:{}", folder.join("booka.sqlite").display()),
            Engine::Postgres => postgres(&name).await?,
        };
        let ports: Vec<u16> = (0..processes).map(|_| free_port()).collect();
        let mut site = Self {
            public_url: format!("http://127.0.0.1:{}", ports[0]),
            operator_link: String::new(),
            database,
            processes: Vec::new(),
            folder,
        };
        let seeded = site
            .command(ports[0], "seed-demo")
            .output()
            .await
            .expect("the server's program can be run");
        assert!(seeded.status.success(), "seed-demo ended with {}", seeded.status);
        let printed = String::from_utf8(seeded.stdout).expect("links are plain text");
        let link = printed.lines().find_map(|line| line.trim().strip_prefix("Operator"));
        site.operator_link = link.expect("seed-demo prints the operator's link").trim().to_owned();
        for port in ports {
            let child = site
                .command(port, "serve")
                .env("BOOKA_MEDIA_API__KEY_HASHES", key_hashes)
                .kill_on_drop(true)
                .spawn()
                .expect("the server can be started");
            let url = format!("http://127.0.0.1:{port}");
            wait_until_ready(&url).await;
            site.processes.push((child, url));
        }
        Some(site)
    }

    fn command(&self, port: u16, what: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_booka"));
        command
            .arg(what)
            .env("BOOKA_DATA_DIR", &self.folder)
            .env("BOOKA_PUBLIC_URL", &self.public_url)
            .env("BOOKA_DATABASE__URL", &self.database)
            .env("BOOKA_PAYMENTS__TEST", "true")
            .env("BOOKA_PAYMENTS__TEST_IN_PUBLIC", "true")
            .env("BOOKA_NODE", format!("node-{port}"))
            .env("BOOKA_HTTP__LISTEN", format!("127.0.0.1:{port}"))
            .env("BOOKA_HTTP__TRUSTED_PROXIES", "[127.0.0.1]")
            .env("BOOKA_MEDIA__PORT", "0")
            .env("BOOKA_LOG__LEVEL", "warn,sqlx=error")
            .stdin(Stdio::null())
            .stdout(if what == "serve" { Stdio::null() } else { Stdio::piped() });
        command
    }

    /// A browser of its own: own cookies, own address, and its requests go to one of the servers.
    pub(crate) fn visitor(&self, number: usize) -> Visitor {
        let mut headers = HeaderMap::new();
        let address = format!("10.1.{}.{}", number / 250, number % 250 + 1);
        headers.insert(
            "x-forwarded-for",
            HeaderValue::try_from(address).expect("an address is plain text"),
        );
        headers.insert(
            ORIGIN,
            HeaderValue::try_from(&self.public_url).expect("a URL is plain text"),
        );
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .default_headers(headers)
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client without TLS can be built");
        Visitor {
            client,
            base: self.server(number),
        }
    }

    fn server(&self, number: usize) -> String {
        self.processes[number % self.processes.len()].1.clone()
    }

    /// One number from the database itself.
    pub(crate) async fn number(&self, text: &'static str) -> i64 {
        let db = Db::open(&self.database).await.expect("the servers use this database");
        let mut tx = db.read().await.expect("it can be read");
        let number = tx
            .one(Sql { name: "test", text }, Vec::new())
            .await
            .expect("the statement gives one number");
        drop(tx);
        db.close().await;
        number
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for (child, _) in &mut self.processes {
            // Killed again on drop of the child; what is gone already is fine.
            drop(child.start_kill());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// One browser.
#[derive(Clone)]
pub(crate) struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client
            .get(self.address(path))
            .send()
            .await
            .expect("the server answers")
    }

    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().await.expect("the page is text")
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.client
            .post(self.address(path))
            .form(form)
            .send()
            .await
            .expect("the server answers")
    }

    /// The same browser, with a request that the load balancer gives to another server.
    pub(crate) fn through(&self, site: &Site, number: usize) -> Self {
        Self {
            client: self.client.clone(),
            base: site.server(number),
        }
    }

    fn address(&self, path: &str) -> String {
        match path.strip_prefix("http") {
            Some(_) => path.to_owned(),
            None => format!("{}{path}", self.base),
        }
    }
}

/// Where an answer sends the browser, as a path.
pub(crate) fn location(response: &Response) -> String {
    let location = response
        .headers()
        .get("location")
        .unwrap_or_else(|| panic!("{} without a location", response.status()));
    location.to_str().expect("locations are plain text").to_owned()
}

/// The values of an attribute that follow `marker` in a page.
pub(crate) fn values<'a>(page: &'a str, marker: &str) -> Vec<&'a str> {
    page.split(marker)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

/// Past the test harness, which would keep it to itself: `cargo xtask test` counts these lines.
pub(crate) fn say_skipped(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("output is open");
}

pub(crate) async fn postgres(name: &str) -> Option<String> {
    let Ok(base) = std::env::var("BOOKA_TEST_POSTGRES") else {
        say_skipped("skipped on PostgreSQL: BOOKA_TEST_POSTGRES names no server");
        return None;
    };
    let mut connection = sqlx::PgConnection::connect(&format!("{base}postgres"))
        .await
        .expect("the test server answers");
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .execute(&mut connection)
        .await
        .expect("a database can be made");
    Some(format!("{base}{name}"))
}

async fn wait_until_ready(url: &str) {
    let deadline = tokio::time::Instant::now() + READY_MAX;
    loop {
        if let Ok(answer) = reqwest::get(format!("{url}/readyz")).await
            && answer.status().is_success()
        {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "{url} is not ready after {READY_MAX:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
