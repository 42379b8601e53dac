//! `cargo xtask demo`: from a fresh machine to a running marketplace.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::run::{Result, binary, cargo, output, root, run};
use crate::{machine, web};

const ADDRESS: &str = "localhost:8080";
const START_LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn demo() -> Result<()> {
    machine::prepare(machine::FOR_DEMO)?;
    web::bundle()?;
    if !binary("booka").is_file() {
        println!("\nThe first build takes about ten minutes on two cores; later ones take seconds.");
    }
    run("build the server", cargo().args(["build", "--package", "booka"]))?;
    println!("\n== seed the marketplace");
    let links = output(Command::new(binary("booka")).arg("seed-demo").current_dir(root()))?;
    let mut server = Command::new(binary("booka"))
        .arg("serve")
        .env("BOOKA_PAYMENTS__TEST", "true")
        .current_dir(root())
        .spawn()
        .map_err(|error| format!("cannot start the server: {error}"))?;
    wait_until_ready(&mut server)?;
    println!("\n{links}\nStop with Ctrl-C.");
    match server.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the server ended with {status}")),
        Err(error) => Err(error.to_string()),
    }
}

fn wait_until_ready(server: &mut Child) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = server.try_wait() {
            return Err(format!("the server ended with {status}"));
        }
        if is_ready().unwrap_or(false) {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "nothing tells us when another process has become ready"
        )]
        std::thread::sleep(Duration::from_millis(100));
    }
    Err(format!(
        "the server did not answer on {ADDRESS} within {} s",
        START_LIMIT.as_secs()
    ))
}

fn is_ready() -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(ADDRESS)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(status.ends_with(b" 200"))
}
