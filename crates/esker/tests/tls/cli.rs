//! `esker cli` over TLS.

use super::Encrypted;
use super::certificates::Authority;
use super::harness::{encode, find_program, pass_over, run_to_end};
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

#[test]
fn certificates_may_be_as_openssl_makes_them() {
    let Some(program) = find_program("openssl") else { return pass_over("no openssl on PATH") };
    let server = Encrypted::start(&[]);
    let file = |name: &str| server.certificates.file(name);
    let openssl = |line: &str, files: &[(&str, &str)]| {
        let mut command = Command::new(&program);
        command.args(line.split(' '));
        for (option, name) in files {
            command.args([*option, &file(name)]);
        }
        let (is_success, said) = run_to_end(&mut command, b"", Duration::from_secs(30));
        assert!(is_success, "{line}: {said}");
    };
    let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj";
    openssl(&format!("req -x509 {new_key} /CN=own"), &[("-keyout", "own.key"), ("-out", "own.crt")]);
    // Without extensions, of X.509's first version before OpenSSL 3.2.
    openssl(&format!("req -new {new_key} /CN=any"), &[("-keyout", "v1.key"), ("-out", "v1.csr")]);
    let files = [("-in", "v1.csr"), ("-CA", "own.crt"), ("-CAkey", "own.key"), ("-out", "v1.crt")];
    openssl("x509 -req -CAcreateserial", &files);

    let mut admin = server.server.connect();
    // Both sides show one that an authority has signed for, then both the one that the authority is.
    for shown in ["v1", "own"] {
        let (certificate, key) = (file(&format!("{shown}.crt")), file(&format!("{shown}.key")));
        let own = file("own.crt");
        let set = format!("CONFIG SET tls-cert-file {certificate} tls-key-file {key} tls-ca-cert-file {own}");
        assert_eq!(admin.call(&set).text(), "OK");
        for version in ["TLSv1.2", "TLSv1.3"] {
            admin.call(&format!("CONFIG SET tls-protocols {version}"));
            let port = server.port.to_string();
            let options = ["-p", &port, "--tls", "--cacert", &own, "--cert", &certificate, "--key", &key];
            let ping = run(&[&options[..], &["PING"]].concat(), b"");
            assert_eq!(ping, (true, "PONG".to_owned()), "{shown} {version}");
        }
    }
}
