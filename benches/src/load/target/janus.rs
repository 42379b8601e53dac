//! Janus and its videoroom plugin, started for the measurement and asked over its WebSocket.

use std::collections::HashMap;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream as AsyncTcp;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::super::network::Network;
use super::super::sdp::{Local, Remote};
use super::process::ServerProcess;
use super::{Participant, Target};

const PORT: u16 = 8_188;
/// How long it may take to start, and to answer.
const STEP_MAX: Duration = Duration::from_secs(20);
/// Requests on their way to the socket.
const REQUESTS_MAX: usize = 256;

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<Value>>>>;

/// A running Janus.
pub struct Janus {
    process: ServerProcess,
    requests: mpsc::Sender<String>,
    waiting: Waiting,
    session: u64,
    next: AtomicU64,
    transport_cc: bool,
}

impl Janus {
    /// Starts it with a configuration of our own. `event_loops` of zero gives every connection a thread, as the
    /// package does.
    ///
    /// # Errors
    /// When the program is missing or does not come up.
    pub async fn start(network: &Network, program: &Path, event_loops: usize, transport_cc: bool) -> Result<Self> {
        let process = ServerProcess::start(network, "janus", |folder| {
            write_config(folder, network, event_loops)?;
            let mut command = Command::new(program);
            command.arg("-F").arg(folder);
            Ok(command)
        })?;
        let address = format!("{}:{PORT}", network.server_ip());
        let deadline = Instant::now() + STEP_MAX;
        while TcpStream::connect(&address).is_err() {
            if Instant::now() > deadline {
                bail!("janus does not listen at {address}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let (requests, waiting) = connect(&address).await?;
        let mut janus = Self {
            process,
            requests,
            waiting,
            session: 0,
            next: AtomicU64::new(1),
            transport_cc,
        };
        let created = janus.ask(json!({ "janus": "create" })).await?;
        janus.session = created["data"]["id"].as_u64().context("janus made no session")?;
        Ok(janus)
    }

    /// Sends a request and takes the answer with its transaction.
    async fn ask(&self, mut request: Value) -> Result<Value> {
        let transaction = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        let (sender, receiver) = oneshot::channel();
        self.waiting
            .lock()
            .expect("nobody panics while holding it")
            .insert(transaction, sender);
        self.requests.send(request.to_string()).await.context("janus is gone")?;
        let answer = tokio::time::timeout(STEP_MAX, receiver)
            .await
            .with_context(|| format!("janus did not answer {request}"))?
            .context("janus is gone")?;
        let refused = answer["janus"] == "error" || answer["plugindata"]["data"].get("error").is_some();
        if refused {
            bail!("janus refused {request}: {answer}");
        }
        Ok(answer)
    }

    async fn attach(&self) -> Result<u64> {
        let attached = self
            .ask(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" }))
            .await?;
        attached["data"]["id"].as_u64().context("janus gave no handle")
    }

    async fn message(&self, handle: u64, body: Value, jsep: Option<Value>) -> Result<Value> {
        let mut request = json!({ "janus": "message", "handle_id": handle, "body": body });
        if let Some(jsep) = jsep {
            request["jsep"] = jsep;
        }
        self.ask(request).await
    }
}

/// Handle and feed, as one participant's id.
fn name(handle: u64, feed: u64) -> String {
    format!("{handle}/{feed}")
}

fn parts(id: &str) -> Result<(u64, u64)> {
    let (handle, feed) = id.split_once('/').context("not a participant of janus")?;
    Ok((handle.parse()?, feed.parse()?))
}

#[async_trait]
impl Target for Janus {
    fn name(&self) -> &'static str {
        "janus"
    }

    fn pid(&self) -> Option<u32> {
        Some(self.process.pid())
    }

    async fn open_room(&self, people: usize) -> Result<String> {
        let handle = self.attach().await?;
        let room = self.next.fetch_add(1, Ordering::Relaxed);
        let body = json!({
            "request": "create", "room": room, "publishers": people.max(1), "bitrate": 0, "fir_freq": 0,
            "audiocodec": "opus", "videocodec": "vp8", "transport_wide_cc_ext": self.transport_cc,
            "notify_joining": false,
        });
        self.message(handle, body, None).await?;
        Ok(room.to_string())
    }

    async fn publish(&self, room: &str, local: &Local) -> Result<(Participant, Remote)> {
        let handle = self.attach().await?;
        let number: u64 = room.parse()?;
        let joined = self
            .message(
                handle,
                json!({ "request": "join", "ptype": "publisher", "room": number }),
                None,
            )
            .await?;
        let feed = joined["plugindata"]["data"]["id"]
            .as_u64()
            .context("janus named no feed")?;
        let jsep = json!({ "type": "offer", "sdp": local.offer(), "trickle": false });
        let configured = self
            .message(handle, json!({ "request": "publish" }), Some(jsep))
            .await?;
        let answer = configured["jsep"]["sdp"]
            .as_str()
            .context("janus did not answer the offer")?;
        let remote = Remote::read(answer).with_context(|| format!("the answer misses something:\n{answer}"))?;
        let participant = Participant {
            room: room.to_owned(),
            id: name(handle, feed),
        };
        Ok((participant, remote))
    }

    async fn watch(&self, room: &str, local: &Local, publishers: &[Participant]) -> Result<(Participant, Remote)> {
        let handle = self.attach().await?;
        let number: u64 = room.parse()?;
        let mut streams = Vec::new();
        for publisher in publishers {
            streams.push(json!({ "feed": parts(&publisher.id)?.1 }));
        }
        let body = json!({ "request": "join", "ptype": "subscriber", "room": number, "streams": streams });
        let deadline = Instant::now() + STEP_MAX;
        let attached = loop {
            // A feed is there a moment after its handshake is over.
            match self.message(handle, body.clone(), None).await {
                Err(error) if error.to_string().contains("No such feed") && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                answered => break answered?,
            }
        };
        let offer = attached["jsep"]["sdp"].as_str().context("janus made no offer")?;
        let remote = Remote::read(offer).with_context(|| format!("the offer misses something:\n{offer}"))?;
        let jsep = json!({ "type": "answer", "sdp": local.answer(offer), "trickle": false });
        self.message(handle, json!({ "request": "start" }), Some(jsep)).await?;
        let participant = Participant {
            room: room.to_owned(),
            id: name(handle, 0),
        };
        // Its offer leaves the role to us, and ours is to begin.
        Ok((
            participant,
            Remote {
                active: false,
                ..remote
            },
        ))
    }

    async fn leave(&self, participant: &Participant) -> Result<()> {
        let (handle, _) = parts(&participant.id)?;
        self.ask(json!({ "janus": "detach", "handle_id": handle }))
            .await
            .map(|_| ())
    }

    async fn stop(&self) -> Result<()> {
        self.process.stop()
    }
}

fn write_config(folder: &Path, network: &Network, event_loops: usize) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let ip = network.server_ip();
    let loops = if event_loops == 0 {
        String::new()
    } else {
        format!("event_loops = {event_loops}\n")
    };
    let plugins = [
        "audiobridge",
        "duktape",
        "echotest",
        "lua",
        "nosip",
        "recordplay",
        "sip",
        "streaming",
        "textroom",
        "videocall",
        "voicemail",
    ]
    .map(|name| format!("libjanus_{name}.so"))
    .join(",");
    let transports = ["http", "mqtt", "nanomsg", "pfunix", "rabbitmq"]
        .map(|name| format!("libjanus_{name}.so"))
        .join(",");
    let main = format!(
        "general: {{\nconfigs_folder = \"{}\"\ndebug_level = 2\nsession_timeout = 0\n{loops}}}\n\
         media: {{\nrtp_port_range = \"20000-60000\"\n}}\n\
         nat: {{\nice_lite = true\nice_enforce_list = \"{ip}\"\n}}\n\
         plugins: {{\ndisable = \"{plugins}\"\n}}\ntransports: {{\ndisable = \"{transports}\"\n}}\n\
         events: {{\nbroadcast = false\n}}\n",
        folder.display()
    );
    std::fs::write(folder.join("janus.jcfg"), main)?;
    let socket =
        format!("general: {{\njson = \"compact\"\nws = true\nws_port = {PORT}\nws_ip = \"{ip}\"\nwss = false\n}}\n");
    std::fs::write(folder.join("janus.transport.websockets.jcfg"), socket)?;
    std::fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {\n}\n")?;
    Ok(())
}

/// Opens the WebSocket and hands every answer to whoever waits for its transaction.
async fn connect(address: &str) -> Result<(mpsc::Sender<String>, Waiting)> {
    let mut request = format!("ws://{address}/").into_client_request()?;
    request.headers_mut().insert(
        "Sec-WebSocket-Protocol",
        "janus-protocol".parse().context("a constant")?,
    );
    let stream = AsyncTcp::connect(address).await?;
    let (socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .context("open the WebSocket")?;
    let (mut sink, mut source) = socket.split();
    let (requests, mut outgoing) = mpsc::channel::<String>(REQUESTS_MAX);
    let waiting = Waiting::default();
    let answers = Arc::clone(&waiting);
    tokio::spawn(async move {
        while let Some(text) = outgoing.recv().await {
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(Ok(message)) = source.next().await {
            let Ok(value) = message.to_text().map(serde_json::from_str::<Value>) else {
                continue;
            };
            let Ok(value) = value else { continue };
            if value["janus"] == "ack" {
                continue;
            }
            let Some(transaction) = value["transaction"].as_str() else {
                continue;
            };
            let waiter = answers
                .lock()
                .expect("nobody panics while holding it")
                .remove(transaction);
            if let Some(waiter) = waiter {
                // Who asked may have given up.
                let _ = waiter.send(value);
            }
        }
        answers.lock().expect("nobody panics while holding it").clear();
    });
    Ok((requests, waiting))
}
