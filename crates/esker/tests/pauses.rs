//! CLIENT PAUSE: who waits, for how long, and in which order they go on.

mod harness;

use harness::{Client, SOON, Server, Value, eventually};
use std::thread;
use std::time::{Duration, Instant};

/// Sends commands in one go, and returns once their client is paused.
fn pause_in(server: &Server, client: &mut Client, lines: &[&str]) {
    let mut info = server.connect();
    let waiting = |info: &mut Client| {
        let list = info.call("CLIENT LIST").text();
        let flags = list.split_whitespace().filter_map(|field| field.strip_prefix("flags="));
        flags.filter(|flags| flags.contains('b')).count()
    };
    let before = waiting(&mut info);
    for line in lines {
        client.send(line);
    }
    eventually(lines[0], || waiting(&mut info) == before + 1);
}

fn wait_and_release(admin: &mut Client, paused: &mut Client, expected: &[Value]) {
    assert_eq!(admin.call("CLIENT UNPAUSE"), Value::ok());
    for value in expected {
        assert_eq!(&paused.read().expect("a reply"), value);
    }
}

#[test]
fn what_waits_goes_on_in_its_order() {
    let server = Server::start(&[]);
    let (mut admin, mut client) = (server.connect(), server.connect());
    admin.call("CLIENT PAUSE 60000 WRITE");
    pause_in(&server, &mut client, &["SET a 1", "GET a", "INCR a", "ECHO end"]);
    assert_eq!(server.info("blocked_clients"), 1);
    assert_eq!(admin.call("EXISTS a"), Value::Int(0));
    wait_and_release(
        &mut admin,
        &mut client,
        &[Value::ok(), Value::bulk("1"), Value::Int(2), Value::bulk("end")],
    );
    assert_eq!(server.info("blocked_clients"), 0);
}

#[test]
fn a_pause_of_writes_holds_what_may_replicate() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    admin.call("PFADD visits me");
    admin.call("CLIENT PAUSE 60000 WRITE");
    // What is refused is refused at once.
    for (refused, error) in
        [("SET a", "ERR wrong number of arguments for 'set' command"), ("EXEC", "ERR EXEC without MULTI")]
    {
        assert_eq!(server.connect().call(refused).error(), error);
    }
    let cases = [
        (&["PFCOUNT visits"][..], Value::Int(1)),
        (&["PUBLISH news x"], Value::Int(0)),
        (&["SPUBLISH news x"], Value::Int(0)),
        (&["BLPOP nosuch 0.01"], Value::NullArray),
        // It waits when it is queued, as in Redis.
        (&["MULTI", "INCR n", "EXEC"], Value::Simple(b"QUEUED".to_vec())),
    ];
    for (lines, expected) in cases {
        let mut client = server.connect();
        pause_in(&server, &mut client, lines);
        if lines.len() > 1 {
            assert_eq!(client.read().unwrap(), Value::ok());
        }
        wait_and_release(&mut admin, &mut client, &[expected]);
        admin.call("CLIENT PAUSE 60000 WRITE");
    }
    admin.call("CLIENT UNPAUSE");

    // A transaction that was put together before waits if it writes, and goes on if it does not.
    let (mut writer, mut reader) = (server.connect(), server.connect());
    for (client, queued) in [(&mut writer, "SET a 1"), (&mut reader, "GET a")] {
        client.call("MULTI");
        client.call(queued);
    }
    admin.call("CLIENT PAUSE 60000 WRITE");
    pause_in(&server, &mut writer, &["EXEC"]);
    assert_eq!(reader.call("EXEC"), Value::Array(vec![Value::NullBulk]));
    wait_and_release(&mut admin, &mut writer, &[Value::Array(vec![Value::ok()])]);
}

#[test]
fn a_pause_of_all_ends_only_with_its_time() {
    let server = Server::start(&[]);
    let (mut admin, mut client) = (server.connect(), server.connect());
    let begin = Instant::now();
    admin.call("CLIENT PAUSE 200");
    let mut other = server.connect();
    other.send("CLIENT UNPAUSE");
    client.send("PING");
    assert_eq!(other.read().unwrap(), Value::ok());
    assert_eq!(client.read().unwrap(), Value::Simple(b"PONG".to_vec()));
    assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
}

#[test]
fn a_second_pause_is_never_milder() {
    let server = Server::start(&[]);
    let (mut admin, mut client) = (server.connect(), server.connect());
    let begin = Instant::now();
    admin.call("CLIENT PAUSE 300 WRITE");
    admin.call("CLIENT PAUSE 1 WRITE");
    assert_eq!(client.call("SET a 1"), Value::ok());
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());

    let begin = Instant::now();
    let replies = admin.pipeline(&[
        vec!["MULTI"],
        vec!["CLIENT", "PAUSE", "300", "ALL"],
        vec!["CLIENT", "PAUSE", "1", "WRITE"],
        vec!["EXEC"],
    ]);
    assert_eq!(replies[3], Value::Array(vec![Value::ok(), Value::ok()]));
    assert_eq!(client.call("GET a"), Value::bulk("1"));
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());

    // Who waits already waits for as long as a longer pause says.
    let begin = Instant::now();
    admin.call("CLIENT PAUSE 100 WRITE");
    client.send("SET a 2");
    admin.call("CLIENT PAUSE 400 WRITE");
    assert_eq!(client.read().unwrap(), Value::ok());
    assert!(begin.elapsed() >= Duration::from_millis(400), "{:?}", begin.elapsed());
}

#[test]
fn a_paused_client_can_be_killed_and_can_leave() {
    let server = Server::start(&[]);
    let (mut admin, mut client, mut leaver) = (server.connect(), server.connect(), server.connect());
    let id = client.call("CLIENT ID").int();
    admin.call("CLIENT PAUSE 60000 WRITE");
    pause_in(&server, &mut client, &["SET a 1"]);
    pause_in(&server, &mut leaver, &["SET a 1"]);
    // Redis 7.0 does not survive this.
    if server.is_esker() {
        assert_eq!(admin.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(0));
    }
    assert_eq!(admin.call(&format!("CLIENT KILL ID {id}")), Value::Int(1));
    assert!(client.is_closed_within(SOON));
    drop(leaver);
    eventually("nobody waits", || server.info("blocked_clients") == 0);
    admin.call("CLIENT UNPAUSE");
    assert_eq!(admin.call("EXISTS a"), Value::Int(0));
}

#[test]
fn nothing_is_removed_during_a_pause() {
    let server = Server::start(&["--hz", "100"]);
    let mut admin = server.connect();
    admin.call("SET a 1 PX 50");
    admin.call("CLIENT PAUSE 60000 WRITE");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(admin.call("GET a"), Value::NullBulk);
    assert_eq!(admin.call("DBSIZE"), Value::Int(1));
    admin.call("CLIENT UNPAUSE");
    eventually("the key goes", || admin.call("DBSIZE") == Value::Int(0));
}

#[test]
fn a_script_that_says_that_it_writes_nothing_goes_on_in_a_pause_of_writes() {
    let server = Server::start(&[]);
    let (mut admin, mut client) = (server.connect(), server.connect());
    let read = "#!lua flags=no-writes\nreturn 7";
    admin.call_with(&[
        "FUNCTION",
        "LOAD",
        "#!lua name=l\nredis.register_function{function_name='f', callback=function() return 8 end, flags={'no-writes'}}",
    ]);
    let digest = admin.call_with(&["SCRIPT", "LOAD", read]).text();
    admin.call("CLIENT PAUSE 60000 WRITE");
    assert_eq!(client.call_with(&["EVAL", read, "0"]), 7);
    assert_eq!(client.call_with(&["EVALSHA", &digest, "0"]), 7);
    assert_eq!(client.call_with(&["EVAL_RO", "return 9", "0"]), 9);
    assert_eq!(client.call_with(&["FCALL", "f", "0"]), 8);
    let mut other = server.connect();
    other.send("EVAL return(1) 0");
    eventually("it waits", || server.info("blocked_clients") == 1);
    admin.call("CLIENT UNPAUSE");
    assert_eq!(other.read().expect("a reply"), Value::Int(1));
}

#[test]
fn whoever_reads_a_key_that_has_expired_removes_it() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    client.call("PSETEX a 1 x");
    client.call("HSET b f v");
    client.call("PEXPIRE b 1");
    thread::sleep(Duration::from_millis(5));
    assert_eq!(client.call("GET a"), Value::NullBulk);
    assert_eq!(client.call("HGET b f"), Value::NullBulk);
    assert_eq!(server.info("expired_keys"), 2);
    assert_eq!(client.call("DBSIZE"), Value::Int(0));
}
