//! Sessions at WHIP and WHEP endpoints (RFC 9725, draft-ietf-wish-whep), of any server.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, bail};
use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, StatusCode, Url};

use super::super::sdp::{Local, Remote};
use super::{Participant, Target};

/// A session that was begun: where it is ended, and with what.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) url: Url,
    pub(super) bearer: String,
}

/// Posts the offer of `local` and reads the answer.
pub(super) async fn begin(http: &Client, url: Url, bearer: &str, local: &Local) -> Result<(Session, Remote)> {
    let request = http
        .post(url.clone())
        .bearer_auth(bearer)
        .header(CONTENT_TYPE, "application/sdp");
    let answer = request.body(local.offer()).send().await.context("post an offer")?;
    let (status, location) = (answer.status(), answer.headers().get(LOCATION).cloned());
    let text = answer.text().await?;
    if status != StatusCode::CREATED {
        bail!("{url} answered {status}: {text}");
    }
    let location = location.context("the answer names no session")?;
    let session = Session {
        url: url.join(location.to_str()?)?,
        bearer: bearer.to_owned(),
    };
    let remote = Remote::read(&text).with_context(|| format!("the answer misses something:\n{text}"))?;
    Ok((session, remote))
}

/// Ends a session.
pub(super) async fn end(http: &Client, session: Session) -> Result<()> {
    let answer = http.delete(session.url).bearer_auth(&session.bearer).send().await?;
    // A client that said goodbye by DTLS has ended its session already.
    if answer.status() != reqwest::StatusCode::NOT_FOUND {
        answer.error_for_status()?;
    }
    Ok(())
}

/// A server that runs already; what a WHEP session gets is the endpoint's own matter.
pub struct Whip {
    http: Client,
    whip: Url,
    whep: Url,
    bearer: String,
    pid: Option<u32>,
    sessions: Mutex<Vec<(String, Session)>>,
    next: AtomicU64,
}

impl Whip {
    /// A server at these endpoints. `{room}` in an address is replaced by the number of the room.
    ///
    /// # Errors
    /// When an address is none.
    pub fn new(whip: &str, whep: &str, bearer: &str, pid: Option<u32>) -> Result<Self> {
        Ok(Self {
            http: Client::builder().build()?,
            whip: whip.parse().context("the WHIP address")?,
            whep: whep.parse().context("the WHEP address")?,
            bearer: bearer.to_owned(),
            pid,
            sessions: Mutex::default(),
            next: AtomicU64::new(1),
        })
    }

    async fn join(&self, url: &Url, room: &str, local: &Local) -> Result<(Participant, Remote)> {
        let url = url.as_str().replace("%7Broom%7D", room).parse()?;
        let (session, remote) = begin(&self.http, url, &self.bearer, local).await?;
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        self.sessions
            .lock()
            .expect("nobody panics while holding it")
            .push((id.clone(), session));
        let room = room.to_owned();
        Ok((Participant { room, id }, remote))
    }
}

#[async_trait]
impl Target for Whip {
    fn name(&self) -> &'static str {
        "whip"
    }

    fn pid(&self) -> Option<u32> {
        self.pid
    }

    async fn open_room(&self, _people: usize) -> Result<String> {
        Ok(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    async fn publish(&self, room: &str, local: &Local) -> Result<(Participant, Remote)> {
        self.join(&self.whip, room, local).await
    }

    async fn watch(&self, room: &str, local: &Local, _publishers: &[Participant]) -> Result<(Participant, Remote)> {
        self.join(&self.whep, room, local).await
    }

    async fn leave(&self, participant: &Participant) -> Result<()> {
        let session = {
            let mut sessions = self.sessions.lock().expect("nobody panics while holding it");
            let index = sessions.iter().position(|(id, _)| *id == participant.id);
            sessions.swap_remove(index.context("nobody of this name is there")?).1
        };
        end(&self.http, session).await
    }

    async fn stop(&self) -> Result<()> {
        let sessions = std::mem::take(&mut *self.sessions.lock().expect("nobody panics while holding it"));
        for (_, session) in sessions {
            end(&self.http, session).await?;
        }
        Ok(())
    }
}
