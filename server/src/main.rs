//! `booka`: the one binary, where all parts are put together.

mod advice;
mod authority;
mod boot;
mod capture;
mod commands;
mod config;
mod connections;
mod http;
mod live;
mod lock;
mod logs;
mod media;
mod metrics;
mod pages;
mod refusals;
mod secrets;
mod shutdown;
mod terminal;
mod tls;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags};

/// Find a local expert, book, pay and talk by video, on your own servers.
#[derive(Debug, Parser)]
#[command(name = "booka", version)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the site, the calls and the background work.
    Serve,
    /// Say what is missing or unwise on this machine and in this configuration.
    Doctor,
    /// Show or check the configuration.
    Config {
        #[command(subcommand)]
        what: ConfigCommand,
    },
    /// Fill the database with a marketplace to try things out, and print sign-in links.
    SeedDemo,
    /// Print a fresh one-time link: it makes the first operator, signs one in, or makes one more.
    OperatorLink(commands::operator_link::Whom),
    /// Say how much is old enough to be deleted; nothing is written.
    Retention(commands::retention::How),
    /// Print a fresh partner key for the media API, and the hash to configure for it.
    ApiKey,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// The configuration in use, secrets hidden.
    Print,
    /// Only say whether it is good.
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // One crypto provider in the process, chosen here so that nobody has to guess.
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a crypto provider was installed before ours"))?;
    let config = Config::load(&arguments.flags)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        Command::Serve => {
            logs::start(&config.log)?;
            texts::report_missing(|locale, key| tracing::error!(locale = locale.tag(), key, "a text is missing"));
            let pages = pages::start()?;
            let served = runtime.block_on(boot::serve(config, pages.handle().clone()));
            // What is left there nobody waits for.
            pages.shutdown_background();
            served
        }
        Command::Doctor => runtime.block_on(commands::doctor::doctor(&config, arguments.flags.config.as_deref())),
        Command::Config {
            what: ConfigCommand::Print,
        } => terminal::say(&config.print()?),
        Command::Config {
            what: ConfigCommand::Check,
        } => terminal::say("The configuration is good.\n"),
        Command::SeedDemo => runtime.block_on(commands::seed::seed_demo(&config)),
        Command::Retention(how) => runtime.block_on(commands::retention::report(&config, how)),
        Command::ApiKey => commands::api_key::print(),
        Command::OperatorLink(whom) => runtime.block_on(commands::operator_link::print(&config, whom)),
    }
}
