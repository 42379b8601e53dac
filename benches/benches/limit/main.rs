//! The limit of forwarding: sealing and batched sending alone, without receiving, rewriting or anything remembered.
//!
//! `cargo bench -p benches --bench limit -- --runs 5` seals packets under as many keys as there are destinations and
//! sends them in runs of the given length for each destination, one round an interval, over the same wire as the
//! load tool. The sender is a process of its own on the server's core; what counts is its CPU time.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use benches::load::{LimitSender, Network, describe, drain, pin_thread, unshare_network};
use clap::Parser;

#[derive(Parser)]
struct Arguments {
    /// Packets in a row for each destination, as the load tool's counters tell them: datagrams sent by messages
    #[arg(long, value_delimiter = ',', default_value = "1,5")]
    runs: Vec<usize>,
    #[arg(long, default_value_t = 100)]
    destinations: usize,
    /// Bytes of a packet's payload
    #[arg(long, default_value_t = 1_100)]
    payload: usize,
    /// Between two rounds to all destinations
    #[arg(long, default_value_t = 2_000)]
    interval_us: u64,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    #[arg(long, value_delimiter = ',', default_value = "0")]
    server_cores: Vec<usize>,
    #[arg(long, value_delimiter = ',', default_value = "1")]
    client_cores: Vec<usize>,
    /// On 127.0.0.1 instead of the wire, which needs the privilege
    #[arg(long)]
    loopback: bool,
    /// The sender's part: destinations
    #[arg(long, hide = true, value_delimiter = ',')]
    send_to: Vec<SocketAddr>,
    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.send_to.is_empty() {
        compare(&arguments)
    } else {
        send(&arguments)
    }
}

/// The sending process: one line with packets and CPU seconds.
fn send(arguments: &Arguments) -> Result<()> {
    let run = *arguments.runs.first().context("a run length")?;
    let mut sender = LimitSender::new(&arguments.send_to, arguments.payload, run)?;
    let interval = Duration::from_micros(arguments.interval_us);
    let end = Instant::now() + Duration::from_secs_f64(arguments.seconds);
    let mut round = Instant::now();
    let mut packets = 0;
    while round < end {
        sender.wait(round.saturating_duration_since(Instant::now()));
        packets += sender.round()?;
        round += interval;
    }
    writeln!(std::io::stdout(), "{packets} {}", sender.cpu().as_secs_f64())?;
    Ok(())
}

fn compare(arguments: &Arguments) -> Result<()> {
    let network = if arguments.loopback {
        Network::loopback(&arguments.server_cores)?
    } else {
        unshare_network().context("take a network namespace (or use --loopback)")?;
        Network::wire(&arguments.server_cores, &arguments.client_cores, false)?
    };
    pin_thread(&arguments.client_cores).context("run on the clients' cores")?;
    let mut out = std::io::stdout();
    writeln!(out, "{}\n", describe())?;
    writeln!(
        out,
        "| packets in a run | packets | CPU s | packets per CPU-second |\n|---:|---:|---:|---:|"
    )?;
    for run in &arguments.runs {
        let (addresses, sockets) = drain(network.clients_ip(), arguments.destinations)?;
        let list: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["--send-to", &list.join(",")])
            .args(["--runs", &run.to_string()])
            .args(["--payload", &arguments.payload.to_string()])
            .args(["--interval-us", &arguments.interval_us.to_string()])
            .args(["--seconds", &arguments.seconds.to_string()])
            .stdout(Stdio::piped());
        let mut child = network.spawn(command)?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it was started with a pipe")?).read_line(&mut line)?;
        child.wait()?;
        drop(sockets);
        let (packets, cpu) = line.trim().split_once(' ').context("the sender said nothing")?;
        let (packets, cpu): (f64, f64) = (packets.parse()?, cpu.parse()?);
        writeln!(out, "| {run} | {packets} | {cpu:.2} | {:.0} |", packets / cpu)?;
    }
    Ok(())
}
