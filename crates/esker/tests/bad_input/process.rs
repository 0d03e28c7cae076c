//! The program and its operator: signals, ports, configuration.

use crate::harness::{Client, Server, Spec, Value, find_program, pass_over, run_to_end, temporary_directory};
use rustix::process::Signal;
use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs the server under test with `arguments` until it ends by itself: whether it succeeded, and
/// what it wrote.
#[track_caller]
fn run_server(arguments: &[&str]) -> (bool, String) {
    run_to_end(Spec::under_test().command().args(arguments), b"", Duration::from_secs(10))
}

#[test]
fn sigterm_and_sigint_stop_the_server_cleanly() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut server = Server::start(&[]);
        let mut blocked = server.connect();
        blocked.send("BLPOP l 0");
        let mut idle = server.connect();
        assert_eq!(idle.call("SET a 1"), Value::ok());
        let exit = server.stop_by(signal);
        assert_eq!(exit.code, Some(0), "{signal:?}: {:?}\n{}", exit.signal, exit.log);
        assert!(idle.is_closed_within(Duration::from_secs(5)));
        assert!(!server.unix_socket().exists(), "the socket file is removed");
    }
}

#[test]
fn shutdown_stops_the_server_cleanly() {
    let mut server = Server::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.call("SHUTDOWN NOW NOSUCH").error(), "ERR syntax error");
    assert_eq!(client.call("SHUTDOWN ABORT").error(), "ERR No shutdown in progress.");
    client.send("SHUTDOWN NOSAVE");
    assert!(client.is_closed_within(Duration::from_secs(10)));
    assert_eq!(server.wait().code, Some(0));
}

#[test]
fn the_unix_socket_serves_like_the_port() {
    let server = Server::start(&[]);
    let mut client = Client::connect_unix(&server.unix_socket()).expect("the socket accepts connections");
    assert_eq!(client.call("SET a 1"), Value::ok());
    assert_eq!(server.connect().call("GET a"), Value::bulk("1"));
    assert!(
        client.call("CLIENT INFO").text().contains(&format!("laddr={}:0", server.unix_socket().display()))
    );
}

#[test]
fn a_port_in_use_is_named() {
    let server = Server::start(&[]);
    let port = server.port().to_string();
    let (success, text) = run_server(&["--bind", "127.0.0.1", "--save", "", "--port", &port]);
    assert!(!success, "{text}");
    assert!(text.contains(&port), "{text}");
    assert!(text.to_lowercase().contains("in use"), "{text}");
}

#[test]
fn a_wrong_value_in_the_configuration_is_named_with_its_line() {
    let directory = temporary_directory();
    let file = directory.path().join("some.conf");
    let path = file.to_str().expect("temporary directories have plain names");
    let wrong_lines =
        ["maxclients abc", "port 99999999", "maxmemory-policy nosuch", "hash-max-listpack-entries -1"];
    for wrong in wrong_lines {
        fs::write(&file, format!("# a comment\n\nbind 127.0.0.1\n{wrong}\nport 0\n")).unwrap();
        let (success, text) = run_server(&[path]);
        assert!(!success, "{wrong}: {text}");
        assert!(text.contains("line 4") || text.contains(&format!("{path}:4")), "{wrong}: {text}");
        // Redis itself does not name the file.
        assert!(text.contains(path) || !Spec::under_test().is_esker(), "{wrong}: {text}");
    }
    let (success, text) = run_server(&["--maxclients", "abc"]);
    assert!(!success);
    assert!(text.contains("maxclients"), "{text}");
    let (success, text) = run_server(&["/nonexistent/some.conf"]);
    assert!(!success);
    assert!(text.contains("/nonexistent/some.conf"), "{text}");
}

#[test]
fn an_unsupported_directive_is_a_warning_that_names_it() {
    if !Spec::under_test().is_esker() {
        return pass_over("Redis refuses to start");
    }
    // One of Redis' that Esker has no use for, and one of Valkey's.
    let server = Server::start(&["--repl-diskless-sync", "no", "--availability-zone", "a"]);
    for directive in ["repl-diskless-sync", "availability-zone"] {
        assert!(server.log().contains(directive), "{}", server.log());
    }
    // What nobody knows is a slip of the pen.
    let (success, text) = run_server(&["--no-such-directive", "yes"]);
    assert!(!success);
    assert!(text.contains("no-such-directive"), "{text}");
}

#[test]
fn directives_of_the_file_and_the_command_line_take_effect() {
    let directory = temporary_directory();
    let file = directory.path().join("some.conf");
    fs::write(&file, "hash-max-listpack-entries 3\nmaxmemory 100mb\n# hz 50\ntimeout \"7\"\n").unwrap();
    let path = file.to_str().expect("temporary directories have plain names");
    let server = Spec::under_test().configured_by(path).with(&["--timeout", "9"]).start();
    let mut client = server.connect();
    let cases =
        [("hash-max-listpack-entries", "3"), ("maxmemory", "104857600"), ("timeout", "9"), ("hz", "10")];
    for (parameter, value) in cases {
        assert_eq!(client.call(&format!("CONFIG GET {parameter}")), Value::bulks([parameter, value]));
    }
    assert_eq!(client.call("CONFIG SET timeout 11"), Value::ok());
    assert_eq!(client.call("CONFIG REWRITE"), Value::ok());
    let rewritten = fs::read_to_string(&file).unwrap();
    for line in ["timeout 11", "hash-max-listpack-entries 3", "# hz 50"] {
        assert!(rewritten.lines().any(|found| found == line), "{line} is not in\n{rewritten}");
    }
}

/// Only loopback can be reached here, so the test runs itself once more in a network namespace of
/// its own, where that address is given to the loopback device.
const OUTSIDE_ADDRESS: &str = "192.0.2.1";

#[test]
fn protected_mode_refuses_peers_from_outside() {
    let is_possible = ["unshare", "ip", "sh"].iter().all(|program| find_program(program).is_some())
        && Command::new("unshare")
            .args(["--map-root-user", "--net", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
    if !is_possible {
        return pass_over("no network namespaces here");
    }
    let script = format!(
        "ip link set lo up && ip address add {OUTSIDE_ADDRESS}/32 dev lo && \
         exec \"$0\" --exact process::protected_mode_in_a_namespace --ignored"
    );
    let program = std::env::current_exe().expect("the test program has a path");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", &script]).arg(program);
    let (success, text) = run_to_end(&mut command, b"", Duration::from_secs(60));
    assert!(success, "{text}");
}

#[test]
#[ignore = "protected_mode_refuses_peers_from_outside runs it, in a network namespace"]
fn protected_mode_in_a_namespace() {
    let outside = |server: &Server| {
        let address: SocketAddr = format!("{OUTSIDE_ADDRESS}:{}", server.port()).parse().unwrap();
        Client::connect(address).expect("the server listens on all addresses")
    };
    let server = Server::start(&["--bind", "0.0.0.0"]);
    let mut refused = outside(&server);
    assert!(
        refused
            .read()
            .unwrap()
            .error()
            .starts_with("DENIED Redis is running in protected mode because protected mode is enabled"),
    );
    assert!(refused.is_closed_within(Duration::from_secs(5)));
    let mut local = server.connect();
    assert_eq!(local.call("PING"), Value::Simple(b"PONG".to_vec()));

    assert_eq!(local.call("CONFIG SET requirepass secret"), Value::ok());
    assert!(outside(&server).call("PING").error().starts_with("NOAUTH"), "a password lets peers in");

    let server = Server::start(&["--bind", "0.0.0.0", "--protected-mode", "no"]);
    assert_eq!(outside(&server).call("PING"), Value::Simple(b"PONG".to_vec()));
}
