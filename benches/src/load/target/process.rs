//! The process of a server that a target starts, with a folder and a log of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use anyhow::Result;

use super::super::network::Network;

/// A running server.
pub(super) struct ServerProcess {
    child: Mutex<Child>,
    pid: u32,
    folder: PathBuf,
}

impl ServerProcess {
    /// Starts a server called `name` on its side of the network: `command` gets the folder and says what to run.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(network: &Network, name: &str, command: impl FnOnce(&Path) -> Result<Command>) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut command = command(&folder)?;
        let log = File::create(folder.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = network.spawn(command)?;
        Ok(Self {
            pid: child.id(),
            child: Mutex::new(child),
            folder,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it wrote.
    pub(super) fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("log"))?)
    }

    /// Ends it and deletes its folder.
    pub(super) fn stop(&self) -> Result<()> {
        let mut child = self.child.lock().expect("nobody panics while holding it");
        child.kill()?;
        child.wait()?;
        // The folder is a temporary one.
        let _ = std::fs::remove_dir_all(&self.folder);
        Ok(())
    }
}
