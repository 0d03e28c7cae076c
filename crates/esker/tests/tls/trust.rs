//! Who gets an encrypted connection, and who is refused.

use super::Encrypted;
use super::certificates::{Authority, Issued, client_config, config_of_versions};
use super::harness::{Client, Value, pass_over};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind};
use std::io;
use std::sync::Arc;

/// Connects and asks: with TLS 1.3 a client learns only from the first answer that it was refused.
fn ping(server: &Encrypted, config: Arc<ClientConfig>) -> io::Result<Value> {
    Client::connect_tls(server.address(), config)?.try_call(&["PING"])
}

/// Whether a client that shows `shown` is served.
fn is_served(server: &Encrypted, shown: Option<&Issued>) -> bool {
    ping(server, client_config(server.certificates.authority(), shown)).is_ok()
}

#[test]
fn clients_have_to_show_a_certificate_that_is_trusted() {
    let server = Encrypted::start(&[]);
    let authority = server.certificates.authority();
    assert!(is_served(&server, Some(server.certificates.client())));
    assert!(!is_served(&server, None));
    let strangers =
        [Authority::new().issue("client"), Issued::self_signed("client"), authority.issue_expired("client")];
    for stranger in &strangers {
        assert!(!is_served(&server, Some(stranger)));
    }

    let mut admin = server.server.connect();
    admin.call("CONFIG SET tls-auth-clients optional");
    assert!(is_served(&server, None));
    assert!(is_served(&server, Some(server.certificates.client())));
    for stranger in &strangers {
        assert!(!is_served(&server, Some(stranger)));
    }

    admin.call("CONFIG SET tls-auth-clients no");
    assert!(is_served(&server, None));
    for stranger in &strangers {
        assert!(is_served(&server, Some(stranger)), "nobody is asked");
    }

    admin.call("CONFIG SET tls-auth-clients yes");
    assert!(!is_served(&server, None));
    if !server.server.is_esker() {
        return;
    }
    let log = server.server.log();
    for said in ["peer sent no certificates", "UnknownIssuer", "certificate expired", "client=127.0.0.1:"] {
        assert!(log.contains(said), "{said} is not in the log:\n{log}");
    }
}

#[test]
fn clients_refuse_a_server_that_they_do_not_trust() {
    let server = Encrypted::start(&[]);
    let stranger = Authority::new();
    assert!(ping(&server, client_config(&stranger, Some(server.certificates.client()))).is_err());
    assert!(is_served(&server, Some(server.certificates.client())));
}

#[test]
fn versions_and_ciphers_are_those_of_the_configuration() {
    let server = Encrypted::start(&["--tls-auth-clients", "no"]);
    let mut admin = server.server.connect();
    let authority = server.certificates.authority();
    let connect = |version| {
        Client::connect_tls(server.address(), config_of_versions(authority, None, &[version])).and_then(
            |mut client| {
                client.try_call(&["PING"])?;
                Ok(client.with_tls(|stream| stream.conn.negotiated_cipher_suite().expect("one").suite()))
            },
        )
    };
    assert!(connect(&TLS12).is_ok() && connect(&TLS13).is_ok());
    admin.call("CONFIG SET tls-protocols TLSv1.2");
    assert!(connect(&TLS12).is_ok() && connect(&TLS13).is_err());
    admin.call("CONFIG SET tls-protocols TLSv1.3");
    assert!(connect(&TLS12).is_err() && connect(&TLS13).is_ok());
    admin.call_with(&["CONFIG", "SET", "tls-protocols", ""]);

    admin.call("CONFIG SET tls-ciphersuites TLS_CHACHA20_POLY1305_SHA256");
    admin.call("CONFIG SET tls-ciphers ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_eq!(connect(&TLS13).unwrap(), rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    assert_eq!(connect(&TLS12).unwrap(), rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);

    // Of two, the one that the server prefers, if it insists.
    let both = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
    admin.call(&format!("CONFIG SET tls-ciphersuites {both}"));
    assert_eq!(connect(&TLS13).unwrap(), rustls::CipherSuite::TLS13_AES_256_GCM_SHA384);
    admin.call("CONFIG SET tls-prefer-server-ciphers yes");
    assert_eq!(connect(&TLS13).unwrap(), rustls::CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
}

#[test]
fn sessions_are_resumed_where_they_may_be() {
    let server = Encrypted::start(&[]);
    if !server.server.is_esker() {
        return pass_over("Redis refuses whoever comes back with a session from before a change");
    }
    let mut admin = server.server.connect();
    for version in [&TLS12, &TLS13] {
        let certificates = &server.certificates;
        let config = config_of_versions(certificates.authority(), Some(certificates.client()), &[version]);
        let kind = || {
            let mut client = Client::connect_tls(server.address(), Arc::clone(&config)).unwrap();
            client.call("PING");
            client.with_tls(|stream| stream.conn.handshake_kind())
        };
        assert_eq!(kind(), Some(HandshakeKind::Full));
        assert_eq!(kind(), Some(HandshakeKind::Resumed));
        admin.call("CONFIG SET tls-session-caching no");
        assert_eq!(kind(), Some(HandshakeKind::Full), "whatever changes ends all sessions");
        assert_eq!(kind(), Some(HandshakeKind::Full));
        admin.call("CONFIG SET tls-session-caching yes");
    }
}
