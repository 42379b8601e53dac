//! A throw-away PostgreSQL server for the tests, on a temporary directory and a free port of loopback.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::is_root;
use crate::run::{Result, output};

/// A running server; dropping it stops it and removes its files.
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// The folder that holds `initdb` and `pg_ctl`, newest version first.
pub(crate) fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("pg_ctl").is_file())
        .collect();
    found.sort();
    found.pop()
}

/// What a folder in memory must have free to be used: databases of tests, and a server's log of what is written (1 GB).
const MEMORY_MIN_KIB: u64 = 4 << 20;

/// A folder in memory, where there is one with room. Tests make hundreds of databases, which there wait for no disk.
pub(crate) fn memory_folder() -> Option<PathBuf> {
    let folder = Path::new("/dev/shm");
    let free = output(Command::new("df").args(["--output=avail", "-k"]).arg(folder)).ok()?;
    let free: u64 = free.lines().nth(1)?.trim().parse().ok()?;
    (free >= MEMORY_MIN_KIB).then(|| folder.to_owned())
}

impl Postgres {
    pub(crate) fn start() -> Result<Self> {
        let programs = programs().ok_or("PostgreSQL is not installed")?;
        let folder = memory_folder()
            .unwrap_or_else(std::env::temp_dir)
            .join(format!("booka-postgres-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        drop(listener);
        let server = Self { programs, folder, port };
        if is_root() {
            output(Command::new("chown").arg("postgres").arg(&server.folder))?;
        }
        server.as_owner(
            "initdb",
            &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D"],
        )?;
        let options = format!(
            "-p {port} -k {} -c listen_addresses=127.0.0.1 -c max_connections=400 -c fsync=off",
            server.folder.display()
        );
        let log = server.folder.join("log");
        server.as_owner(
            "pg_ctl",
            &["start", "-w", "-o", &options, "-l", &log.display().to_string(), "-D"],
        )?;
        Ok(server)
    }

    /// Where tests connect to make their own databases.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/", self.port)
    }

    /// PostgreSQL refuses to run as root, so root hands over to Debian's `postgres` account.
    fn as_owner(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let program = self.programs.join(program);
        let data = self.data();
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"])
                .arg(&program);
            command
        } else {
            Command::new(&program)
        };
        // Without files for output, `pg_ctl start` would leave the server holding our pipes.
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(std::env::temp_dir().join(format!("booka-postgres-{}.log", std::process::id())))
            .map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let status = command
            .args(arguments)
            .arg(&data)
            .current_dir("/")
            .stdin(std::process::Stdio::null())
            .stdout(log)
            .stderr(errors)
            .status()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        if status.success() {
            Ok(String::new())
        } else {
            Err(format!("{} ended with {status}", program.display()))
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Err(error) = self.as_owner("pg_ctl", &["stop", "-m", "immediate", "-D"]) {
            println!("the test database did not stop: {error}");
        }
        remove(&self.folder);
        remove(&std::env::temp_dir().join(format!("booka-postgres-{}.log", std::process::id())));
    }
}

fn remove(path: &Path) {
    let result = if path.is_dir() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    if let Err(error) = result {
        println!("{} stays behind: {error}", path.display());
    }
}
