//! Packet captures of running calls for an operator who looks for a fault: headers only, for minutes, into a file that
//! Wireshark reads.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use booking_core::calls::CaptureError;
use sfu_core::{Captured, RoomId};
use sfu_driver::pcap;
use tokio::sync::watch;

use crate::media::Plane;
use crate::shutdown;

/// Bytes of one file; a capture ends there.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How long files are kept: they hold the addresses of people.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Between two looks at the time while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Between two looks for files that are too old.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Starts captures, one at a time.
#[derive(Clone)]
pub(crate) struct Captures {
    plane: Arc<Plane>,
    folder: PathBuf,
    running: Arc<AtomicBool>,
}

impl Captures {
    pub(crate) fn new(plane: Arc<Plane>, data_dir: &Path) -> Self {
        Self {
            plane,
            folder: data_dir.join("captures"),
            running: Arc::default(),
        }
    }

    /// Deletes old files now and every hour, until a stop is asked for.
    pub(crate) async fn sweep(self, stopping: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(SWEEP_EVERY);
        let stop = shutdown::requested(stopping);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = ticks.tick() => forget_old(&self.folder),
            }
        }
    }

    /// Captures the headers of a call's packets for so long.
    ///
    /// # Errors
    /// When the call is not here, another capture runs, or no file can be made.
    pub(crate) fn start(&self, call: &str, time: Duration) -> Result<(), CaptureError> {
        if self.running.swap(true, Ordering::AcqRel) {
            return Err(CaptureError::Running);
        }
        let begun = self.begin(call, time);
        if begun.is_err() {
            self.running.store(false, Ordering::Release);
        }
        begun
    }

    fn begin(&self, call: &str, time: Duration) -> Result<(), CaptureError> {
        let captured = self
            .plane
            .capture(signaling::room_id(call))
            .ok_or(CaptureError::NotHere)?;
        let failed = |error: io::Error| {
            tracing::error!(%error, "a capture cannot be written");
            CaptureError::Failed
        };
        let file = self.file(signaling::room_id(call)).map_err(failed)?;
        let running = Arc::clone(&self.running);
        let work = move || {
            match write_all(file, &captured, Instant::now() + time) {
                Ok(packets) => tracing::info!(packets, "a capture is done"),
                Err(error) => tracing::error!(%error, "a capture ended early"),
            }
            running.store(false, Ordering::Release);
        };
        std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(work)
            .map_err(failed)?;
        Ok(())
    }

    fn file(&self, room: RoomId) -> io::Result<File> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:032x}-{}.pcap", room.0, now.as_millis());
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.folder.join(name))
    }
}

/// Deletes files that are older than [`KEPT`].
fn forget_old(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    let mut deleted = 0;
    for file in files.flatten() {
        let written = file.metadata().and_then(|data| data.modified());
        let old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > KEPT));
        match old.then(|| std::fs::remove_file(file.path())) {
            Some(Ok(())) => deleted += 1,
            Some(Err(error)) => tracing::error!(%error, "an old capture cannot be deleted"),
            None => {}
        }
    }
    if deleted > 0 {
        tracing::info!(deleted, "old captures were deleted");
    }
}

/// Writes until the time is over, the file is full, or nothing more can come; dropping the queue then ends the capture.
fn write_all(file: File, captured: &Receiver<Captured>, until: Instant) -> io::Result<u64> {
    let mut out = BufWriter::new(file);
    let (wall, mono) = (SystemTime::now(), Instant::now());
    let (mut bytes, mut packets) = (pcap::write_head(&mut out)?, 0);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || bytes >= FILE_BYTES_MAX {
            break;
        }
        match captured.recv_timeout(left.min(LOOK_EVERY)) {
            Ok(copy) => {
                let at = match copy.at.checked_duration_since(mono) {
                    Some(after) => wall + after,
                    None => wall - mono.duration_since(copy.at),
                };
                bytes += pcap::write_packet(&mut out, at, &copy)?;
                packets += 1;
            }
            Err(RecvTimeoutError::Timeout) => out.flush()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    out.flush()?;
    Ok(packets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sfu_core::PeerId;

    fn copy(remote: &str, local: &str, incoming: bool) -> Captured {
        Captured {
            at: Instant::now(),
            peer: PeerId(1),
            incoming,
            remote: remote.parse().expect("an address"),
            local: local.parse().expect("an address"),
            len: 100,
            bytes: vec![0x80; 12],
        }
    }

    /// Trial C2: seven days held only if the server was restarted.
    #[test]
    fn c2_files_of_more_than_seven_days_are_deleted() {
        let folder = std::env::temp_dir().join(format!("booka-captures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        for (name, days) in [("old.pcap", 8), ("new.pcap", 6)] {
            let file = File::create(folder.join(name)).expect("it can be made");
            let at = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
            file.set_modified(at).expect("it is ours");
        }
        forget_old(&folder);
        assert!(!folder.join("old.pcap").exists() && folder.join("new.pcap").exists());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }

    #[test]
    fn a_file_ends_with_its_time_or_its_source() {
        let path = std::env::temp_dir().join(format!("booka-capture-{}.pcap", std::process::id()));
        let (sender, captured) = std::sync::mpsc::sync_channel(4);
        sender
            .send(copy("192.0.2.1:1", "192.0.2.2:2", true))
            .expect("there is room");
        drop(sender);
        let file = File::create(&path).expect("the temporary folder can be written");
        let long = Instant::now() + Duration::from_secs(600);
        assert_eq!(write_all(file, &captured, long).expect("it can be written"), 1);
        let written = std::fs::read(&path).expect("it is there");
        assert_eq!(written.len(), 24 + 56);
        assert_eq!(written[..4], 0xa1b2_3c4d_u32.to_le_bytes());

        let (sender, captured) = std::sync::mpsc::sync_channel(4);
        let file = File::create(&path).expect("the temporary folder can be written");
        assert_eq!(
            write_all(file, &captured, Instant::now()).expect("it can be written"),
            0
        );
        drop(captured);
        let left = sender.send(copy("192.0.2.1:1", "192.0.2.2:2", true));
        assert!(left.is_err(), "who sends on is told to stop");
        std::fs::remove_file(path).expect("it is ours");
    }
}
