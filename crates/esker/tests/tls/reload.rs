//! Certificates change while the server runs.

use super::certificates::{Authority, Issued};
use super::harness::{Client, Server, eventually};
use super::{Encrypted, free_port};
use rustls::pki_types::CertificateDer;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// The certificate that the server shows to a new client.
#[track_caller]
fn shown(server: &Encrypted) -> CertificateDer<'static> {
    let client = server.connect();
    client.with_tls(|stream| stream.conn.peer_certificates().expect("a certificate")[0].clone().into_owned())
}

fn another(server: &Encrypted) -> Issued {
    server.certificates.authority().issue("localhost")
}

#[test]
fn config_set_takes_certificate_and_key_together() {
    let server = Encrypted::start(&[]);
    let mut old = server.connect();
    let before = shown(&server);
    let issued = another(&server);
    server.certificates.write_issued("new", &issued);
    let (certificate, key) = (server.certificates.file("new.crt"), server.certificates.file("new.key"));
    let mut admin = server.server.connect();

    let refused = admin.call(&format!("CONFIG SET tls-cert-file {certificate}"));
    let problem = "ERR CONFIG SET failed (possibly related to argument 'tls-cert-file') - Unable to update TLS \
                   configuration. Check server logs.";
    assert_eq!(refused.error(), problem, "the key is another one's");
    assert_eq!(shown(&server), before);
    assert_eq!(admin.call("CONFIG SET tls-cert-file /nowhere").error(), problem);
    assert_eq!(shown(&server), before);

    let set = admin.call(&format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key}"));
    assert_eq!(set.text(), "OK");
    assert_eq!(shown(&server), issued.der());
    assert_eq!(old.call("PING").text(), "PONG", "who is connected stays so");
}

#[test]
fn the_same_names_are_read_again() {
    let server = Encrypted::start(&[]);
    let mut admin = server.server.connect();
    let issued = another(&server);
    server.certificates.write_issued("server", &issued);
    assert_ne!(shown(&server), issued.der());
    let (certificate, key) = (server.certificates.file("server.crt"), server.certificates.file("server.key"));
    let set = admin.call(&format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key}"));
    assert_eq!(set.text(), "OK");
    assert_eq!(shown(&server), issued.der());
}

#[test]
fn a_hangup_has_the_files_read_again() {
    let server = Encrypted::start(&[]);
    if !server.server.is_esker() {
        return;
    }
    let issued = another(&server);
    server.certificates.write_issued("server", &issued);
    server.server.signal(rustix::process::Signal::HUP);
    eventually("the new certificate", || shown(&server) == issued.der());

    server.certificates.write("server.key", "no key");
    server.server.signal(rustix::process::Signal::HUP);
    let said = format!("tls-key-file '{}': there is no private key", server.certificates.file("server.key"));
    eventually("a warning", || server.server.log().contains(&said));
    assert_eq!(shown(&server), issued.der(), "the old ones stay");
}

#[test]
fn other_authorities_are_trusted_from_then_on() {
    let server = Encrypted::start(&[]);
    server.connect();
    let authority = Authority::new();
    server.certificates.write("other.crt", &authority.pem());
    let mut admin = server.server.connect();
    let other = server.certificates.file("other.crt");
    assert_eq!(admin.call(&format!("CONFIG SET tls-ca-cert-file {other}")).text(), "OK");
    let certificates = &server.certificates;
    let ping = |shown: &Issued| {
        let config = super::client_config(certificates.authority(), Some(shown));
        super::Client::connect_tls(server.address(), config).and_then(|mut client| client.try_call(&["PING"]))
    };
    assert!(ping(certificates.client()).is_err());
    assert!(ping(&authority.issue("client")).is_ok());
}

#[test]
fn a_hangup_without_tls_is_nothing() {
    let server = super::Server::start(&[]);
    server.signal(rustix::process::Signal::HUP);
    if server.is_esker() {
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.connect().call("PING").text(), "PONG");
}

#[test]
fn the_port_comes_moves_and_goes() {
    let mut server = Encrypted::start(&[]);
    let mut admin = server.server.connect();
    let mut old = server.connect();
    let first = server.port;
    let set = |admin: &mut Client, port: u16| admin.call(&format!("CONFIG SET tls-port {port}"));
    server.port = free_port();
    assert_eq!(set(&mut admin, server.port).text(), "OK");
    assert_eq!(server.connect().call("PING").text(), "PONG");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, first)).is_err());
    assert_eq!(old.call("PING").text(), "PONG", "who is connected stays so");
    let taken = "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to listen on this port. Check \
                 server logs.";
    // What came with it is as it was, too.
    let issued = another(&server);
    server.certificates.write_issued("new", &issued);
    let (certificate, key) = (server.certificates.file("new.crt"), server.certificates.file("new.key"));
    let plain = server.server.port();
    let refused =
        admin.call(&format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key} tls-port {plain}"));
    assert_eq!(refused.error(), taken);
    assert_ne!(shown(&server), issued.der());
    assert_eq!(set(&mut admin, 0).text(), "OK");
    assert!(TcpStream::connect(server.address()).is_err());
    assert_eq!(set(&mut admin, first).text(), "OK");
    server.port = first;
    assert_eq!(server.connect().call("PING").text(), "PONG");
}

#[test]
fn a_port_without_certificates_is_refused() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let port = free_port();
    assert_eq!(
        admin.call(&format!("CONFIG SET tls-port {port}")).error(),
        "ERR CONFIG SET failed (possibly related to argument 'tls-port') - Unable to update TLS configuration. Check \
         server logs."
    );
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    assert_eq!(admin.call("CONFIG GET tls-port").elements()[1].text(), "0");
}
