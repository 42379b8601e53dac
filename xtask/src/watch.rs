//! Nothing of the check may hang for ever: what is silent too long, or runs past the end of its time, is ended and named.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::run::Result;

/// The longest that one step says nothing: the lints of an empty target directory take half of it.
const MOST_SILENCE: Duration = Duration::from_secs(15 * 60);
/// The whole check has 90 minutes; what runs at this age is ended, so that the count is still printed.
const MOST_TIME: Duration = Duration::from_secs(80 * 60);

/// When a step has to be ended.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    silence: Duration,
    until: Instant,
}

impl Limits {
    /// The limits of a whole check that begins now.
    pub(crate) fn begin() -> Self {
        Self {
            silence: MOST_SILENCE,
            until: Instant::now() + MOST_TIME,
        }
    }
}

/// Runs the command and hands over each line of its standard output; whether it succeeded.
///
/// # Errors
/// It cannot be started, or it was ended because it came to one of the limits, with all that it had started in its group.
pub(crate) fn follow(command: &mut Command, limits: Limits, mut on_line: impl FnMut(&str)) -> Result<bool> {
    let mut child = command
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start: {error}"))?;
    let output = child.stdout.take().ok_or("no output to read")?;
    let (said, lines) = channel();
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(std::result::Result::ok) {
            if said.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
        }
    });
    loop {
        let left = limits.until.saturating_duration_since(Instant::now());
        match lines.recv_timeout(limits.silence.min(left)) {
            Ok(line) => on_line(&line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child)?;
                return Err(if left <= limits.silence {
                    "ended: the time of the whole check is up".to_owned()
                } else {
                    format!("ended: silent for {} minutes", limits.silence.as_secs() / 60)
                });
            }
        }
    }
    reader.join().map_err(|_| "the reader of its output failed")?;
    Ok(child.wait().map_err(|error| error.to_string())?.success())
}

/// Ends the child and what it started in its process group.
fn end(child: &mut Child) -> Result<()> {
    Command::new("kill")
        .args(["-KILL", "--", &format!("-{}", child.id())])
        .status()
        .map_err(|error| format!("cannot end it: {error}"))?;
    child.wait().map_err(|error| error.to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::{Limits, follow};

    fn shell(script: &str, silence: Duration, time: Duration) -> (Result<bool, String>, Vec<String>) {
        let limits = Limits {
            silence,
            until: Instant::now() + time,
        };
        let mut lines = Vec::new();
        let result = follow(Command::new("sh").args(["-c", script]), limits, |line| {
            lines.push(line.to_owned());
        });
        (result, lines)
    }

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(300);

    #[test]
    fn what_is_silent_or_late_is_ended_with_all_that_it_started() {
        let (ended, lines) = shell("echo one; sleep 600 & wait", SHORT, LONG);
        assert_eq!(lines, ["one"]);
        assert!(ended.is_err_and(|error| error.contains("silent")));
        let (ended, _) = shell("while true; do echo more; sleep 0.05; done", LONG, SHORT);
        assert!(ended.is_err_and(|error| error.contains("time of the whole check")));
    }

    #[test]
    fn what_ends_in_time_is_heard_to_its_end() {
        let (ended, lines) = shell("echo one; echo two", LONG, LONG);
        assert_eq!((ended, lines.len()), (Ok(true), 2));
        assert_eq!(shell("exit 3", LONG, LONG).0, Ok(false));
    }
}
