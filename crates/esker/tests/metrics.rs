//! The page for Prometheus: it is OpenMetrics, the dashboard finds all that it asks for, and nobody is held up by it.

mod harness;

use harness::{Server, Value};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// A server with something of everything, and the port of its metrics. Needs Esker.
fn start() -> Option<(Server, u16)> {
    // Free for the moment; who takes it meanwhile makes the start fail, and with it the test.
    let port = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    if !harness::Spec::under_test().is_esker() {
        return None;
    }
    let server = Server::start(&["--metrics-port", &port.to_string(), "--database", "3 disk"]);
    let mut client = server.connect();
    for line in
        ["SET a 1", "GET a", "GET none", "LPUSH a x", "NOSUCH", "PEXPIRE a 100000", "SELECT 3", "SET b 1"]
    {
        client.call(line);
    }
    Some((server, port))
}

/// The answer to `request`, as it comes.
fn ask(port: u16, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
    // It may answer, and close, before it has read everything.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

fn page(port: u16) -> String {
    let answer = ask(port, b"GET /metrics HTTP/1.1\r\nHost: any\r\n\r\n");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
    body.to_owned()
}

/// The value of the sample that begins so.
fn value(page: &str, sample: &str) -> f64 {
    let line = page.lines().find(|line| line.strip_prefix(sample).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("no {sample} in\n{page}"));
    line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
}

#[test]
fn the_page_is_open_metrics_and_tells_what_happened() {
    let Some((_server, port)) = start() else { return };
    let page = page(port);
    assert!(page.ends_with("# EOF\n") && page.matches("# EOF").count() == 1);
    let (mut family, mut kind, mut families) = (String::new(), String::new(), BTreeSet::new());
    for line in page.lines().filter(|line| *line != "# EOF") {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            let (name, of) = declared.split_once(' ').expect("a name and a type");
            (family, kind) = (name.to_owned(), of.to_owned());
            assert!(families.insert(family.clone()), "{family} comes twice");
        } else if let Some(about) = line.strip_prefix("# HELP ").or(line.strip_prefix("# UNIT ")) {
            assert!(about.starts_with(&format!("{family} ")), "{line}");
            let unit = line.strip_prefix("# UNIT ").and_then(|line| line.split(' ').nth(1));
            assert!(unit.is_none_or(|unit| family.ends_with(&format!("_{unit}"))), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').expect("a sample and its value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap_or_default();
            let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not of {family}"));
            let suffixes: &[&str] = match &*kind {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_count", "_sum"],
                _ => &[""],
            };
            assert!(suffixes.contains(&suffix), "{line} of a {kind}");
        }
    }
    assert_eq!(value(&page, "esker_commands_total{command=\"get\"}"), 2.0);
    assert_eq!(value(&page, "esker_commands_failed_total{command=\"lpush\"}"), 1.0);
    assert_eq!(value(&page, "esker_command_duration_seconds_count{command=\"get\"}"), 2.0);
    assert_eq!(value(&page, "esker_command_duration_seconds_bucket{command=\"get\",le=\"+Inf\"}"), 2.0);
    assert_eq!(value(&page, "esker_errors_total{code=\"WRONGTYPE\"}"), 1.0);
    assert_eq!(value(&page, "esker_keyspace_hits_total"), 1.0);
    assert_eq!(value(&page, "esker_keyspace_misses_total"), 1.0);
    assert_eq!(value(&page, "esker_keys{database=\"3\",engine=\"disk\"}"), 1.0);
    assert_eq!(value(&page, "esker_keys_with_deadline{database=\"0\"}"), 1.0);
    assert_eq!(value(&page, "esker_disk_writable"), 1.0);
    assert!(value(&page, "esker_disk_commits_total") >= 1.0);
    assert!(page.contains("# UNIT esker_disk_compaction_seconds seconds"));
    assert!(value(&page, "esker_memory_resident_bytes") > 1e6);
    assert!(value(&page, "esker_network_received_bytes_total") > 100.0);
}

#[test]
fn the_dashboard_finds_all_that_it_asks_for() {
    let Some((_server, port)) = start() else { return };
    let page = page(port);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana/esker.json");
    let dashboard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a file")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().expect("targets"));
    let mut asked = BTreeSet::new();
    for target in targets {
        let expression = target["expr"].as_str().expect("an expression");
        let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
        asked.extend(expression.split(|c| !is_word(c)).filter(|word| word.starts_with("esker_")));
    }
    assert!(asked.len() > 30, "{asked:?}");
    for name in asked {
        // Nobody may have waited for a lock yet.
        let is_there = page.lines().any(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with([' ', '{']))
        });
        let is_declared = page.contains(&format!("# TYPE {} ", name.trim_end_matches("_total")));
        assert!(is_there || name == "esker_lock_site_wait_seconds_total" && is_declared, "no {name}");
    }
}

#[test]
fn whoever_asks_badly_gets_an_answer_and_holds_nobody_up() {
    let Some((server, port)) = start() else { return };
    for (request, status) in [
        (&b"POST /metrics HTTP/1.1\r\n\r\n"[..], "405"),
        (b"GET / HTTP/1.1\r\n\r\n", "404"),
        (b"GET /metrics?x=1 HTTP/1.0\r\n\r\n", "200"),
        (b"HEAD /metrics HTTP/1.1\r\n\r\n", "200"),
        (b"*1\r\n$4\r\nPING\r\n\r\n", "400"),
        (b"\r\n\r\n", "400"),
    ] {
        let answer = ask(port, request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    let head = ask(port, b"HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.ends_with("\r\n\r\n"));
    let endless = ask(port, &[b"GET /metrics HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 20_000]].concat());
    assert!(endless.is_empty() || endless.starts_with("HTTP/1.1 431 "), "{endless}");

    // Those who say nothing take all places, for some seconds; the database does not notice.
    let silent: Vec<TcpStream> =
        (0..16).map(|_| TcpStream::connect(("127.0.0.1", port)).expect("it listens")).collect();
    std::thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    assert_eq!(ask(port, b"GET /metrics HTTP/1.1\r\n\r\n"), "");
    assert_eq!(server.connect().call("PING"), Value::Simple(b"PONG".to_vec()));
    assert!(begin.elapsed() < Duration::from_secs(3));
    for mut stream in silent {
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        assert_eq!(stream.read(&mut [0; 10]).expect("it is closed"), 0);
    }
    assert!(page(port).contains("esker_uptime_seconds"));
}
