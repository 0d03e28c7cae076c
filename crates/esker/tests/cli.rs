//! `esker cli`, as scripts and people see it.

mod harness;

use harness::{SOON, Server, Value, eventually, find_program, pass_over, run_to_end, temporary_directory};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// `esker cli`, to be given arguments.
fn esker_cli() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_esker"));
    command.arg("cli").env_remove("REDISCLI_AUTH").env("ESKER_HISTFILE", "/dev/null");
    command
}

/// Runs it against `server`: whether it succeeded, and all that it printed.
#[track_caller]
fn run(server: &Server, arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut command = esker_cli();
    command.args(["-p", &server.port().to_string()]).args(arguments);
    run_to_end(&mut command, input, SOON)
}

/// What it prints for a command that succeeds, without the line end.
#[track_caller]
fn printed(server: &Server, arguments: &[&str]) -> String {
    let (success, text) = run(server, arguments, b"");
    assert!(success, "{arguments:?}: {text}");
    text.trim_end().to_owned()
}

#[test]
fn one_command_prints_its_reply() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let cases: &[(&[&str], &str)] = &[
        (&["SET", "a", "b c"], "OK"),
        (&["GET", "a"], "b c"),
        (&["--no-raw", "GET", "a"], "\"b c\""),
        (&["--no-raw", "GET", "nosuch"], "(nil)"),
        (&["GET", "nosuch"], ""),
        (&["--no-raw", "INCR", "n"], "(integer) 1"),
        (&["RPUSH", "l", "x", "y"], "2"),
        (&["--no-raw", "LRANGE", "l", "0", "-1"], "1) \"x\"\n2) \"y\""),
        (&["LRANGE", "l", "0", "-1"], "x\ny"),
        (&["-d", ",", "LRANGE", "l", "0", "-1"], "x,y"),
        (&["--no-raw", "INCR", "a"], "(error) ERR value is not an integer or out of range"),
        (&["INCR", "a"], "ERR value is not an integer or out of range"),
        (&["HSET", "h", "f", "v"], "1"),
        // For people RESP3, for scripts the lines they were written for.
        (&["--no-raw", "HGETALL", "h"], "1# \"f\" => \"v\""),
        (&["HGETALL", "h"], "f\nv"),
        (&["-3", "HGETALL", "h"], "f v"),
        (&["-2", "--no-raw", "HGETALL", "h"], "1) \"f\"\n2) \"v\""),
        (&["SADD", "s", "m"], "1"),
        (&["--no-raw", "SMEMBERS", "s"], "1~ \"m\""),
        (&["ZADD", "z", "1.5", "m"], "1"),
        (&["--no-raw", "ZSCORE", "z", "m"], "(double) 1.5"),
        (&["--no-raw", "DEBUG", "PROTOCOL", "true"], "(true)"),
        (&["--no-raw", "DEBUG", "PROTOCOL", "verbatim"], "This is a verbatim\nstring"),
        (&["-n", "2", "EXISTS", "a"], "0"),
        (&["-r", "3", "-i", "0.01", "INCR", "n"], "2\n3\n4"),
        (&["-X", "tag", "SETRANGE", "a", "0", "tag"], "3"),
    ];
    for (arguments, expected) in cases {
        assert_eq!(printed(&server, arguments), *expected, "{arguments:?}");
    }
    let info = printed(&server, &["--no-raw", "INFO", "server"]);
    assert!(info.starts_with("# Server") && info.lines().count() > 5, "{info}");
}

#[test]
fn the_last_argument_may_come_from_standard_input() {
    let server = Server::start(&[]);
    let (success, text) = run(&server, &["-x", "SET", "page"], b"two\nlines \xff\n");
    assert!(success && text == "OK\n", "{text}");
    assert_eq!(server.connect().call("GET page"), Value::bulk(b"two\nlines \xff\n"));
    let (success, _) = run(&server, &["-X", "here", "SET", "here", "v"], b"key");
    assert!(success);
    assert_eq!(server.connect().call("GET key"), Value::bulk("v"));
}

#[test]
fn a_script_runs_line_by_line() {
    let server = Server::start(&[]);
    let script = b"MULTI\nINCR n\n\nGET \"n\"\nEXEC\nSELECT 1\n3 INCR m\nGET \"open\nDBSIZE\nquit\nGET m\n";
    let (success, text) = run(&server, &[], script);
    assert!(success, "{text}");
    assert_eq!(text, "OK\nQUEUED\nQUEUED\n1\n1\nOK\n1\n2\n3\nInvalid argument(s)\n1\n");
    // The last line needs no end; an error ends it only if that was asked for.
    assert_eq!(run(&server, &[], b"nosuch\nPING").1.lines().last(), Some("PONG"));
    let (success, text) = run(&server, &["-e"], b"PING\nINCR m x\nPING\n");
    assert!(!success && text.starts_with("PONG\nERR wrong number") && text.lines().count() == 2, "{text}");
}

#[test]
fn errors_end_with_a_status_where_that_is_asked_for() {
    let server = Server::start(&[]);
    assert!(run(&server, &["nosuch"], b"").0);
    let (success, text) = run(&server, &["-e", "nosuch"], b"");
    assert!(!success && text.contains("ERR unknown command 'nosuch'"), "{text}");
    let (success, text) = run(&server, &["-n", "99", "SET", "a", "1"], b"");
    assert!(!success && text == "SELECT 99 failed: ERR DB index is out of range\n", "{text}");
    assert_eq!(server.connect().call("GET a"), Value::NullBulk);
}

#[test]
fn nobody_there() {
    let (success, text) = run_to_end(esker_cli().args(["-p", "1", "PING"]), b"", SOON);
    assert!(!success);
    assert_eq!(text, "Could not connect to Redis at 127.0.0.1:1: Connection refused\n");
    let (success, text) = run_to_end(esker_cli().args(["-p", "1"]), b"PING\n", SOON);
    assert!(!success && text.starts_with("Could not connect"), "{text}");
    let (success, text) = run_to_end(esker_cli().args(["-s", "/nosuch/socket", "PING"]), b"", SOON);
    assert!(!success);
    assert_eq!(text, "Could not connect to Redis at /nosuch/socket: No such file or directory\n");
}

#[test]
fn options_that_are_wrong_are_named() {
    let problem = |arguments: &[&str]| {
        let (success, text) = run_to_end(esker_cli().args(arguments), b"", SOON);
        assert!(!success, "{text}");
        text
    };
    assert!(problem(&["--bigkeys"]).starts_with("Unrecognized option: '--bigkeys'\n"));
    assert!(problem(&["-p", "x", "PING"]).starts_with("-p takes a number, not 'x'\n"));
    for arguments in [["--help"], ["-h"]] {
        let (success, text) = run_to_end(esker_cli().args(arguments), b"", SOON);
        assert!(success && text.contains("Usage: esker cli [options]"), "{text}");
    }
}

#[test]
fn passwords_and_addresses() {
    let server = Server::start(&["--requirepass", "secret"]);
    let port = server.port().to_string();
    let warning = "Warning: Using a password with '-a' or '-u' option on the command line interface may not be \
                   safe.\n";
    assert!(printed(&server, &["PING"]).starts_with("NOAUTH"));
    assert_eq!(run(&server, &["-a", "secret", "PING"], b"").1, format!("{warning}PONG\n"));
    assert_eq!(printed(&server, &["-a", "secret", "--no-auth-warning", "PING"]), "PONG");
    assert_eq!(
        printed(&server, &["--user", "default", "--pass", "secret", "--no-auth-warning", "PING"]),
        "PONG"
    );
    let wrong = printed(&server, &["-a", "wrong", "--no-auth-warning", "PING"]);
    assert!(wrong.starts_with("AUTH failed: WRONGPASS") && wrong.contains("\nNOAUTH"), "{wrong}");
    let mut command = esker_cli();
    command.args(["-p", &port, "PING"]).env("REDISCLI_AUTH", "secret");
    assert_eq!(run_to_end(&mut command, b"", SOON), (true, "PONG\n".to_owned()));

    let uri = format!("redis://default:secret@127.0.0.1:{port}/3");
    let via_uri = |words: &[&str]| {
        let mut command = esker_cli();
        command.args(["--no-auth-warning", "-u", &uri]).args(words);
        run_to_end(&mut command, b"", SOON)
    };
    assert_eq!(via_uri(&["SET", "there", "1"]), (true, "OK\n".to_owned()));
    let mut client = server.connect();
    client.call("AUTH secret");
    client.call("SELECT 3");
    assert_eq!(client.call("GET there"), Value::bulk("1"));

    let mut command = esker_cli();
    command.arg("-s").arg(server.unix_socket()).args(["--no-auth-warning", "-a", "secret", "PING"]);
    assert_eq!(run_to_end(&mut command, b"", SOON), (true, "PONG\n".to_owned()));
    // A password typed in a script lets RESP3 in.
    let script = b"AUTH secret\nHSET h f v\nHGETALL h\n";
    assert_eq!(run(&server, &["--no-raw"], script).1, "OK\n(integer) 1\n1# \"f\" => \"v\"\n");
}

#[test]
fn messages_are_printed_as_they_come() {
    let server = Server::start(&[]);
    for (option, mark) in [("-2", ')'), ("-3", '>')] {
        let mut command = esker_cli();
        command.args(["-p", &server.port().to_string(), option, "--no-raw", "SUBSCRIBE", "news", "more"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut client = server.connect();
        eventually("somebody listens", || client.call("PUBLISH more hello") == Value::Int(1));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
        let mut expected = Vec::new();
        for (number, channel) in ["news", "more"].iter().enumerate() {
            expected.push(format!("1{mark} \"subscribe\""));
            expected.push(format!("2{mark} \"{channel}\""));
            expected.push(format!("3{mark} (integer) {}", number + 1));
        }
        for (index, word) in ["message", "more", "hello"].iter().enumerate() {
            expected.push(format!("{}{mark} \"{word}\"", index + 1));
        }
        let found: Vec<String> = lines.take(expected.len()).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found, expected);
        eventually("nobody listens", || client.call("PUBLISH more hello") == Value::Int(0));
    }
}

#[test]
fn what_answers_nothing_is_not_waited_for() {
    let server = Server::start(&[]);
    let script = b"CLIENT REPLY SKIP\nSET a 1\nGET a\nCLIENT REPLY OFF\nSET a 2\nCLIENT REPLY ON\nGET a\n\
                   UNSUBSCRIBE a b\nECHO end\n";
    let (success, text) = run(&server, &[], script);
    assert!(success, "{text}");
    assert_eq!(text, "1\nOK\n2\nunsubscribe\na\n0\nunsubscribe\nb\n0\nend\n");
    let (success, text) = run(&server, &["--no-raw", "-3"], b"UNSUBSCRIBE a b\nECHO end\n");
    assert!(success && text.ends_with("\"b\"\n3> (integer) 0\n\"end\"\n"), "{text}");
    // A server that stops says no more, and that is no error.
    let (success, text) = run(&server, &["SHUTDOWN", "NOSAVE"], b"");
    assert!(success && text.is_empty(), "{text}");
}

#[test]
fn replies_as_json_and_as_comma_separated_values() {
    let server = Server::start(&[]);
    for line in ["RPUSH l x 1", "HSET h f v,1", "ZADD z 1.5 m"] {
        server.connect().call(line);
    }
    let cases: &[(&[&str], &str)] = &[
        (&["--json", "LRANGE", "l", "0", "-1"], r#"["x","1"]"#),
        (&["--json", "HGETALL", "h"], r#"{"f":"v,1"}"#),
        (&["--json", "-2", "HGETALL", "h"], r#"["f","v,1"]"#),
        (&["--json", "ZRANGE", "z", "0", "-1", "WITHSCORES"], r#"[["m",1.5]]"#),
        (&["--json", "GET", "nosuch"], "null"),
        (
            &["--json", "GET", "l"],
            r#"error:"WRONGTYPE Operation against a key holding the wrong kind of value""#,
        ),
        (&["--csv", "LRANGE", "l", "0", "-1"], r#""x","1""#),
        (&["--csv", "HGETALL", "h"], r#""f","v,1""#),
        (&["--csv", "GET", "nosuch"], "NULL"),
        (
            &["--csv", "GET", "l"],
            r#"ERROR,"WRONGTYPE Operation against a key holding the wrong kind of value""#,
        ),
        (&["--csv", "-3", "ZSCORE", "z", "m"], "1.5"),
    ];
    // It knows of JSON since 7.0.
    let knows_json =
        |program: &PathBuf| run_to_end(Command::new(program).arg("--help"), b"", SOON).1.contains("--json");
    let redis_cli = find_program("redis-cli").filter(knows_json);
    for (arguments, expected) in cases {
        assert_eq!(printed(&server, arguments), *expected, "{arguments:?}");
        if let Some(redis_cli) = &redis_cli {
            let mut command = Command::new(redis_cli);
            command.args(["-p", &server.port().to_string()]).args(*arguments);
            assert_eq!(run_to_end(&mut command, b"", SOON).1.trim_end(), *expected, "{arguments:?}");
        }
    }
    assert!(printed(&server, &["--json", "INFO", "server"]).starts_with("# Server"));
    assert_eq!(run(&server, &["--json"], b"PING\nHGETALL h\n").1, "\"PONG\"\n{\"f\":\"v,1\"}\n");
}

#[test]
fn a_pipe_sends_everything_and_counts_the_replies() {
    const ALL_SENT: &str = "All data transferred. Waiting for the last reply...\n";
    let server = Server::start(&[]);
    let (success, text) = run(&server, &["--pipe"], b"SET a 1\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\nGET a");
    assert!(success, "{text}");
    assert_eq!(text, format!("{ALL_SENT}Last reply received from server.\nerrors: 0, replies: 3\n"));
    let (success, text) = run(&server, &["--pipe"], b"LPUSH a 1\r\nPING\r\n");
    assert!(!success && text.contains("WRONGTYPE") && text.ends_with("errors: 1, replies: 2\n"), "{text}");
    let (success, text) = run(&server, &["--pipe"], b"");
    assert!(success && text.ends_with("errors: 0, replies: 0\n"), "{text}");

    // More in both directions than any buffer between the two holds.
    let mut input = format!("SET large {}\r\n", "x".repeat(50_000)).into_bytes();
    for number in 0..1000 {
        input.extend(format!("GET large\r\nSET k{number} {}\r\n", "y".repeat(10_000)).bytes());
    }
    let (success, text) = run(&server, &["--pipe"], &input);
    assert!(success && text.ends_with("errors: 0, replies: 2001\n"), "{text}");
    assert_eq!(server.connect().call("DBSIZE"), Value::Int(1002));

    server.connect().call("CLIENT PAUSE 60000 ALL");
    let (success, text) = run(&server, &["--pipe", "--pipe-timeout", "0.2"], b"PING\r\n");
    assert!(!success && text.contains("No replies for 0.2 seconds: exiting."), "{text}");
    assert!(text.contains("errors: 1, replies: 0\n"), "{text}");
}

#[test]
fn a_password_that_is_asked_for_is_read_before_anything_else() {
    let server = Server::start(&["--requirepass", "secret"]);
    let (success, text) = run(&server, &["--askpass", "PING"], b"secret\n");
    assert!(success && text == "PONG\n", "{text}");
    // Without a warning: nobody sees it. It wins over the environment's, and a script follows it.
    let mut command = esker_cli();
    command.args(["-p", &server.port().to_string(), "--askpass"]).env("REDISCLI_AUTH", "wrong");
    let (success, text) = run_to_end(&mut command, b"secret\r\nSET a 1\nGET a\n", SOON);
    assert!(success && text == "OK\n1\n", "{text}");
    let (_, text) = run(&server, &["--askpass", "--user", "default", "PING"], b"wrong\n");
    assert!(
        text.starts_with("AUTH failed: WRONGPASS") && text.ends_with("NOAUTH Authentication required.\n\n"),
        "{text}"
    );
}

/// What README shows is what happens.
#[test]
fn the_first_conversation_is_as_readme_says() {
    let readme = include_str!("../../../README.md");
    let server = Server::start(&[]);
    let conversation: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.contains("> SET greeting"))
        .take_while(|line| !line.contains("> INFO"))
        .map(|line| line.trim_start())
        .collect();
    let (typed, answers): (Vec<&str>, Vec<&str>) =
        conversation.iter().partition(|line| line.starts_with("> "));
    assert!(typed.len() >= 4, "README has no conversation");
    let script: String = typed.iter().map(|line| format!("{}\n", &line[2..])).collect();
    for options in [&["--no-raw"][..], &["--no-raw", "-2"]] {
        server.connect().call("FLUSHALL");
        let (success, text) = run(&server, options, script.as_bytes());
        assert!(success);
        assert_eq!(text.lines().collect::<Vec<_>>(), answers, "{options:?}");
    }
}

/// A person at a terminal: what they see, and what is remembered.
#[test]
fn a_person_at_the_prompt() {
    let named = std::env::var_os("ESKER_TEST_PYTHON").map(PathBuf::from);
    let Some(python) = named.or_else(|| find_program("python3")) else {
        return pass_over("no python3 on PATH");
    };
    let server = Server::start(&[]);
    let directory = temporary_directory();
    let history = directory.path().join("history");
    let mut command = Command::new(python);
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/prompt.py"))
        .arg(env!("CARGO_BIN_EXE_esker"))
        .arg(server.port().to_string())
        .env("ESKER_HISTFILE", &history)
        .env_remove("REDISCLI_AUTH")
        .env("TERM", "xterm");
    let (success, text) = run_to_end(&mut command, b"", Duration::from_secs(60));
    assert!(success, "{text}");
    let remembered = std::fs::read_to_string(&history).unwrap();
    assert!(remembered.contains("SET a 1") && !remembered.contains("secret"), "{remembered}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&history.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
