//! The whole server, started with a configuration and data of its own and used through its media API.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use reqwest::{Client, Url};
use serde_json::{Value, json};

use super::super::network::Network;
use super::super::sdp::{Local, Remote};
use super::process::ServerProcess;
use super::whip::{self, Session};
use super::{Participant, Target};

const HTTP_PORT: u16 = 8_080;
const MEDIA_PORT: u16 = 8_189;
/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(60);

/// A running server.
pub struct Booka {
    process: ServerProcess,
    http: Client,
    base: Url,
    key: String,
    sessions: Mutex<HashMap<String, Session>>,
}

impl Booka {
    /// Starts `program` with `shards` media threads.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(network: &Network, program: &Path, shards: usize) -> Result<Self> {
        let (key, hash) = fresh_key(program)?;
        let ip = network.server_ip();
        let base: Url = format!("http://{ip}:{HTTP_PORT}/").parse()?;
        let config = |folder: &Path| {
            format!(
                "public_url = \"http://{ip}:{HTTP_PORT}\"\ndata_dir = \"{}\"\n[http]\nlisten = \"{ip}:{HTTP_PORT}\"\n\
             metrics_readers = [\"{}\"]\n[media]\nbind = [\"{ip}\"]\nport = {MEDIA_PORT}\nshards = {shards}\n\
             [media_api]\nkey_hashes = [\"{hash}\"]\n[log]\nlevel = \"info\"\n",
                folder.join("data").display(),
                network.clients_ip(),
            )
        };
        let process = ServerProcess::start(network, "booka", |folder| {
            let path = folder.join("config.toml");
            std::fs::write(&path, config(folder))?;
            let mut command = Command::new(program);
            command.arg("--config").arg(path).arg("serve");
            Ok(command)
        })?;
        let booka = Self {
            process,
            http: Client::builder().build()?,
            base,
            key,
            sessions: Mutex::default(),
        };
        booka.wait_ready().await?;
        Ok(booka)
    }

    async fn wait_ready(&self) -> Result<()> {
        let deadline = Instant::now() + START_MAX;
        let url = self.base.join("readyz")?;
        loop {
            let answer = self.http.get(url.clone()).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the server did not start: {}", self.process.log()?);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        let request = self.http.post(self.base.join(path)?).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.with_context(|| format!("post {path}"))?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    async fn join(&self, room: &str, publish: bool, path: &str, local: &Local) -> Result<(Participant, Remote)> {
        let wanted = json!({ "name": "load", "publish": publish, "subscribe": !publish });
        let ticket = self.post(&format!("api/v1/rooms/{room}/tickets"), wanted).await?;
        let word = |name: &str| {
            ticket[name]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("no {name} in {ticket}"))
        };
        let (ticket, id) = (word("ticket")?, word("participant")?);
        let (session, remote) = whip::begin(&self.http, self.base.join(path)?, &ticket, local).await?;
        self.sessions
            .lock()
            .expect("nobody panics while holding it")
            .insert(id.clone(), session);
        let room = room.to_owned();
        Ok((Participant { room, id }, remote))
    }
}

/// A partner's key and its hash, made by the server's own command.
fn fresh_key(program: &Path) -> Result<(String, String)> {
    let output = Command::new(program)
        .arg("api-key")
        .output()
        .context("ask for a partner key")?;
    let output = String::from_utf8(output.stdout)?;
    let mut words = output
        .lines()
        .filter(|line| line.starts_with("  "))
        .map(|line| line.trim().to_owned());
    let pair = words.next().zip(words.next());
    pair.with_context(|| format!("no key and hash in: {output}"))
}

#[async_trait]
impl Target for Booka {
    fn name(&self) -> &'static str {
        "booka"
    }

    fn pid(&self) -> Option<u32> {
        Some(self.process.pid())
    }

    async fn open_room(&self, _people: usize) -> Result<String> {
        let made = self.post("api/v1/rooms", json!({ "name": "load" })).await?;
        made["room"]
            .as_str()
            .map(str::to_owned)
            .context("the server named no room")
    }

    async fn publish(&self, room: &str, local: &Local) -> Result<(Participant, Remote)> {
        self.join(room, true, "whip", local).await
    }

    async fn watch(&self, room: &str, local: &Local, publishers: &[Participant]) -> Result<(Participant, Remote)> {
        let named: Vec<String> = publishers
            .iter()
            .map(|publisher| format!("publisher={}", publisher.id))
            .collect();
        self.join(room, false, &format!("whep?{}", named.join("&")), local)
            .await
    }

    async fn leave(&self, participant: &Participant) -> Result<()> {
        let session = self
            .sessions
            .lock()
            .expect("nobody panics while holding it")
            .remove(&participant.id)
            .context("nobody of this name is there")?;
        whip::end(&self.http, session).await
    }

    async fn counters(&self) -> Result<Vec<(String, u64)>> {
        let text = self.http.get(self.base.join("metrics")?).send().await?.text().await?;
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.contains("_bucket"));
        let mut counters: Vec<(String, u64)> = lines
            .filter_map(|line| line.rsplit_once(' '))
            .filter_map(|(name, value)| Some((name.to_owned(), value.parse::<f64>().ok()? as u64)))
            .collect();
        counters.push(("log_lines".to_owned(), self.process.log()?.lines().count() as u64));
        Ok(counters)
    }

    async fn stop(&self) -> Result<()> {
        self.process.stop()
    }
}
