//! The driver over real loopback sockets, with the simulator's model clients on the other end.

mod addresses;
mod call;
mod harness;
mod hostile;
mod start;
mod tcp;
