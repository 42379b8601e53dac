//! Packet captures of running calls for an operator who looks for a fault: headers only, for minutes, into a file that
//! Wireshark reads.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use booking_core::calls::{CAPTURES_KEPT, CaptureError};
use media_plane::Plane;
use sfu_core::RoomId;
use sfu_driver::pcapng;
use tokio::sync::watch;

use crate::shutdown;

/// Interval at which files that are too old are deleted.
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
            .driver()
            .capture(signaling::room_id(call))
            .ok()
            .flatten()
            .ok_or(CaptureError::NotHere)?;
        let failed = |error: io::Error| {
            tracing::error!(%error, "a capture cannot be written");
            CaptureError::Failed
        };
        let file = self.file(signaling::room_id(call)).map_err(failed)?;
        let running = Arc::clone(&self.running);
        let work = move || {
            match pcapng::write_until(file, &captured, Instant::now() + time) {
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
        let name = format!("{:032x}-{}.pcapng", room.0, now.as_millis());
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.folder.join(name))
    }
}

/// Deletes files that are older than [`CAPTURES_KEPT`].
fn forget_old(folder: &Path) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    let mut deleted = 0;
    for file in files.flatten() {
        let written = file.metadata().and_then(|data| data.modified());
        let old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > CAPTURES_KEPT));
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Trial C2: seven days held only if the server was restarted.
    #[test]
    fn c2_files_of_more_than_seven_days_are_deleted() {
        let folder = std::env::temp_dir().join(format!("booka-captures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        for (name, days) in [("old.pcapng", 8), ("new.pcapng", 6)] {
            let file = File::create(folder.join(name)).expect("it can be made");
            let at = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
            file.set_modified(at).expect("it is ours");
        }
        forget_old(&folder);
        assert!(!folder.join("old.pcapng").exists() && folder.join("new.pcapng").exists());
        std::fs::remove_dir_all(folder).expect("it is ours");
    }
}
