//! The bot's side of the call's WebSocket; `docs/protocol.md` is the specification.

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use signaling_protocol::{ClientMessage, ServerMessage};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// Largest message taken from the server, bytes; an answer with many slots is the largest there is.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// An open connection to the server.
pub(super) struct Signaling {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Signaling {
    pub(super) async fn connect(url: &str) -> Result<Self> {
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX));
        let (socket, _) = connect_async_with_config(url, Some(config), true)
            .await
            .with_context(|| format!("connect to {url}"))?;
        Ok(Self { socket })
    }

    pub(super) async fn send(&mut self, message: &ClientMessage) -> Result<()> {
        let text = serde_json::to_string(message).context("write a message")?;
        self.socket.send(Message::text(text)).await.context("send a message")
    }

    /// The next message, or `None` when the server has closed the connection. Safe to cancel.
    pub(super) async fn next(&mut self) -> Result<Option<ServerMessage>> {
        while let Some(frame) = self.socket.next().await {
            if let Message::Text(text) = frame.context("read a message")? {
                return serde_json::from_str(&text).map(Some).context("understand a message");
            }
        }
        Ok(None)
    }
}
