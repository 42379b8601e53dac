//! `booka-bot`: joins a call, sends a clip and a tone, and prints what it saw as one line of JSON.
//!
//! Exits with 0 only if everything expected was seen.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use benches::bot::{BotConfig, Clip, Expectations, run};
use clap::Parser;

#[derive(Parser)]
#[command(name = "booka-bot", about = "An independent WebRTC peer that joins a call")]
struct Arguments {
    /// The call's WebSocket, for example ws://127.0.0.1:8080/call/socket
    #[arg(long)]
    url: String,
    /// A join ticket
    #[arg(long)]
    ticket: String,
    /// VP8 clip in an IVF file to send instead of the built-in one
    #[arg(long)]
    clip: Option<PathBuf>,
    /// Tone to send, Hz
    #[arg(long, default_value_t = 523.0)]
    tone: f64,
    /// How long to stay once let in and connected
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// How long to wait in the lobby
    #[arg(long, default_value_t = 120)]
    lobby_seconds: u64,
    /// As provider: let everybody in who waits
    #[arg(long)]
    admit: bool,
    /// Vanish at the end instead of saying goodbye
    #[arg(long)]
    vanish: bool,
    /// Local address of the media socket
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// A tone that must be heard, Hz
    #[arg(long)]
    expect_tone: Option<u32>,
    /// Somebody's picture must be received
    #[arg(long)]
    expect_video: bool,
    /// The frames of this clip must be received
    #[arg(long)]
    expect_clip: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match visit(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to tell if standard error is gone.
            let _ = writeln!(std::io::stderr(), "booka-bot: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn visit(arguments: Arguments) -> Result<bool> {
    let config = BotConfig {
        url: arguments.url,
        ticket: arguments.ticket,
        clip: Arc::new(arguments.clip.map_or_else(|| Ok(Clip::magenta()), read_clip)?),
        tone_hz: arguments.tone,
        stay: Duration::from_secs(arguments.seconds),
        lobby_max: Duration::from_secs(arguments.lobby_seconds),
        admit: arguments.admit,
        leave: !arguments.vanish,
        bind: arguments.bind,
        expect: Expectations {
            tone_hz: arguments.expect_tone,
            video: arguments.expect_video,
            clip: arguments.expect_clip.map(read_clip).transpose()?.map(Arc::new),
        },
    };
    let report = run(&config).await?;
    let mut line = serde_json::to_string(&report).context("write the report")?;
    line.push('\n');
    std::io::stdout()
        .write_all(line.as_bytes())
        .context("print the report")?;
    Ok(report.ok)
}

fn read_clip(path: PathBuf) -> Result<Clip> {
    let bytes = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    Clip::parse(&bytes).with_context(|| format!("read {}", path.display()))
}
