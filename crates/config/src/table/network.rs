//! Where the server listens.

use std::path::PathBuf;

use super::group;
use crate::BindAddresses;
use crate::Support::{Ignored, Supported};
use crate::kind::bind::Addresses;
use crate::kind::choice::YesNo;
use crate::kind::number::{INT_MAX, integer, octal};
use crate::kind::text::text;

group! {
    /// Where the server listens, and how connections are kept alive.
    Network in network, defaults on host;

    /// Addresses to listen on; a `-` in front lets one be missing.
    "bind" => bind: BindAddresses = BindAddresses::loopback(), Addresses, Supported;

    /// Source address of the connection to the primary.
    "bind-source-addr" => bind_source_addr: Option<String> = None, text(), Supported;

    /// TCP port to listen on; 0 listens on none.
    "port" => port: u16 = 6379, integer(0, 65535), Supported;

    /// TCP port on which Prometheus gets metrics, at `/metrics`; 0 is none.
    "metrics-port" [fixed] => metrics_port: u16 = 0, integer(0, 65535), Supported;

    /// Addresses on which metrics can be had; a `-` in front lets one be missing. Whoever reaches them reads the metrics.
    "metrics-bind" [fixed] => metrics_bind: BindAddresses = BindAddresses::loopback(), Addresses, Supported;

    /// Connections that the kernel completes ahead of being accepted.
    "tcp-backlog" [immutable] => tcp_backlog: u32 = 511, integer(0, INT_MAX), Supported;

    /// Path of the Unix socket to listen on; empty for none.
    "unixsocket" [immutable] => unixsocket: Option<PathBuf> = None, text(), Supported;

    /// Permissions of the Unix socket, in octal; 0 leaves them to the umask.
    "unixsocketperm" [immutable] => unixsocket_permissions: u32 = 0, octal(0, 0o777), Supported;

    /// Seconds after which an idle client is closed; 0 never closes one.
    "timeout" => timeout_s: u32 = 0, integer(0, INT_MAX), Supported;

    /// Seconds of silence after which TCP asks whether the other side still lives; 0 never asks.
    "tcp-keepalive" => tcp_keepalive_s: u32 = 300, integer(0, INT_MAX), Supported;

    /// Mark set on the sockets that the server listens on; 0 for none.
    "socket-mark-id" [immutable] => socket_mark_id: u32 = 0, integer(0, u32::MAX),
        Ignored("sockets are not marked");

    /// Refuse clients from other machines while no password is set and `bind` is not loopback only.
    "protected-mode" => protected_mode: bool = true, YesNo, Supported;
}
