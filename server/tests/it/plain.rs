//! The built server with nothing in it, on a database, disk or way to its database that a test can spoil.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reqwest::redirect::Policy;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::harness::{Engine, free_port, postgres};

/// Longest wait for anything that comes by itself.
const WAIT_MAX: Duration = Duration::from_secs(40);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// One server.
pub(crate) struct Plain {
    pub(crate) folder: PathBuf,
    pub(crate) url: String,
    /// Between the server and PostgreSQL.
    pub(crate) database_gate: Option<Gate>,
    port: u16,
    variables: Vec<(String, String)>,
    child: Option<Child>,
    /// Where its log goes, if a test reads it.
    log: Option<PathBuf>,
}

impl Plain {
    /// Chooses folder and port, and makes neither.
    pub(crate) fn prepare(variables: &[(&str, String)]) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = free_port();
        Self {
            folder: std::env::temp_dir().join(format!("booka_plain_{}_{number}", std::process::id())),
            url: format!("http://127.0.0.1:{port}"),
            database_gate: None,
            port,
            variables: variables
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            child: None,
            log: None,
        }
    }

    /// A server whose log can be read.
    pub(crate) async fn start_logged(variables: &[(&str, String)]) -> Self {
        let mut plain = Self::prepare(variables);
        plain.log = Some(plain.folder.with_extension("log"));
        plain.serve().await;
        plain
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        let log = self.log.as_ref().expect("it was started to be read");
        std::fs::read_to_string(log).expect("it is text")
    }

    /// A server with its own SQLite.
    pub(crate) async fn start(variables: &[(&str, String)]) -> Self {
        let mut plain = Self::prepare(variables);
        plain.serve().await;
        plain
    }

    /// A server on an engine, with a gate before PostgreSQL; `None` when that is not there.
    pub(crate) async fn start_on(engine: Engine) -> Option<Self> {
        let mut plain = Self::prepare(&[]);
        if engine == Engine::Postgres {
            let name = plain.folder.file_name()?.to_str()?.to_owned();
            let url = postgres(&name).await?;
            let (scheme, rest) = url.split_once("://")?;
            let (login, rest) = rest.split_once('@')?;
            let (host, name) = rest.split_once('/')?;
            let gate = Gate::before(host.to_owned()).await;
            let url = format!("{scheme}://{login}@{}/{name}", gate.address);
            plain.variables.push(("BOOKA_DATABASE__URL".to_owned(), url));
            plain.database_gate = Some(gate);
        }
        plain.serve().await;
        Some(plain)
    }

    /// A server whose data folder is a file system of so many MiB, in a mount namespace of its own; `None` where the
    /// system does not let us.
    pub(crate) async fn start_on_small_disk(mib: u32) -> Option<Self> {
        let mut plain = Self::prepare(&[]);
        std::fs::create_dir_all(&plain.folder).expect("the temporary folder can be written");
        let mount = format!(
            "mount -t tmpfs -o size={mib}m,mode=700 none '{}'",
            plain.folder.display()
        );
        let probe = Command::new("unshare").args(["-m", "sh", "-c", &mount]).output().await;
        if !probe.is_ok_and(|done| done.status.success()) {
            return None;
        }
        let program = env!("CARGO_BIN_EXE_booka");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &format!("{mount} && exec '{program}' serve")]);
        plain.run(command).await;
        Some(plain)
    }

    /// Starts the server and waits until it is ready.
    pub(crate) async fn serve(&mut self) {
        let command = self.command("serve");
        self.run(command).await;
    }

    async fn run(&mut self, command: Command) {
        self.begin(command);
        self.until(|| async { self.ready().await == 200 }).await;
    }

    /// Starts the server, and waits for nothing.
    pub(crate) fn spawn(&mut self) {
        let command = self.command("serve");
        self.begin(command);
    }

    /// Sets one more variable, before the start.
    pub(crate) fn set(&mut self, key: &str, value: String) {
        self.variables.push((key.to_owned(), value));
    }

    fn begin(&mut self, mut command: Command) {
        self.surround(&mut command);
        if let Some(log) = &self.log {
            command.stderr(std::fs::File::create(log).expect("the temporary folder can be written"));
        }
        let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn();
        self.child = Some(child.expect("the server can be started"));
    }

    pub(crate) fn command(&self, what: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_booka"));
        command.arg(what);
        self.surround(&mut command);
        command
    }

    fn surround(&self, command: &mut Command) {
        command
            .env("BOOKA_DATA_DIR", &self.folder)
            .env("BOOKA_PUBLIC_URL", &self.url)
            .env("BOOKA_HTTP__LISTEN", format!("127.0.0.1:{}", self.port))
            .env("BOOKA_MEDIA__PORT", "0")
            .env("BOOKA_LOG__LEVEL", "warn,sqlx=error")
            .envs(self.variables.clone())
            .stdin(Stdio::null());
    }

    /// Asks the server to stop, and waits for it.
    pub(crate) async fn stop(&mut self) {
        let mut child = self.child.take().expect("it runs");
        let id = child.id().expect("it runs").to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(told.expect("there is a kill").success());
        let ended = tokio::time::timeout(WAIT_MAX, child.wait()).await;
        assert!(ended.expect("it ends in time").expect("it is ours").success());
    }

    /// A path of the data folder as the server sees it.
    pub(crate) fn inside(&self, name: &str) -> PathBuf {
        let id = self.child.as_ref().and_then(Child::id).expect("it runs");
        let folder = self.folder.strip_prefix("/").expect("it is absolute");
        PathBuf::from(format!("/proc/{id}/root")).join(folder).join(name)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A browser at another address than the test's own sockets.
    pub(crate) fn visitor(&self) -> reqwest::Client {
        reqwest::Client::builder()
            .local_address(std::net::IpAddr::from([127, 0, 0, 2]))
            .redirect(Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client without TLS can be built")
    }

    pub(crate) async fn ready(&self) -> u16 {
        self.get("/readyz").await
    }

    /// The status of an answer; 0 when none came.
    pub(crate) async fn get(&self, path: &str) -> u16 {
        let answer = self.visitor().get(format!("{}{path}", self.url)).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> u16 {
        let request = self
            .visitor()
            .post(format!("{}{path}", self.url))
            .header("origin", &self.url);
        let answer = request.form(form).send().await;
        answer.map_or(0, |answer| answer.status().as_u16())
    }

    /// Asks again and again until it is so.
    pub(crate) async fn until<F: Future<Output = bool>>(&self, so: impl Fn() -> F) {
        let deadline = Instant::now() + WAIT_MAX;
        while !so().await {
            assert!(Instant::now() < deadline, "not so after {WAIT_MAX:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.start_kill());
        }
        drop(std::fs::remove_dir_all(&self.folder));
        if let Some(log) = &self.log {
            drop(std::fs::remove_file(log));
        }
    }
}

/// The way to a database, which a test can cut: then nothing is answered and nothing refused.
pub(crate) struct Gate {
    address: SocketAddr,
    is_open: Arc<watch::Sender<bool>>,
}

impl Gate {
    async fn before(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let (is_open, opened) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target.clone(), opened.clone()));
            }
        });
        Self {
            address,
            is_open: Arc::new(is_open),
        }
    }

    pub(crate) fn shut(&self) {
        self.is_open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.is_open.send_replace(true);
    }
}

/// Passes bytes on until the gate is shut, then keeps the connection silent until it opens, and ends it.
async fn pass(mut client: TcpStream, target: String, mut opened: watch::Receiver<bool>) {
    if *opened.borrow()
        && let Ok(mut server) = TcpStream::connect(target).await
    {
        tokio::select! {
            _ = opened.wait_for(|open| !open) => {}
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
        }
    }
    drop(opened.wait_for(|open| *open).await);
}
