//! `esker cli` over TLS.

use super::Encrypted;
use super::certificates::Authority;
use super::harness::{encode, run_to_end};
use std::process::Command;
use std::time::Duration;

/// Runs it: whether it succeeded, and all that it printed.
#[track_caller]
fn run(arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_esker"));
    command.arg("cli").env_remove("REDISCLI_AUTH").env("ESKER_HISTFILE", "/dev/null");
    command.env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere").args(arguments);
    let (is_success, said) = run_to_end(&mut command, input, Duration::from_secs(30));
    (is_success, said.trim_end().to_owned())
}

#[test]
fn it_trusts_and_shows_what_it_is_told_to() {
    let server = Encrypted::start(&[]);
    let port = server.port.to_string();
    let file = |name: &str| server.certificates.file(name);
    let (authority, certificate, key) = (file("ca.crt"), file("client.crt"), file("client.key"));
    let shown = ["--cert", &certificate, "--key", &key];
    let ping = |options: &[&str]| run(&[&["-p", &port, "--tls"], options, &["PING"]].concat(), b"");
    let served = (true, "PONG".to_owned());
    let trusting = [&shown[..], &["--cacert", &authority]].concat();
    assert_eq!(ping(&trusting), served, "an authority of one's own signs for any name");
    assert_eq!(ping(&[&trusting[..], &["--sni", "localhost"]].concat()), served);
    assert_eq!(ping(&[&shown[..], &["--insecure"]].concat()), served);
    let uri = format!("rediss://localhost:{port}/3");
    assert_eq!(run(&[&trusting[..], &["-u", &uri, "SET", "a", "b"]].concat(), b"").1, "OK");
    assert_eq!(server.server.connect().call("DBSIZE").int(), 0);

    let problem = |options: &[&str]| {
        let (is_success, said) = ping(options);
        assert!(!is_success, "{options:?}");
        said
    };
    let problem_of_name = problem(&[&trusting[..], &["--sni", "example.org"]].concat());
    assert!(problem_of_name.contains("not valid for name"), "{problem_of_name}");
    server.certificates.write("other.crt", &Authority::new().pem());
    let other = file("other.crt");
    assert!(problem(&[&shown[..], &["--cacert", &other]].concat()).contains("invalid peer certificate"));
    assert!(problem(&["--insecure"]).contains("CertificateRequired"));
    assert!(problem(&shown).contains("the system trusts no authorities"));
    assert!(problem(&["--cacert", "/nowhere"]).contains("--cacert '/nowhere': No such file"));
    assert!(problem(&["--insecure", "--cert", &certificate]).contains("--cert and --key belong together"));
}

#[test]
fn it_pipes_and_listens() {
    const KEYS: usize = 50_000;
    let server = Encrypted::start(&["--tls-auth-clients", "no"]);
    let port = server.port.to_string();
    let input: Vec<u8> = (0..KEYS)
        .flat_map(|number| encode(&["SET".to_owned(), format!("key:{number}"), "x".repeat(50)]))
        .collect();
    let (is_success, said) = run(&["-p", &port, "--tls", "--insecure", "--pipe"], &input);
    assert!(is_success && said.contains(&format!("errors: 0, replies: {KEYS}")), "{said}");
    let script = b"GET key:1\nSTRLEN key:2\n";
    assert_eq!(run(&["-p", &port, "--tls", "--insecure"], script).1, format!("{}\n50", "x".repeat(50)));
    // In the clear on this port it does not wait for ever.
    assert!(!run(&["-p", &port, "PING"], b"").0);
}
