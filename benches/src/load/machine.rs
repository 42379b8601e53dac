//! What the kernel says about a process and the machine.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks a second, as `/proc` counts CPU time on every Linux that we run on.
const TICKS: u64 = 100;

/// CPU time of all threads of a process, ended ones included, in user and kernel mode.
///
/// # Errors
/// When the process is gone.
pub(crate) fn process_cpu(pid: u32) -> Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    // The name in parentheses may hold spaces; fields are counted from behind it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| -> Result<u64> { Ok(fields.get(index).context("a short line")?.parse()?) };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 1_000 / TICKS))
}

/// Memory of a process that is its own, bytes. Its program's pages count for nothing: they come as they are needed and go again
/// as the system likes.
///
/// # Errors
/// When the process is gone.
pub(crate) fn process_memory(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no RssAnon")?;
    Ok(kib.parse::<u64>()? * 1_024)
}

/// (idle, all) ticks of each core since the start.
pub(crate) fn core_ticks() -> Result<Vec<(u64, u64)>> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let mut cores = Vec::new();
    for line in stat
        .lines()
        .filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "))
    {
        let ticks: Vec<u64> = line
            .split_whitespace()
            .skip(1)
            .filter_map(|word| word.parse().ok())
            .collect();
        // Idle and waiting for disks; guest time is in user time already.
        let idle = ticks.iter().skip(3).take(2).sum();
        cores.push((idle, ticks.iter().take(8).sum()));
    }
    Ok(cores)
}

/// Packets that a device in the namespace of `thread` (of this process) did not send, since it came to be.
///
/// # Errors
/// When there is no such device.
pub(crate) fn sending_dropped(thread: i32, device: &str) -> Result<u64> {
    let devices = std::fs::read_to_string(format!("/proc/self/task/{thread}/net/dev"))?;
    dropped_of(&devices, device).with_context(|| format!("no counters of {device}"))
}

/// The eight counters of receiving come first, then bytes, packets, errors and what was dropped of sending.
fn dropped_of(devices: &str, device: &str) -> Option<u64> {
    let mut lines = devices.lines().filter_map(|line| line.split_once(':'));
    let (_, counters) = lines.find(|(name, _)| name.trim() == device)?;
    counters.split_whitespace().nth(11)?.parse().ok()
}

/// Processor and kernel, for the report.
#[must_use]
pub fn describe() -> String {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let vaes = if info.contains(" vaes") { " with VAES" } else { "" };
    format!(
        "{cores} cores of {model}{vaes}, Linux {}",
        read("/proc/sys/kernel/osrelease").trim()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_dropped_is_found_by_its_name() {
        let devices = "Inter-|   Receive  |  Transmit\n face |bytes    packets errs\n\
                       load0: 10 1 0 2 0 0 0 0 20 3 0 7 0 0 0 0\nload01: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(dropped_of(devices, "load0"), Some(7));
        assert_eq!(dropped_of(devices, "load1"), None);
    }
}
