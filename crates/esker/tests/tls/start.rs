//! Starting with TLS: what is wrong is said, with the directive and the file.

use super::certificates::{Authority, Certificates, client_config};
use super::harness::{
    Client, SOON, Spec, Value, eventually, find_program, pass_over, run_to_end, temporary_directory,
};
use super::{Encrypted, free_port};
use std::net::Ipv4Addr;
use std::process::{Child, Command};

/// What a server says that does not start.
#[track_caller]
fn refusal(certificates: &Certificates, directives: &[&str]) -> String {
    let directory = temporary_directory();
    let mut command = Spec::under_test().command();
    command.args(["--port", "0", "--tls-port", &free_port().to_string(), "--save", ""]);
    command.arg("--dir").arg(directory.path()).args(certificates.directives()).args(directives);
    let (is_success, said) = run_to_end(&mut command, b"", SOON);
    assert!(!is_success, "it started with {directives:?}");
    said
}

#[test]
fn what_is_wrong_is_named() {
    if !Spec::under_test().is_esker() {
        return pass_over("the words are ours");
    }
    let certificates = Certificates::new();
    let other = Authority::new().issue("other");
    certificates.write_issued("other", &other);
    certificates.write("empty.crt", "");
    let file = |name: &str| certificates.file(name);
    let check = |directives: &[&str], said: &str| {
        let all = refusal(&certificates, directives);
        assert!(all.contains(&format!("Failed to configure TLS: {said}")), "{directives:?}: {all}");
    };
    check(&["--tls-cert-file", ""], "tls-cert-file: it must be given where tls-port is");
    check(
        &["--tls-cert-file", "/nowhere/a.crt"],
        "tls-cert-file '/nowhere/a.crt': No such file or directory",
    );
    let (empty, key) = (file("empty.crt"), file("server.key"));
    check(&["--tls-cert-file", &empty], &format!("tls-cert-file '{empty}': there is no certificate in it"));
    check(&["--tls-cert-file", &key], &format!("tls-cert-file '{key}': there is no certificate in it"));
    let (certificate, other_key) = (file("server.crt"), file("other.key"));
    check(
        &["--tls-key-file", &other_key],
        &format!("tls-key-file '{other_key}': it is not the key of tls-cert-file '{certificate}'"),
    );
    check(
        &["--tls-key-file", &certificate],
        &format!("tls-key-file '{certificate}': there is no private key in it"),
    );
    check(&["--tls-ca-cert-file", ""], "tls-ca-cert-file: either tls-ca-cert-file or tls-ca-cert-dir");
    check(&["--tls-ca-cert-dir", "/nowhere"], "tls-ca-cert-dir '/nowhere': No such file or directory");
    check(&["--tls-protocols", "TLSv1.1 TLSv1.2"], "tls-protocols: 'TLSv1.1' is not spoken here");
    check(&["--tls-ciphers", "AES128-SHA"], "tls-ciphers: 'AES128-SHA' names none of ECDHE-");
    check(&["--tls-ciphersuites", "X"], "tls-ciphersuites: 'X' names none of TLS_");
}

#[test]
fn what_has_no_effect_is_warned_of() {
    if !Spec::under_test().is_esker() {
        return pass_over("the words are ours");
    }
    let server = Encrypted::start(&["--tls-dh-params-file", "dh", "--tls-cluster", "yes"]);
    let log = server.server.log();
    assert!(log.contains("directive 'tls-dh-params-file' is ignored"), "{log}");
    assert!(log.contains("directive 'tls-cluster' is ignored"), "{log}");
    assert!(log.contains("Listening for TLS"), "{log}");
}

/// A process that ends with its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_may_listen_for_tls_only() {
    let certificates = Certificates::new();
    let directory = temporary_directory();
    let port = free_port();
    let mut command = Spec::under_test().command();
    command.args(["--port", "0", "--tls-port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
    command.arg("--dir").arg(directory.path()).args(certificates.directives());
    let _process = Process(command.spawn().expect("it can be started"));
    let config = client_config(certificates.authority(), Some(certificates.client()));
    let connect = || Client::connect_tls((Ipv4Addr::LOCALHOST, port).into(), config.clone());
    eventually("it answers", || connect().is_ok());
    let info = connect().unwrap().call("INFO server").text();
    assert!(info.lines().any(|line| line == format!("tcp_port:{port}")), "{info}");
}

#[test]
fn a_key_may_lie_behind_a_password() {
    let Some(openssl) = find_program("openssl") else { return pass_over("no openssl on PATH") };
    let server = Encrypted::start(&[]);
    let encrypted = server.certificates.file("encrypted.key");
    let mut command = Command::new(openssl);
    command.args(["pkey", "-aes256", "-passout", "pass:1234"]);
    command.args(["-in", &server.certificates.file("server.key"), "-out", &encrypted]);
    let (is_success, said) = run_to_end(&mut command, b"", SOON);
    assert!(is_success, "{said}");

    let mut admin = server.server.connect();
    let refused = admin.call(&format!("CONFIG SET tls-key-file {encrypted}"));
    assert_eq!(
        refused.error(),
        "ERR CONFIG SET failed (possibly related to argument 'tls-key-file') - Unable to update TLS configuration. \
         Check server logs."
    );
    if server.server.is_esker() {
        let said = format!("tls-key-file '{encrypted}': it is encrypted, and tls-key-file-pass is not set");
        assert!(server.server.log().contains(&said), "{}", server.server.log());
    }
    assert_eq!(admin.call("CONFIG GET tls-key-file"), {
        let values = ["tls-key-file".to_owned(), server.certificates.file("server.key")];
        Value::Array(values.map(|value| Value::Bulk(value.into_bytes())).into())
    });
    let set = admin.call(&format!("CONFIG SET tls-key-file {encrypted} tls-key-file-pass 1234"));
    assert_eq!(set.text(), "OK");
    assert_eq!(server.connect().call("PING").text(), "PONG");
}
