//! redis-cli and redis-benchmark, where they are on PATH.

mod harness;

use harness::{Server, Value, encode, find_program, pass_over, run_to_end};
use std::process::Command;
use std::time::Duration;

/// Runs a tool against `server` with `input`: what it prints. It must succeed.
#[track_caller]
fn run(tool: &str, server: &Server, arguments: &[&str], input: &[u8]) -> Option<String> {
    let Some(program) = find_program(tool) else {
        pass_over(&format!("no {tool} on PATH"));
        return None;
    };
    let mut command = Command::new(program);
    command.args(["-p", &server.port().to_string()]).args(arguments);
    let (success, text) = run_to_end(&mut command, input, Duration::from_secs(60));
    assert!(success, "{arguments:?}: {text}");
    Some(text)
}

/// What redis-cli prints for one command, without the line end.
#[track_caller]
fn cli(server: &Server, arguments: &[&str]) -> Option<String> {
    run("redis-cli", server, arguments, b"").map(|text| text.trim_end().to_owned())
}

#[test]
fn redis_cli_prints_every_kind_of_reply() {
    let server = Server::start(&[]);
    let cases: &[(&[&str], &str)] = &[
        (&["SET", "a", "b c"], "OK"),
        (&["GET", "a"], "b c"),
        (&["--no-raw", "GET", "a"], "\"b c\""),
        (&["--no-raw", "GET", "nosuch"], "(nil)"),
        (&["--no-raw", "INCR", "n"], "(integer) 1"),
        (&["--no-raw", "RPUSH", "l", "x", "y"], "(integer) 2"),
        (&["--no-raw", "LRANGE", "l", "0", "-1"], "1) \"x\"\n2) \"y\""),
        (&["--no-raw", "INCR", "a"], "(error) ERR value is not an integer or out of range"),
        (&["-3", "--no-raw", "HSET", "h", "f", "v"], "(integer) 1"),
        (&["-3", "--no-raw", "HGETALL", "h"], "1# \"f\" => \"v\""),
        (&["-3", "--no-raw", "ZADD", "z", "1.5", "m"], "(integer) 1"),
        (&["-3", "--no-raw", "ZSCORE", "z", "m"], "(double) 1.5"),
        (&["-3", "--no-raw", "SADD", "s", "m"], "(integer) 1"),
        (&["-3", "--no-raw", "SMEMBERS", "s"], "1~ \"m\""),
        (&["-n", "2", "EXISTS", "a"], "0"),
        (&["--csv", "LRANGE", "l", "0", "-1"], "\"x\",\"y\""),
        (&["--json", "HGETALL", "h"], "{\"f\":\"v\"}"),
        (&["-r", "3", "INCR", "n"], "2\n3\n4"),
    ];
    for (arguments, printed) in cases {
        let Some(text) = cli(&server, arguments) else { return };
        assert_eq!(text, *printed, "{arguments:?}");
    }
    let script = b"MULTI\nINCR n\nGET n\nEXEC\nSELECT 1\nDBSIZE\n";
    let text = run("redis-cli", &server, &[], script).expect("redis-cli is there");
    assert_eq!(text, "OK\nQUEUED\nQUEUED\n5\n5\nOK\n0\n");
}

#[test]
fn redis_cli_walks_all_keys() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for number in 0..500 {
        client.call(&format!("SET key:{number} {}", "x".repeat(number + 1)));
    }
    client.call("RPUSH biglist 1 2 3");
    client.call("HSET bighash a 1 b 2");
    let Some(keys) = cli(&server, &["--scan"]) else { return };
    assert_eq!(keys.lines().count(), 502);
    assert_eq!(cli(&server, &["--scan", "--pattern", "key:1?"]).unwrap().lines().count(), 10);

    let summary = cli(&server, &["--bigkeys"]).unwrap();
    assert!(summary.contains("Sampled 502 keys in the keyspace"), "{summary}");
    assert!(summary.contains("Biggest string found '\"key:499\"' has 500 bytes"), "{summary}");
    assert!(summary.contains("Biggest   list found '\"biglist\"' has 3 items"), "{summary}");
    let summary = cli(&server, &["--memkeys"]).unwrap();
    assert!(summary.contains("Sampled 502 keys in the keyspace"), "{summary}");
}

#[test]
fn redis_cli_loads_in_bulk() {
    const KEYS: usize = 20_000;
    let server = Server::start(&[]);
    let input: Vec<u8> = (0..KEYS)
        .flat_map(|number| encode(&["SET".to_owned(), format!("key:{number}"), number.to_string()]))
        .collect();
    let Some(text) = run("redis-cli", &server, &["--pipe"], &input) else { return };
    assert!(text.contains(&format!("errors: 0, replies: {KEYS}")), "{text}");
    assert_eq!(server.connect().call("DBSIZE"), Value::Int(KEYS as i64));
}

#[test]
fn redis_benchmark_finishes_its_tests() {
    let server = Server::start(&[]);
    for arguments in
        [["-n", "1000", "-q", "-r", "100"].as_slice(), &["-n", "1000", "-q", "-P", "16", "--threads", "2"]]
    {
        let Some(text) = run("redis-benchmark", &server, arguments, b"") else { return };
        let lines: Vec<&str> =
            text.split(['\n', '\r']).filter(|line| line.contains("requests per second")).collect();
        for test in [
            "PING_INLINE",
            "SET",
            "GET",
            "INCR",
            "LPUSH",
            "SPOP",
            "HSET",
            "ZADD",
            "ZPOPMIN",
            "LRANGE_600",
            "MSET",
        ] {
            assert!(lines.iter().any(|line| line.starts_with(test)), "{test} is missing: {text}");
        }
        assert!(!text.to_lowercase().contains("error"), "{text}");
    }
}
