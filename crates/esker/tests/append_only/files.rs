//! Files: beginning, rewriting, turning on and off, and those of other servers.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Client, Server, Spec, eventually, find_program, pass_over, temporary_directory};
use crate::{incremental, is_passed_over, start};

fn fill(client: &mut Client) {
    for line in [
        "SET text hello",
        "SET short lived EX 1000",
        "RPUSH list a b c",
        "SADD set x y z",
        "HSET hash f v g w",
        "ZADD zset 1 a 2.5 b",
        "XADD stream 1-1 f v",
        "XGROUP CREATE stream group 0",
        "XREADGROUP GROUP group consumer STREAMS stream >",
        "SELECT 3",
        "SET other database",
        "SELECT 0",
    ] {
        let reply = client.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
}

fn digest(client: &mut Client) -> String {
    client.call("DEBUG DIGEST").text()
}

fn rewrite(server: &Server, client: &mut Client) {
    let before = server.info("aof_rewrites");
    assert!(!client.call("BGREWRITEAOF").is_error());
    eventually("it is rewritten", || server.info("aof_rewrites") > before);
    assert_eq!(server.info("aof_rewrite_in_progress"), 0);
}

#[test]
fn a_rewrite_keeps_everything_in_either_form() {
    if is_passed_over() {
        return;
    }
    for preamble in ["yes", "no"] {
        let directory = temporary_directory();
        let directives = ["--aof-use-rdb-preamble", preamble];
        let mut server = start(Spec::under_test(), &directory, &directives);
        let mut client = server.connect();
        fill(&mut client);
        client.call_with(&[
            "FUNCTION",
            "LOAD",
            "#!lua name=l\nredis.register_function('f', function() return 7 end)",
        ]);
        rewrite(&server, &mut client);
        assert!(fs::metadata(incremental(directory.path())).expect("it is there").len() < 100);
        client.call("INCR behind");
        let before = digest(&mut client);
        server.stop_by(Signal::KILL);
        let server = start(Spec::under_test(), &directory, &directives);
        let mut client = server.connect();
        assert_eq!(digest(&mut client), before, "{preamble}");
        assert_eq!(client.call("FCALL f 0"), 7);
        assert_eq!(client.call("XPENDING stream group").elements()[0], 1);
    }
}

#[test]
fn it_is_rewritten_when_it_has_grown() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let server = start(Spec::under_test(), &directory, &["--auto-aof-rewrite-min-size", "10kb"]);
    let before = server.info("aof_rewrites");
    let mut client = server.connect();
    let value = "x".repeat(1000);
    (0..100).for_each(|_| _ = client.call_with(&["SET", "key", &value]));
    eventually("it is rewritten", || server.info("aof_rewrites") > before);
    eventually("it is small", || server.info("aof_current_size") < 10_000);
}

#[test]
fn it_can_be_turned_on_and_off() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let directives = ["--dir", dir, "--enable-debug-command", "yes"];
    let mut server = Spec::under_test().with(&directives).start();
    let mut client = server.connect();
    fill(&mut client);
    assert_eq!(client.call("CONFIG SET appendonly yes"), *"OK");
    client.call("INCR meanwhile");
    eventually("it is written", || server.info("aof_enabled") == 1 && server.info("aof_rewrites") == 1);
    client.call("INCR meanwhile");
    let before = digest(&mut client);
    assert_eq!(client.call("CONFIG SET appendonly no"), *"OK");
    client.call("SET not logged");
    assert_eq!(server.info("aof_enabled"), 0);
    server.stop_by(Signal::KILL);
    let mut server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    assert_eq!(digest(&mut client), before);
    // What was written in a time before does not come back.
    assert_eq!(client.call("CONFIG SET appendonly no"), *"OK");
    client.call("DEL text");
    assert_eq!(client.call("CONFIG SET appendonly yes"), *"OK");
    let rewrites = server.info("aof_rewrites");
    eventually("it is written again", || {
        server.info("aof_rewrites") >= rewrites && server.info("aof_rewrite_in_progress") == 0
    });
    server.stop_by(Signal::KILL);
    let server = start(Spec::under_test(), &directory, &[]);
    assert!(server.connect().call("GET text").is_null());
}

#[test]
fn redis_loads_ours_and_we_load_those_of_redis() {
    let Some(program) = find_program("redis-server") else {
        return pass_over("no redis-server on PATH to compare with");
    };
    if is_passed_over() {
        return;
    }
    let redis = || Spec::redis(program.clone());
    for (writer, reader, preamble) in [
        (Spec::under_test(), redis(), "no"),
        (redis(), Spec::under_test(), "no"),
        (redis(), Spec::under_test(), "yes"),
    ] {
        let directory = temporary_directory();
        let directives = ["--aof-use-rdb-preamble", preamble];
        let mut server = start(writer, &directory, &directives);
        let mut client = server.connect();
        fill(&mut client);
        if server.is_esker() {
            rewrite(&server, &mut client);
        } else {
            client.call("BGREWRITEAOF");
            eventually("it is rewritten", || server.info("aof_rewrite_in_progress") == 0);
        }
        client.call("APPEND text !");
        let deadline = client.call("PEXPIRETIME short");
        server.stop_by(Signal::KILL);
        let server = start(reader, &directory, &directives);
        let mut client = server.connect();
        assert_eq!(client.call("GET text").text(), "hello!");
        assert_eq!(client.call("PEXPIRETIME short"), deadline);
        assert_eq!(client.call("LRANGE list 0 -1").elements().len(), 3);
        assert_eq!(client.call("ZSCORE zset b").text(), "2.5");
        assert_eq!(client.call("XPENDING stream group").elements()[0], 1);
        client.call("SELECT 3");
        assert_eq!(client.call("GET other").text(), "database");
    }
}

#[test]
fn the_single_file_of_an_older_server_becomes_the_base() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let text = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
    fs::write(directory.path().join("appendonly.aof"), text).expect("it can be written");
    for value in [1, 2] {
        let mut server = start(Spec::under_test(), &directory, &[]);
        let mut client = server.connect();
        assert_eq!(client.call("GET a").text(), value.to_string());
        assert_eq!(client.call("INCR a"), value + 1);
        server.stop_by(Signal::KILL);
    }
    assert!(directory.path().join("appendonlydir/appendonly.aof").exists());
    assert!(!directory.path().join("appendonly.aof").exists());
}

#[test]
fn it_can_be_loaded_again_in_place() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    fill(&mut client);
    let before = digest(&mut client);
    assert_eq!(client.call("DEBUG LOADAOF"), *"OK");
    assert_eq!(digest(&mut client), before);
    client.call("INCR behind");
    assert_eq!(client.call("DEBUG LOADAOF"), *"OK");
    assert_eq!(client.call("GET behind").text(), "1");
}

#[test]
fn what_was_rewritten_can_be_loaded_while_nothing_is_written() {
    if is_passed_over() {
        return;
    }
    let server = Server::start(&["--enable-debug-command", "yes", "--save", ""]);
    let mut client = server.connect();
    fill(&mut client);
    assert!(client.call("DEBUG LOADAOF").is_error());
    let before = digest(&mut client);
    rewrite(&server, &mut client);
    client.call("SET behind 1");
    assert_eq!(client.call("DEBUG LOADAOF"), *"OK");
    assert_eq!(digest(&mut client), before);
    assert_eq!(server.info("aof_enabled"), 0);
}
