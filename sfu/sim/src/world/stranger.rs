//! Clients that joined by hand, with nothing between them and the core.

use std::net::SocketAddr;
use std::time::Duration;

use sfu_core::Input;

use super::World;
use crate::client::Client;

/// How a stranger reaches the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Datagrams,
    /// One connection.
    Frames,
}

impl World {
    /// Lets a client that joined by hand talk to the core from an address.
    pub fn run_with_stranger(&mut self, client: &mut Client, address: SocketAddr, duration: Duration) {
        self.run_with_stranger_by(Reach::Datagrams, client, address, duration);
    }

    /// As [`World::run_with_stranger`], by datagrams or over a connection.
    pub fn run_with_stranger_by(&mut self, reach: Reach, client: &mut Client, from: SocketAddr, duration: Duration) {
        let end = self.now + duration;
        while self.now < end {
            client.timeout(self.now);
            while let Some(mut bytes) = client.poll_transmit() {
                let (local, bytes) = (self.address, &mut bytes[..]);
                let input = match reach {
                    Reach::Datagrams => Input::Datagram { from, local, bytes },
                    Reach::Frames => Input::Frame { from, local, bytes },
                };
                self.sfu.handle(self.now, input);
                self.collect();
            }
            self.run_for(Duration::from_millis(5));
            while let Some(mut bytes) = self.strays.pop_front().map(|datagram| datagram.bytes) {
                client.receive(&mut bytes, self.now);
            }
        }
    }

    /// The connection from an address ends.
    pub fn close_connection(&mut self, from: SocketAddr) {
        let local = self.address;
        self.sfu.handle(self.now, Input::Closed { from, local });
        self.collect();
    }
}
