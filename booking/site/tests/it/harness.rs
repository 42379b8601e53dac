//! The real router on a real database of its own, with a clock that the test moves.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use booking_adapters::files::local_folder;
use booking_adapters::test_provider::TestProvider;
use booking_core::AppState;
use booking_core::BookingConfig;
use booking_core::base::config::{Platform, Retention};
use booking_core::base::db::{FromRow, Param, Sql};
use booking_core::base::{Base, Clock, Micros, Networks, Random};
use booking_core::billing::{PaymentProvider, Payments};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use tower::ServiceExt as _;

/// Where PostgreSQL for tests is: a URL that ends in `/`, to which a database name is appended.
const POSTGRES_VARIABLE: &str = "BOOKA_TEST_POSTGRES";
/// Monday 23 November 2026, 08:00 UTC, 09:00 in Oslo.
pub(crate) const START_US: Micros = 1_795_420_800_000_000;
/// What the browser calls us.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

static APPS: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Declares a test that runs on both engines, as `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: App) $body:block) => {
        $(#[$meta])*
        async fn $name($app: &$crate::harness::App) $body

        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let engine = $crate::harness::Engine::Sqlite;
                $crate::harness::with_app(engine, |app| Box::pin(async move { super::$name(app).await })).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let engine = $crate::harness::Engine::Postgres;
                $crate::harness::with_app(engine, |app| Box::pin(async move { super::$name(app).await })).await;
            }
        }
    };
}

/// Starts an app, runs the test on it and clears up.
pub(crate) async fn with_app<F>(engine: Engine, test: F)
where
    F: for<'a> FnOnce(&'a App) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
{
    let Some(app) = App::start(engine).await else {
        // Past the test harness, which would keep it to itself; `cargo xtask test` counts these lines.
        writeln!(
            std::io::stdout(),
            "skipped on PostgreSQL: {POSTGRES_VARIABLE} names no server"
        )
        .expect("output is open");
        return;
    };
    test(&app).await;
    app.stop().await;
}

/// As [`with_app`], on PostgreSQL with a database that is sorted as Norwegians sort, and not by bytes.
pub(crate) async fn with_sorted_app<F>(test: F)
where
    F: for<'a> FnOnce(&'a App) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
{
    let sorting = " TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'nb-NO'";
    let Some(app) = App::start_sorted(Engine::Postgres, sorting).await else {
        writeln!(
            std::io::stdout(),
            "skipped on PostgreSQL: {POSTGRES_VARIABLE} names no server that sorts by a language"
        )
        .expect("output is open");
        return;
    };
    test(&app).await;
    app.stop().await;
}

/// A booking side of its own.
pub(crate) struct App {
    pub(crate) state: AppState,
    pub(crate) engine: Engine,
    router: Router,
    now: Arc<AtomicI64>,
    /// By how much somebody set the clock.
    stepped: Arc<AtomicI64>,
    folder: PathBuf,
    postgres: Option<(String, String)>,
}

impl App {
    /// `None` where there is no PostgreSQL to test with.
    pub(crate) async fn start(engine: Engine) -> Option<Self> {
        Self::start_sorted(engine, "").await
    }

    /// `sorting` is added to PostgreSQL's `CREATE DATABASE`; a server that cannot sort so counts as none.
    async fn start_sorted(engine: Engine, sorting: &str) -> Option<Self> {
        let number = APPS.fetch_add(1, Ordering::SeqCst);
        let name = format!("booka_test_{}_{number}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        std::fs::create_dir_all(&folder).expect("the temporary folder takes a folder");
        let (database_url, postgres) = match engine {
            Engine::Sqlite => (format!("sqlite:{}", folder.join("booka.sqlite").display()), None),
            Engine::Postgres => {
                let server = std::env::var(POSTGRES_VARIABLE).ok()?;
                let made = try_admin(&server, format!("CREATE DATABASE {name}{sorting}")).await;
                if sorting.is_empty() {
                    made.expect("the test server makes databases");
                } else {
                    made.ok()?;
                }
                (format!("{server}{name}"), Some((server, name)))
            }
        };
        let config = BookingConfig {
            node: "test".to_owned(),
            database_url,
            data_dir: folder.clone(),
            public_url: ORIGIN.to_owned(),
            trusted_proxies: Networks::default(),
            ticket_secret: [7; 32],
            mail_from: "Booka <post@booka.example>".to_owned(),
            controller: web::pages::legal::Controller::default(),
            retention: Retention::default(),
            refund_alone: BookingConfig::usual_refund_alone(),
            dispute_days: BookingConfig::DISPUTE_DAYS,
            platform: Platform::default(),
        };
        let now = Arc::new(AtomicI64::new(START_US));
        let stepped = Arc::new(AtomicI64::new(0));
        let steady = {
            let now = Arc::clone(&now);
            move || now.load(Ordering::SeqCst)
        };
        let wall = {
            let (now, stepped) = (Arc::clone(&now), Arc::clone(&stepped));
            move || now.load(Ordering::SeqCst) + stepped.load(Ordering::SeqCst)
        };
        let clock = Clock::new(wall, steady);
        let rng = Mutex::new(ChaCha20Rng::seed_from_u64(7));
        let random = Random::new(move |bytes| rng.lock().expect("nobody panics while holding it").fill_bytes(bytes));
        let files = local_folder(&folder).expect("the temporary folder can be used");
        let base = Base::open(config, clock, random.clone(), Arc::new(files), None)
            .await
            .expect("the database opens");
        let payments = TestProvider::new(base.db.clone(), random, base.config.hook_secret());
        let state = AppState::new(base, Payments::new(vec![Arc::new(payments)]));
        Some(Self {
            router: booking_site::router(state.clone()),
            state,
            engine,
            now,
            stepped,
            folder,
            postgres,
        })
    }

    /// The address of a second database with nothing in it, which is gone with the app.
    pub(crate) async fn empty_database(&self) -> String {
        match &self.postgres {
            None => format!("sqlite:{}", self.folder.join("empty.sqlite").display()),
            Some((server, name)) => {
                admin(server, format!("CREATE DATABASE {name}_empty")).await;
                format!("{server}{name}_empty")
            }
        }
    }

    pub(crate) async fn stop(self) {
        self.state.db.close().await;
        if let Some((server, name)) = &self.postgres {
            admin(server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            admin(server, format!("DROP DATABASE IF EXISTS {name}_empty WITH (FORCE)")).await;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }

    pub(crate) fn now(&self) -> Micros {
        self.now.load(Ordering::SeqCst)
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&self, by: Micros) {
        self.now.fetch_add(by, Ordering::SeqCst);
    }

    /// Sets the time of day wrong by so much; how long things last is not changed by it.
    pub(crate) fn step_clock(&self, by: Micros) {
        self.stepped.store(by, Ordering::SeqCst);
    }

    /// Moves the clock to a moment.
    pub(crate) fn set_now(&self, at: Micros) {
        self.now.store(at, Ordering::SeqCst);
    }

    /// The payment provider that is on.
    pub(crate) fn provider(&self) -> &Arc<dyn PaymentProvider> {
        self.state.payments.first().expect("the test provider is on")
    }

    /// A browser with no cookies yet.
    pub(crate) fn client(&self) -> Client {
        Client {
            router: self.router.clone(),
            cookies: Vec::new(),
            language: "nb".to_owned(),
            ip: [203, 0, 113, 5],
        }
    }

    /// A browser at the same server, restarted without a payment provider.
    pub(crate) fn client_without_payments(&self) -> Client {
        self.client_of(AppState {
            payments: Payments::default(),
            ..self.state.clone()
        })
    }

    /// A browser at another server of the same data, whose hub is its own.
    pub(crate) fn client_of_another_server(&self) -> Client {
        self.client_of(AppState {
            live_calls: Arc::default(),
            ..self.state.clone()
        })
    }

    /// A browser at a server that was started with this state.
    pub(crate) fn client_of(&self, state: AppState) -> Client {
        Client {
            router: booking_site::router(state),
            ..self.client()
        }
    }

    /// Rows straight from the database.
    pub(crate) async fn rows<T: FromRow>(&self, text: &'static str, params: Vec<Param>) -> Vec<T> {
        let mut tx = self.state.db.read().await.expect("a connection");
        tx.all(Sql { name: "test", text }, params)
            .await
            .expect("the statement runs")
    }

    /// One number straight from the database.
    pub(crate) async fn number(&self, text: &'static str, params: Vec<Param>) -> i64 {
        self.rows::<i64>(text, params).await.pop().expect("one row")
    }

    /// Changes the database behind the product's back.
    pub(crate) async fn execute(&self, text: &'static str, params: Vec<Param>) -> u64 {
        let mut tx = self.state.db.write().await.expect("a connection");
        let changed = tx
            .execute(Sql { name: "test", text }, params)
            .await
            .expect("the statement runs");
        tx.commit().await.expect("it commits");
        changed
    }
}

/// Runs a statement of administration on the test server, which does it.
async fn admin(server: &str, text: String) {
    try_admin(server, text).await.expect("it may do this");
}

async fn try_admin(server: &str, text: String) -> Result<(), sqlx::Error> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&format!("{server}postgres"))
        .await
        .expect("the test server runs");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut connection).await;
    connection.close().await.expect("it closes");
    done.map(drop)
}

/// A browser: keeps cookies, says where its requests come from, follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    cookies: Vec<(String, String)>,
    pub(crate) language: String,
    pub(crate) ip: [u8; 4],
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The target of a redirect.
    #[track_caller]
    pub(crate) fn location(&self) -> String {
        let target = self.headers.get(header::LOCATION);
        let target = target.unwrap_or_else(|| panic!("{} instead of a redirect: {}", self.status, self.text()));
        target.to_str().expect("addresses are ASCII").to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    #[track_caller]
    pub(crate) fn expect_text(self, part: &str) -> Self {
        assert!(self.text().contains(part), "no {part:?} in: {}", self.text());
        self
    }
}

impl Client {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    }

    /// Sends a form as the browser would from a page of ours.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = form
            .iter()
            .map(|(k, v)| format!("{}={}", web::routes::encode(k), web::routes::encode(v)))
            .collect();
        let request = Request::post(path)
            .header(header::ORIGIN, ORIGIN)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")));
        self.send(request.expect("a request")).await
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request
                .headers_mut()
                .insert(header::COOKIE, cookies.join("; ").parse().expect("cookies are ASCII"));
        }
        if !request.headers().contains_key(header::ACCEPT_LANGUAGE) {
            request
                .headers_mut()
                .insert(header::ACCEPT_LANGUAGE, self.language.parse().expect("a tag is ASCII"));
        }
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from((self.ip, 40_000))));
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router always answers");
        let (parts, body) = response.into_parts();
        for value in parts.headers.get_all(header::SET_COOKIE) {
            self.take_cookie(value.to_str().expect("cookies are ASCII"));
        }
        let bytes = axum::body::to_bytes(body, 64 << 20)
            .await
            .expect("the body arrives")
            .to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    }

    /// The same browser at another server of the same data.
    pub(crate) fn at(&self, other: &Self) -> Self {
        Self {
            router: other.router.clone(),
            ..self.clone()
        }
    }

    /// Names of the cookies that it has.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.cookies.iter().map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.take_cookie(&format!("{name}={value}"));
    }

    fn take_cookie(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').expect("a cookie has a name");
        self.cookies.retain(|(key, _)| key != name);
        if !attributes.contains("Max-Age=0") {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
