//! Project automation: `cargo xtask demo | test | soak | web | doctor | screenshots`.
#![expect(clippy::print_stdout, reason = "a command-line tool talks on standard output")]

mod demo;
mod machine;
mod postgres;
mod run;
mod screenshots;
mod soak;
mod test;
#[cfg(test)]
mod tidy;
mod watch;
mod web;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo         set everything up, seed a marketplace and serve it on http://localhost:8080
  test         every check there is: format, lints, tidy, unit, integration and browser tests
  web          install npm packages, check types, run the client's tests and bundle it
  doctor       say what this machine lacks
  soak         10,000 payment histories with faults on each engine (hours); `soak 500` draws fewer
  screenshots  one contact sheet of every page, phone and desktop, light and dark
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let result = match command.as_str() {
        "demo" => demo::demo(),
        "test" => test::test(&rest),
        "web" => machine::prepare(&[machine::NODE]).and_then(|()| web::build()),
        "doctor" => machine::doctor(),
        "screenshots" => screenshots::screenshots(),
        "soak" => soak::soak(&rest),
        _ => {
            print!("{HELP}");
            return if command.is_empty() || command == "help" {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The tests' last line is their count, so that one has nothing to add.
        Err(error) if error.is_empty() => ExitCode::FAILURE,
        Err(error) => {
            println!("xtask {command}: {error}");
            ExitCode::FAILURE
        }
    }
}
