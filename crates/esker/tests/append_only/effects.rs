//! What commands write to the file, beside what redis-server writes.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::{Server, Spec, eventually, find_program, temporary_directory};
use crate::{incremental, is_passed_over, requests, start};

/// What a server writes to its file that does this.
fn written(spec: Spec, prepare: &[&str], lines: &[&str]) -> Vec<String> {
    let directory = temporary_directory();
    let server = start(spec, &directory, &[]);
    let mut client = server.connect();
    client.call("SET marker 0");
    prepare.iter().for_each(|line| _ = client.call(line));
    client.call("SET marker 1");
    for line in lines {
        let reply = client.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
    client.call("SET marker 2");
    let path = incremental(directory.path());
    eventually("all is written", || requests(&path).iter().any(|line| line == "SET marker 2"));
    let all = requests(&path);
    let begin = all.iter().position(|line| line == "SET marker 1").expect("it was written");
    let end = all.iter().position(|line| line == "SET marker 2").expect("it was written");
    all[begin + 1..end].to_vec()
}

/// The same with what differs each time left out: moments become `<time>`.
fn comparable(lines: Vec<String>) -> Vec<String> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let is_near = |word: &str| {
        let number = word.split('-').next().and_then(|word| word.parse::<i64>().ok());
        number.is_some_and(|number| (number - now_ms).abs() < 10_000_000)
    };
    let word = |word: &str| if is_near(word) { "<time>".to_owned() } else { word.to_owned() };
    let line = |line: String| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    lines.into_iter().map(|text| line(text).to_ascii_lowercase()).collect()
}

#[track_caller]
fn check(prepare: &[&str], lines: &[&str], expected: &[&str]) {
    if is_passed_over() {
        return;
    }
    assert_eq!(comparable(written(Spec::under_test(), prepare, lines)), expected, "{lines:?}");
}

/// As `check`, where redis-server writes the same.
#[track_caller]
fn check_as_redis(prepare: &[&str], lines: &[&str], expected: &[&str]) {
    check(prepare, lines, expected);
    if let Some(program) = find_program("redis-server").filter(|_| !is_passed_over()) {
        assert_eq!(comparable(written(Spec::redis(program), prepare, lines)), expected, "Redis: {lines:?}");
    }
}

#[test]
fn requests_that_mean_the_same_everywhere_are_written_as_they_are() {
    let lines =
        ["APPEND a x", "INCR n", "RPUSH l a b", "LREM l 0 a", "SADD s a b", "ZADD z 1 a", "SETNX m 1"];
    let expected =
        ["append a x", "incr n", "rpush l a b", "lrem l 0 a", "sadd s a b", "zadd z 1 a", "setnx m 1"];
    check_as_redis(&[], &lines, &expected);
}

#[test]
fn what_changes_nothing_is_not_written() {
    let lines =
        ["GET a", "DEL missing", "SADD s a", "ZADD z 1 a", "EXPIRE missing 10", "SETNX a 2", "SPOP none"];
    check_as_redis(&["SET a 1", "SADD s a", "ZADD z 1 a"], &lines, &[]);
}

#[test]
fn what_is_told_though_it_changed_nothing_is_written_before_its_reply() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    client.call("SET a 1");
    let path = incremental(directory.path());
    for (count, line) in (1..).zip(["FLUSHALL", "FLUSHALL", "FLUSHDB"]) {
        client.call(line);
        assert_eq!(requests(&path).iter().filter(|line| line.starts_with("FLUSH")).count(), count, "{line}");
    }
}

#[test]
fn times_are_absolute() {
    let lines = ["SETEX a 100 1", "SET b 1 PX 100000", "EXPIRE c 100", "GETEX c EX 200", "GETEX c PERSIST"];
    let expected = [
        "set a 1 pxat <time>",
        "set b 1 pxat <time>",
        "pexpireat c <time>",
        "pexpireat c <time>",
        "persist c",
    ];
    check_as_redis(&["SET c 1"], &lines, &expected);
    check_as_redis(&["SET c 1"], &["EXPIRE c -1"], &["del c"]);
}

#[test]
fn what_was_taken_out_is_named() {
    check_as_redis(&["SADD s a"], &["SPOP s"], &["srem s a"]);
    check_as_redis(&["RPUSH l a b c"], &["BLPOP l 0", "BRPOP l 0"], &["lpop l", "rpop l"]);
    check_as_redis(&["RPUSH l a b c"], &["LMPOP 1 l LEFT COUNT 2"], &["lpop l 2"]);
    check_as_redis(&["RPUSH l a"], &["BLMOVE l m LEFT RIGHT 0"], &["lmove l m left right"]);
    check_as_redis(&["ZADD z 1 a 2 b"], &["ZMPOP 1 z MAX COUNT 1"], &["zpopmax z 1"]);
    check_as_redis(&["SET a 1"], &["GETDEL a"], &["del a"]);
}

#[test]
fn what_was_computed_is_written() {
    check_as_redis(&["SET f 1"], &["INCRBYFLOAT f 0.5"], &["set f 1.5 keepttl"]);
    check_as_redis(&["HSET h f 1"], &["HINCRBYFLOAT h f 0.5"], &["hset h f 1.5"]);
    check_as_redis(&["SET a 1"], &["GETSET a 2"], &["set a 2"]);
}

#[test]
fn streams_say_which_entries() {
    check_as_redis(&[], &["XADD s * a 1"], &["xadd s <time> a 1"]);
    check_as_redis(&["XADD s 1-1 a 1"], &["XADD s MAXLEN = 1 2-1 a 1"], &["xadd s maxlen = 1 2-1 a 1"]);
    let prepare = ["XADD s 1-1 a 1", "XGROUP CREATE s g 0"];
    let expected = [
        "multi",
        "xgroup createconsumer s g c",
        "xclaim s g c 0 1-1 time <time> retrycount 1 force justid",
        "xgroup setid s g 1-1 entriesread 1",
        "exec",
    ];
    check(&prepare, &["XREADGROUP GROUP g c STREAMS s >"], &expected);
}

#[test]
fn a_unit_is_enclosed() {
    let expected = ["multi", "set a 1", "set b 2", "exec"];
    check_as_redis(&[], &["MULTI", "SET a 1", "SET b 2", "EXEC"], &expected);
    let script = "EVAL redis.call('SET','a',1)redis.call('SET','b',2) 2 a b";
    check_as_redis(&[], &[script], &expected);
}

#[test]
fn a_script_says_what_is_for_the_file() {
    let script = "EVAL redis.call('SET','a',1)\
        redis.set_repl(redis.REPL_REPLICA)redis.call('SPOP','s')\
        redis.set_repl(redis.REPL_AOF)redis.call('SPOP','t')\
        redis.set_repl(redis.REPL_NONE)redis.call('SET','d',4) 0";
    // What follows within the same transaction is for everybody again.
    let lines = ["MULTI", script, "SET e 5", "EXEC"];
    let expected = ["multi", "set a 1", "srem t x", "set e 5", "exec"];
    check(&["SADD s x", "SADD t x y", "SREM t y"], &lines, &expected);
    check_as_redis(&[], &["EVAL redis.set_repl(redis.REPL_NONE)redis.call('SET','d',4) 0"], &[]);
}

#[test]
fn what_has_expired_is_removed_first() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let server: Server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    client.call("SADD a x");
    client.call("PEXPIRE a 1");
    std::thread::sleep(std::time::Duration::from_millis(20));
    client.call("SADD b y");
    client.call("SUNIONSTORE c a b");
    let lines = requests(&incremental(directory.path()));
    let removed = lines.iter().position(|line| line == "UNLINK a").expect("it was removed");
    let united = lines.iter().position(|line| line == "SUNIONSTORE c a b").expect("it was written");
    assert!(removed < united, "{lines:?}");
}
