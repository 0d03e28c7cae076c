//! What works in the clear works over TLS.

use super::Encrypted;
use super::harness::{SOON, Value, encode, eventually, find_program, pass_over, run_to_end};
use std::process::Command;
use std::time::Duration;

#[test]
fn both_listeners_serve_the_same_keys() {
    let server = Encrypted::start(&[]);
    let (mut plain, mut encrypted) = (server.server.connect(), server.connect());
    plain.call("SET from plain");
    encrypted.call("SET to encrypted");
    assert_eq!(encrypted.call("GET from").text(), "plain");
    assert_eq!(plain.call("GET to").text(), "encrypted");
    let list = plain.call("CLIENT LIST").text();
    let of_tls = list.lines().filter(|line| line.contains(&format!("laddr=127.0.0.1:{}", server.port)));
    assert_eq!(of_tls.count(), 1, "{list}");
    assert_eq!(server.server.info("connected_clients"), 3);
}

#[test]
fn large_values_go_both_ways() {
    const BYTES: usize = 20 << 20;
    let server = Encrypted::start(&[]);
    let mut client = server.connect();
    let value: Vec<u8> = (0..BYTES).map(|byte| (byte * 7 / 3) as u8).collect();
    assert_eq!(client.call_with(&[b"SET".as_slice(), b"large", &value]).text(), "OK");
    assert_eq!(client.call("GET large"), Value::Bulk(value.clone()));
    assert_eq!(server.server.connect().call("GET large"), Value::Bulk(value));
    // What was in the way of nothing is given back.
    eventually("an empty output buffer", || {
        let list = server.server.connect().call("CLIENT LIST").text();
        list.lines().all(|line| line.contains(" omem=0 "))
    });
}

#[test]
fn a_pipeline_is_answered_in_order() {
    const COMMANDS: usize = 20_000;
    let server = Encrypted::start(&[]);
    let mut client = server.connect();
    let commands: Vec<Vec<String>> =
        (0..COMMANDS).map(|number| vec!["ECHO".to_owned(), format!("{number}")]).collect();
    for (number, reply) in client.pipeline(&commands).into_iter().enumerate() {
        assert_eq!(reply.text(), number.to_string());
    }
    // In the smallest records that there are.
    for byte in encode(&["PING"]) {
        client.send_raw(&[byte]).unwrap();
    }
    assert_eq!(client.read().unwrap().text(), "PONG");
}

#[test]
fn replies_wait_for_a_client_that_reads_late() {
    const REPLIES: usize = 64;
    let server = Encrypted::start(&[]);
    let mut client = server.connect();
    let value = "x".repeat(1 << 20);
    client.call_with(&["SET", "large", &value]);
    let requests: Vec<u8> = (0..REPLIES).flat_map(|_| encode(&["GET", "large"])).collect();
    client.send_raw(&requests).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.connect().call("PING").text(), "PONG", "nobody else waits");
    for _ in 0..REPLIES {
        assert_eq!(client.read().unwrap(), Value::Bulk(value.clone().into_bytes()));
    }
    client.send("GET large");
    client.send("QUIT");
    assert_eq!(client.read().unwrap(), Value::Bulk(value.into_bytes()));
    assert_eq!(client.read().unwrap().text(), "OK", "a connection that closes sends all before");
}

#[test]
fn the_output_buffer_has_its_limit() {
    let server = Encrypted::start(&["--client-output-buffer-limit", "normal 1mb 0 0"]);
    let mut client = server.connect();
    client.call_with(&["SET", "large", &"x".repeat(512 << 10)]);
    let requests: Vec<u8> = (0..100).flat_map(|_| encode(&["GET", "large"])).collect();
    client.send_raw(&requests).unwrap();
    eventually("the end of the client", || server.server.info("connected_clients") == 1);
    if server.server.is_esker() {
        assert!(server.server.info("client_output_buffer_limit_disconnections") > 0);
    }
}

#[test]
fn messages_come_unasked() {
    const MESSAGES: usize = 1000;
    let server = Encrypted::start(&[]);
    let (mut subscriber, mut publisher) = (server.connect(), server.server.connect());
    subscriber.call("HELLO 3");
    subscriber.call("SUBSCRIBE news");
    for number in 0..MESSAGES {
        assert_eq!(publisher.call(&format!("PUBLISH news {number}")), Value::Int(1));
    }
    for number in 0..MESSAGES {
        let words = ["message".to_owned(), "news".to_owned(), number.to_string()];
        let message = words.map(|word| Value::Bulk(word.into_bytes()));
        assert_eq!(subscriber.read().unwrap(), Value::Push(message.into()));
    }
    // A blocking command is served, and a client that is killed is told that this was all.
    let mut waiting = server.connect();
    waiting.send("BLPOP list 0");
    publisher.call("RPUSH list element");
    assert_eq!(waiting.read().unwrap().elements().len(), 2);
    publisher.call("CLIENT KILL TYPE pubsub");
    assert_eq!(subscriber.with_tls(|stream| std::io::Read::read(stream, &mut [0; 10])).unwrap(), 0);
}

#[test]
fn the_end_is_announced() {
    let server = Encrypted::start(&[]);
    let mut client = server.connect();
    assert_eq!(client.call("QUIT").text(), "OK");
    // rustls takes an end that was not announced for an error.
    assert_eq!(client.with_tls(|stream| std::io::Read::read(stream, &mut [0; 10])).unwrap(), 0);
    let mut client = server.connect();
    client.finish_sending();
    assert!(client.is_closed_within(Duration::from_secs(5)));
}

#[test]
fn clients_at_rest_take_little_memory() {
    const CLIENTS: usize = 400;
    /// Keys, the task, the client; no buffers.
    const CLIENT_BYTES_MAX: usize = 32 << 10;
    let server = Encrypted::start(&[]);
    if !server.server.is_esker() {
        return pass_over("Redis takes more");
    }
    let warm: Vec<_> = (0..20).map(|_| server.connect()).collect();
    let before = server.server.resident_bytes();
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.call("PING");
    }
    let (Some(before), Some(after)) = (before, server.server.resident_bytes()) else { return };
    let each = after.saturating_sub(before) / CLIENTS;
    assert!(each < CLIENT_BYTES_MAX, "{each} bytes for each client");
    drop(warm);
}

/// Runs one of Redis' tools against the encrypted port.
#[track_caller]
fn tool(server: &Encrypted, name: &str, arguments: &[&str], input: &[u8]) -> Option<String> {
    let Some(program) = find_program(name) else {
        pass_over(&format!("no {name} on PATH"));
        return None;
    };
    let file = |name: &str| server.certificates.file(name);
    let mut command = Command::new(program);
    command.args(["-p", &server.port.to_string(), "--tls", "--cacert", &file("ca.crt")]);
    command.args(["--cert", &file("client.crt"), "--key", &file("client.key")]).args(arguments);
    let (is_success, said) = run_to_end(&mut command, input, SOON);
    if said.contains("Unrecognized option") || said.contains("not compiled with") {
        pass_over(&format!("{name} without TLS"));
        return None;
    }
    assert!(is_success, "{said}");
    Some(said)
}

#[test]
fn redis_cli_works() {
    const KEYS: usize = 20_000;
    let server = Encrypted::start(&[]);
    let Some(said) = tool(&server, "redis-cli", &["SET", "a", "b"], b"") else { return };
    assert_eq!(said, "OK\n");
    let input: Vec<u8> = (0..KEYS)
        .flat_map(|number| encode(&["SET".to_owned(), format!("key:{number}"), "x".repeat(100)]))
        .collect();
    let said = tool(&server, "redis-cli", &["--pipe"], &input).unwrap();
    assert!(said.contains(&format!("errors: 0, replies: {KEYS}")), "{said}");
    let keys = tool(&server, "redis-cli", &["--scan"], b"").unwrap();
    assert_eq!(keys.lines().count(), KEYS + 1);
}

#[test]
fn redis_benchmark_works() {
    let server = Encrypted::start(&[]);
    for arguments in
        [["-n", "2000", "-q", "-t", "set,get,lpush,lrange"].as_slice(), &["-n", "20000", "-P", "64"]]
    {
        let arguments = [arguments, &["-t", "set,get"]].concat();
        let Some(said) = tool(&server, "redis-benchmark", &arguments, b"") else { return };
        assert!(!said.to_lowercase().contains("error"), "{said}");
    }
}
