//! Encrypted connections: who gets one, that everything works over one, and that whoever wants none, or too much of
//! one, holds nobody up.

#![allow(clippy::unwrap_used, reason = "a test")]

mod certificates;
mod cli;
#[path = "../harness/mod.rs"]
mod harness;
mod hostile;
mod reload;
mod replication;
mod start;
mod traffic;
mod trust;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use certificates::{Certificates, client_config};
use harness::{Client, Server, Spec};

/// A server that listens for TLS too, with the files of its certificates.
struct Encrypted {
    server: Server,
    certificates: Certificates,
    port: u16,
}

impl Encrypted {
    /// Starts it with `directives` besides.
    #[track_caller]
    fn start(directives: &[&str]) -> Self {
        let certificates = Certificates::new();
        let port = free_port();
        let server = Spec::under_test()
            .with(&["--tls-port", &port.to_string()])
            .with(&certificates.directives().each_ref().map(String::as_str))
            .with(directives)
            .start();
        Self { server, certificates, port }
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// A new encrypted connection of a client that is trusted.
    #[track_caller]
    fn connect(&self) -> Client {
        let config = client_config(self.certificates.authority(), Some(self.certificates.client()));
        Client::connect_tls(self.address(), config).expect("the server accepts the client")
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}
