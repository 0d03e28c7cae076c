//! Encryption, as redis.conf asks for it: certificates, keys, versions, ciphers and sessions, and the protocol
//! itself as a machine without a socket.
//!
//! - [`server_config`], [`peer_config`] and [`client_config`] make what rustls needs of directives and options. Whatever is wrong
//!   comes back as an [`Error`] that names the directive and the file.
//! - [`Channel`] is one encrypted connection: bytes of the network and plain bytes go in, the others come out.
//!
//! The cryptography is ring's, through rustls. This room opens no socket; it reads the files that directives name.

mod channel;
mod client;
mod error;
mod files;
mod key;
mod names;
mod peer;
mod server;
mod sessions;
mod trust;
mod x509;

#[cfg(test)]
mod test_certificates;

pub use channel::Channel;
pub use client::{ClientOptions, NameCheck, client_config};
pub use error::Error;
pub use files::Authorities;
pub use peer::peer_config;
pub use rustls::{Error as ProtocolError, ServerConfig};
pub use server::server_config;
