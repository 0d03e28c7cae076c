//! Encrypted connections.

use std::path::PathBuf;

use super::group;
use crate::Support::{self, Ignored, Supported};
use crate::kind::choice::{YesNo, choices, one_of};
use crate::kind::number::{INT_MAX, integer};
use crate::kind::text::{Secret, text};

const NO_PEERS: Support = Ignored("there is no cluster yet");
const NO_DH: Support = Ignored("keys are agreed on over elliptic curves only");

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
    "tls-port" => port: u16 = 0, integer(0, 65535), Supported;

    /// TLS sessions to remember, at most 262144; 0 for so many.
    "tls-session-cache-size" => session_cache_size: u32 = 20 * 1024, integer(0, INT_MAX), Supported;

    /// Seconds for which a TLS session may be resumed.
    "tls-session-cache-timeout" => session_cache_timeout_s: u32 = 300, integer(0, INT_MAX), Supported;

    /// Encrypt the connections between nodes of the cluster.
    "tls-cluster" => cluster: bool = false, YesNo, NO_PEERS;

    /// Encrypt the connection to the primary.
    "tls-replication" => replication: bool = false, YesNo, Supported;

    /// Whether clients must show a certificate.
    "tls-auth-clients" => auth_clients: TlsAuthClients = TlsAuthClients::Yes, one_of(), Supported;

    /// Let the server's order of ciphers win over the client's.
    "tls-prefer-server-ciphers" => prefer_server_ciphers: bool = false, YesNo, Supported;

    /// Let clients resume TLS sessions.
    "tls-session-caching" => session_caching: bool = true, YesNo, Supported;

    /// File with the server's certificate.
    "tls-cert-file" => cert_file: Option<PathBuf> = None, text(), Supported;

    /// File with the private key of the server's certificate.
    "tls-key-file" => key_file: Option<PathBuf> = None, text(), Supported;

    /// Password of the server's private key.
    "tls-key-file-pass" [sensitive] => key_file_pass: Option<Secret> = None, text(), Supported;

    /// File with the certificate shown to other servers.
    "tls-client-cert-file" => client_cert_file: Option<PathBuf> = None, text(), Supported;

    /// File with the private key of the certificate shown to other servers.
    "tls-client-key-file" => client_key_file: Option<PathBuf> = None, text(), Supported;

    /// Password of the private key of the certificate shown to other servers.
    "tls-client-key-file-pass" [sensitive] => client_key_file_pass: Option<Secret> = None, text(), Supported;

    /// File with Diffie-Hellman parameters.
    "tls-dh-params-file" => dh_params_file: Option<PathBuf> = None, text(), NO_DH;

    /// File with the certificates of the authorities to trust.
    "tls-ca-cert-file" => ca_cert_file: Option<PathBuf> = None, text(), Supported;

    /// Directory with the certificates of the authorities to trust.
    "tls-ca-cert-dir" => ca_cert_dir: Option<PathBuf> = None, text(), Supported;

    /// TLS versions to speak, separated by blanks: TLSv1.2, TLSv1.3. Without a value, both.
    "tls-protocols" => protocols: Option<String> = None, text(), Supported;

    /// Ciphers to offer in TLS 1.2, as a list of OpenSSL's; of its names, those with ECDHE and GCM or ChaCha20 are known.
    "tls-ciphers" => ciphers: Option<String> = None, text(), Supported;

    /// Cipher suites to offer in TLS 1.3, separated by colons.
    "tls-ciphersuites" => ciphersuites: Option<String> = None, text(), Supported;
}
