//! `load`: puts media servers under load and says what they forwarded, how fast, and what it cost.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use benches::load::{
    Bare, Booka, Janus, Media, Network, Pace, Pool, Report, Run, Scenario, StreamPlan, Target, Whip, describe,
    pin_thread, raise_descriptor_limit, serve_bare, unshare_network,
};
use clap::{Args, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "load", about = "Puts media servers under load and measures them")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Rounds of one scenario at most, however little CPU time they took.
const ROUNDS_MAX: usize = 100;
/// Media flows this long before a soak is measured.
const SOAK_WARM_UP_SECONDS: f64 = 60.0;

#[derive(Subcommand)]
enum Command {
    /// One publisher, many subscribers
    FanOut {
        #[arg(long, default_value_t = 100)]
        subscribers: usize,
        #[command(flatten)]
        options: Options,
    },
    /// People who all see each other, in several rooms
    Meeting {
        #[arg(long, default_value_t = 6)]
        people: usize,
        #[arg(long, default_value_t = 3)]
        rooms: usize,
        #[command(flatten)]
        options: Options,
    },
    /// Calls of two
    OneToOne {
        #[arg(long, default_value_t = 50)]
        calls: usize,
        #[command(flatten)]
        options: Options,
    },
    /// A room of people who only speak
    Audio {
        #[arg(long, default_value_t = 30)]
        people: usize,
        #[command(flatten)]
        options: Options,
    },
    /// Many subscribers in a short time, while media flows
    JoinStorm {
        #[arg(long, default_value_t = 500)]
        joins: usize,
        #[arg(long, default_value_t = 50)]
        rooms: usize,
        #[arg(long, default_value_t = 10.0)]
        over_seconds: f64,
        #[command(flatten)]
        options: Options,
    },
    /// Calls in which somebody leaves and comes back all the time
    Churn {
        #[arg(long, default_value_t = 50)]
        calls: usize,
        /// Between two departures
        #[arg(long, default_value_t = 500)]
        every_ms: u64,
        #[command(flatten)]
        options: Options,
    },
    /// 50 calls in which somebody leaves and comes back all the time, with 1 % loss
    Soak {
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        #[command(flatten)]
        options: Options,
    },
    /// Every goal that takes sockets, but for the soak, one after another
    Goals {
        #[command(flatten)]
        options: Options,
    },
    /// The media server alone, for `--targets sfu`
    #[command(hide = true)]
    ServeBare {
        #[arg(long)]
        listen: IpAddr,
        #[arg(long, default_value_t = 1)]
        shards: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TargetName {
    /// The whole server, through its media API
    Booka,
    /// Our media server alone, steered directly
    Sfu,
    /// Janus with its videoroom plugin
    Janus,
    /// A server that runs already, at --whip and --whep
    Whip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Where {
    /// Two network namespaces joined by a wire whose far side costs the server nothing; needs the privilege
    Wire,
    /// The same, and the server's device cuts runs of datagrams, as many network cards do
    WireSegments,
    /// Two network namespaces joined by a veth pair; needs the privilege
    Veth,
    /// Everything on 127.0.0.1
    Loopback,
}

#[derive(Args, Clone)]
struct Options {
    /// What to measure, in turns; the first one's packets per CPU-second are divided by those of the others
    #[arg(long, value_enum, value_delimiter = ',', default_value = "sfu")]
    targets: Vec<TargetName>,
    /// The same as --targets sfu,janus
    #[arg(long, conflicts_with = "targets")]
    compare: bool,
    /// How often each, at least
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// More rounds until each target has used so much CPU time while it was measured, all rounds together
    #[arg(long, default_value_t = 0.0)]
    cpu_seconds: f64,
    /// Measured time of a round
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    #[arg(long, default_value_t = 3.0)]
    warm_up_seconds: f64,
    /// Measured time of a round of our own server; the same as of others when not given
    #[arg(long)]
    own_seconds: Option<f64>,
    /// Video packets a second of each publisher
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Bytes of a video packet's payload
    #[arg(long, default_value_t = 1_100)]
    payload: usize,
    /// Packets of one frame
    #[arg(long, default_value_t = 5)]
    frame: u32,
    /// The packets of a frame leave at once
    #[arg(long)]
    burst: bool,
    /// No microphones
    #[arg(long)]
    no_audio: bool,
    /// No transport-wide congestion control
    #[arg(long)]
    no_twcc: bool,
    #[arg(long, default_value_t = 100)]
    feedback_ms: u64,
    /// Share of packets that receivers lose
    #[arg(long, default_value_t = 0.0)]
    loss: f64,
    #[arg(long, value_enum, default_value = "wire")]
    network: Where,
    /// Cores of the server
    #[arg(long, value_delimiter = ',', default_value = "0")]
    server_cores: Vec<usize>,
    /// Cores of the clients
    #[arg(long, value_delimiter = ',', default_value = "1")]
    client_cores: Vec<usize>,
    /// Threads of our media server
    #[arg(long, default_value_t = 1)]
    shards: usize,
    /// The program of our whole server
    #[arg(long, default_value = "target/release/booka")]
    server: PathBuf,
    /// WHIP endpoint; `{room}` is replaced by a number
    #[arg(long, default_value = "")]
    whip: String,
    #[arg(long, default_value = "")]
    whep: String,
    #[arg(long, default_value = "")]
    bearer: String,
    /// The process behind them, for its CPU time and memory
    #[arg(long)]
    pid: Option<u32>,
    /// The program of Janus
    #[arg(long, default_value = "janus")]
    janus: PathBuf,
    /// Event loops of Janus; zero gives every connection a thread
    #[arg(long, default_value_t = 0)]
    janus_event_loops: usize,
    /// One line of JSON for each round is added to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match start(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to tell if standard error is gone.
            let _ = writeln!(std::io::stderr(), "load: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn start(command: Command) -> Result<bool> {
    if let Command::ServeBare { listen, shards } = command {
        return serve_bare(listen, shards).map(|()| true);
    }
    let Some(options) = command.options().cloned() else {
        return Ok(true);
    };
    if options.network != Where::Loopback {
        // Before any other thread starts, so that all of them stand in it.
        unshare_network().context("take a network namespace (or use --network loopback)")?;
    }
    raise_descriptor_limit();
    // Whatever is not the server keeps off its cores.
    if !options.client_cores.is_empty() {
        pin_thread(&options.client_cores).context("run on the clients' cores")?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let network = match options.network {
            Where::Wire => Network::wire(&options.server_cores, &options.client_cores, false)?,
            Where::WireSegments => Network::wire(&options.server_cores, &options.client_cores, true)?,
            Where::Veth => Network::veth(&options.server_cores, &options.client_cores)?,
            Where::Loopback => Network::loopback(&options.server_cores)?,
        };
        say(&describe())?;
        let mut all_valid = true;
        for (scenario, options) in command.plans() {
            all_valid &= compare(&scenario, &options, &network).await?;
        }
        Ok(all_valid)
    })
}

impl Command {
    fn options(&self) -> Option<&Options> {
        match self {
            Self::FanOut { options, .. }
            | Self::Meeting { options, .. }
            | Self::OneToOne { options, .. }
            | Self::Audio { options, .. }
            | Self::JoinStorm { options, .. }
            | Self::Churn { options, .. }
            | Self::Soak { options, .. }
            | Self::Goals { options } => Some(options),
            Self::ServeBare { .. } => None,
        }
    }

    /// What is to be run, one after another.
    fn plans(self) -> Vec<(Scenario, Options)> {
        let plan = match self {
            Self::FanOut { subscribers, options } => (fan_out(subscribers, &options), options),
            Self::Meeting { people, rooms, options } => (meeting(people, rooms, &options), options),
            Self::OneToOne { calls, options } => (one_to_one(calls, &options), options),
            Self::Audio { people, options } => {
                let mut scenario = meeting(people, 1, &options);
                scenario.name = format!("audio {people}");
                scenario.streams.retain(|plan| plan.media == Media::Audio);
                (scenario, options)
            }
            Self::JoinStorm {
                joins,
                rooms,
                over_seconds,
                options,
            } => (join_storm(joins, rooms, over_seconds, &options), options),
            Self::Churn {
                calls,
                every_ms,
                options,
            } => (churn(calls, every_ms, &options), options),
            Self::Soak { minutes, mut options } => {
                options.loss = 0.01;
                options.seconds = minutes * 60.0;
                // Rings and logs take their pages as they fill for the first time.
                options.warm_up_seconds = options.warm_up_seconds.max(SOAK_WARM_UP_SECONDS);
                (churn(50, 500, &options.like_a_call()), options)
            }
            Self::Goals { options } => return goals(&options),
            Self::ServeBare { .. } => return Vec::new(),
        };
        vec![plan]
    }
}

fn fan_out(subscribers: usize, options: &Options) -> Scenario {
    Scenario {
        watchers: Some(subscribers),
        ..options.scenario(&format!("fan-out 1:{subscribers}"), false)
    }
}

fn meeting(people: usize, rooms: usize, options: &Options) -> Scenario {
    Scenario {
        publishers: people,
        rooms,
        ..options.scenario(&format!("meeting {people}x{rooms}"), true)
    }
}

fn one_to_one(calls: usize, options: &Options) -> Scenario {
    Scenario {
        publishers: 2,
        rooms: calls,
        ..options.scenario(&format!("{calls} calls"), true)
    }
}

fn join_storm(joins: usize, rooms: usize, over_seconds: f64, options: &Options) -> Scenario {
    Scenario {
        rooms,
        watchers: Some(joins.div_ceil(rooms.max(1))),
        join_over: Some(Duration::from_secs_f64(over_seconds)),
        // The last ones to join must arrive too.
        measured: Duration::from_secs_f64(over_seconds + 2.0),
        ..options.scenario(&format!("{joins} joins in {over_seconds} s"), true)
    }
}

fn churn(calls: usize, every_ms: u64, options: &Options) -> Scenario {
    Scenario {
        churn: Some(Duration::from_millis(every_ms)),
        ..one_to_one(calls, options)
    }
}

/// All performance goals that take sockets, but for the soak.
fn goals(options: &Options) -> Vec<(Scenario, Options)> {
    let both = |rate: f64, burst: bool| Options {
        compare: false,
        targets: vec![TargetName::Booka, TargetName::Janus],
        rate,
        burst,
        ..options.clone()
    };
    let even = both(220.0, false);
    let bursts = both(220.0, true);
    let meetings = both(150.0, true);
    let alone = Options {
        compare: false,
        targets: vec![TargetName::Booka],
        rounds: 1,
        own_seconds: Some(20.0),
        ..options.like_a_call()
    };
    let small = Options {
        rate: 30.0,
        frame: 1,
        ..alone.clone()
    };
    vec![
        (fan_out(100, &even), even),
        (fan_out(100, &bursts), bursts),
        (meeting(6, 3, &meetings), meetings),
        (one_to_one(75, &alone), alone.clone()),
        (one_to_one(250, &alone), alone.clone()),
        (
            join_storm(500, 50, 10.0, &small),
            Options {
                own_seconds: None,
                ..small
            },
        ),
    ]
}

impl Options {
    /// 1.5 Mbit/s of video as a camera sends it: five packets of 1,250 bytes or less every 33 ms.
    fn like_a_call(&self) -> Self {
        Self {
            rate: 150.0,
            frame: 5,
            payload: 1_200,
            burst: true,
            ..self.clone()
        }
    }

    fn scenario(&self, name: &str, audio: bool) -> Scenario {
        let video = StreamPlan {
            media: Media::Video,
            payload_len: self.payload.max(32),
            pace: Pace {
                packets: self.frame,
                interval: Duration::from_secs_f64(f64::from(self.frame) / self.rate),
                burst: self.burst,
            },
        };
        let microphone = StreamPlan {
            media: Media::Audio,
            payload_len: 80,
            pace: Pace {
                packets: 1,
                interval: Duration::from_millis(20),
                burst: false,
            },
        };
        let audio = (audio && !self.no_audio).then_some(microphone);
        let spread = if self.burst { "bursts" } else { "evenly" };
        let feedback = if self.no_twcc { ", no TWCC" } else { "" };
        Scenario {
            name: format!("{name}, {} B {spread}{feedback}", self.payload),
            rooms: 1,
            publishers: 1,
            watchers: None,
            streams: audio.into_iter().chain([video]).collect(),
            transport_cc: !self.no_twcc,
            feedback_interval: Duration::from_millis(self.feedback_ms),
            loss: self.loss,
            warm_up: Duration::from_secs_f64(self.warm_up_seconds),
            measured: Duration::from_secs_f64(self.seconds),
            join_over: None,
            churn: None,
        }
    }

    fn targets(&self) -> &[TargetName] {
        if self.compare {
            &[TargetName::Sfu, TargetName::Janus]
        } else {
            &self.targets
        }
    }

    fn needs_more_of(&self, sum: &Report) -> bool {
        !sum.server_cpu.is_zero() && sum.server_cpu.as_secs_f64() < self.cpu_seconds
    }

    async fn start(&self, target: TargetName, network: &Network) -> Result<Box<dyn Target>> {
        Ok(match target {
            TargetName::Booka => Box::new(Booka::start(network, &self.server, self.shards).await?),
            TargetName::Sfu => Box::new(Bare::start(network, self.shards)?),
            TargetName::Whip => Box::new(Whip::new(&self.whip, &self.whep, &self.bearer, self.pid)?),
            TargetName::Janus => {
                if self.network == Where::Loopback {
                    bail!("janus refuses loopback addresses; use another --network");
                }
                Box::new(Janus::start(network, &self.janus, self.janus_event_loops, !self.no_twcc).await?)
            }
        })
    }
}

/// Runs all rounds of one scenario, prints each and then the sums with their ratios. False when a sum is not valid.
async fn compare(scenario: &Scenario, options: &Options, network: &Network) -> Result<bool> {
    say(&format!("\n{}", Report::head()))?;
    let mut sums: Vec<Report> = Vec::new();
    let mut rounds = 0;
    while rounds < options.rounds || (rounds < ROUNDS_MAX && sums.iter().any(|sum| options.needs_more_of(sum))) {
        for name in options.targets() {
            let report = measure(scenario, *name, options, network).await?;
            match sums.iter_mut().find(|sum| sum.target == report.target) {
                Some(sum) => sum.add(&report),
                None => sums.push(report),
            }
        }
        rounds += 1;
    }
    say_sums(&sums, rounds)?;
    Ok(sums.iter().all(Report::valid))
}

/// One round of one target, printed.
async fn measure(scenario: &Scenario, name: TargetName, options: &Options, network: &Network) -> Result<Report> {
    let mut scenario = scenario.clone();
    if let (Some(seconds), TargetName::Sfu | TargetName::Booka) = (options.own_seconds, name) {
        scenario.measured = Duration::from_secs_f64(seconds);
    }
    let target = options.start(name, network).await?;
    let pool = Pool::start(&options.client_cores)?;
    let measured = Run::new(&scenario, target.as_ref(), network, &pool)?.measure().await;
    drop(pool);
    target.stop().await?;
    let report = measured?;
    say(&report.row())?;
    if scenario.churn.is_some() {
        say(&report.endurance())?;
    }
    if let Some(file) = &options.json {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
        writeln!(file, "{}", report.json())?;
    }
    Ok(report)
}

fn say_sums(sums: &[Report], rounds: usize) -> Result<()> {
    if rounds > 1 {
        say("\nAll rounds:\n")?;
        say(Report::head())?;
        for sum in sums {
            say(&sum.row())?;
        }
    }
    if let Some((first, others)) = sums.split_first() {
        for other in others {
            let ratio = first.packets_per_cpu_second() / other.packets_per_cpu_second();
            say(&format!(
                "\n{} forwards {ratio:.1} times the packets per CPU-second of {}",
                first.target, other.target
            ))?;
        }
    }
    Ok(())
}

fn say(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("print the report")
}
