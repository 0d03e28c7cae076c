//! Encrypted connections.

use std::path::PathBuf;

use super::group;
use crate::Support::{self, Ignored};
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, integer};
use crate::kind::text::{Secret, text};

const NO_TLS: Support = Ignored("connections are not encrypted yet");

choices! {
    /// Whether clients must show a certificate (`tls-auth-clients`).
    TlsAuthClients {
        /// They need none.
        No = "no",
        /// They need one that the server trusts.
        Yes = "yes",
        /// They need none, but one that they show must be trusted.
        Optional = "optional",
    }
}

group! {
    /// Encrypted connections.
    Tls in tls, defaults on host;

    /// TCP port for encrypted connections; 0 listens on none.
    "tls-port" => port: u16 = 0, integer(0, 65535), NO_TLS;

    /// TLS sessions to remember; 0 for no bound.
    "tls-session-cache-size" => session_cache_size: u32 = 20 * 1024, integer(0, INT_MAX), NO_TLS;

    /// Seconds for which a TLS session may be resumed.
    "tls-session-cache-timeout" => session_cache_timeout_s: u32 = 300, integer(0, INT_MAX), NO_TLS;

    /// Encrypt the connections between nodes of the cluster.
    "tls-cluster" => cluster: bool = false, YesNo, NO_TLS;

    /// Encrypt the connection to the primary.
    "tls-replication" => replication: bool = false, YesNo, NO_TLS;

    /// Whether clients must show a certificate.
    "tls-auth-clients" => auth_clients: TlsAuthClients = TlsAuthClients::Yes, one_of(), NO_TLS;

    /// Let the server's order of ciphers win over the client's.
    "tls-prefer-server-ciphers" => prefer_server_ciphers: bool = false, YesNo, NO_TLS;

    /// Let clients resume TLS sessions.
    "tls-session-caching" => session_caching: bool = true, YesNo, NO_TLS;

    /// File with the server's certificate.
    "tls-cert-file" => cert_file: Option<PathBuf> = None, text(), NO_TLS;

    /// File with the private key of the server's certificate.
    "tls-key-file" => key_file: Option<PathBuf> = None, text(), NO_TLS;

    /// Password of the server's private key.
    "tls-key-file-pass" [sensitive] => key_file_pass: Option<Secret> = None, text(), NO_TLS;

    /// File with the certificate shown to other servers.
    "tls-client-cert-file" => client_cert_file: Option<PathBuf> = None, text(), NO_TLS;

    /// File with the private key of the certificate shown to other servers.
    "tls-client-key-file" => client_key_file: Option<PathBuf> = None, text(), NO_TLS;

    /// Password of the private key of the certificate shown to other servers.
    "tls-client-key-file-pass" [sensitive] => client_key_file_pass: Option<Secret> = None, text(), NO_TLS;

    /// File with Diffie-Hellman parameters.
    "tls-dh-params-file" => dh_params_file: Option<PathBuf> = None, text(), NO_TLS;

    /// File with the certificates of the authorities to trust.
    "tls-ca-cert-file" => ca_cert_file: Option<PathBuf> = None, text(), NO_TLS;

    /// Directory with the certificates of the authorities to trust.
    "tls-ca-cert-dir" => ca_cert_dir: Option<PathBuf> = None, text(), NO_TLS;

    /// TLS versions to speak, separated by blanks.
    "tls-protocols" => protocols: Option<String> = None, text(), NO_TLS;

    /// Ciphers to offer up to TLS 1.2.
    "tls-ciphers" => ciphers: Option<String> = None, text(), NO_TLS;

    /// Cipher suites to offer in TLS 1.3.
    "tls-ciphersuites" => ciphersuites: Option<String> = None, text(), NO_TLS;
}
