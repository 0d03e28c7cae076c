//! What the examples of the set commands do not show.

mod common;

use common::Prompt;

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";

#[track_caller]
fn check(transcript: &str) {
    Prompt::new().check(transcript);
}

#[test]
fn another_type_is_refused_and_stays() {
    let mut prompt = Prompt::new();
    prompt.check("> SET s 1\nOK\n> SADD set a\n(integer) 1");
    for line in [
        "SADD s a",
        "SREM s a",
        "SCARD s",
        "SISMEMBER s a",
        "SMISMEMBER s a",
        "SMEMBERS s",
        "SMOVE s set a",
        "SMOVE set s a",
        "SPOP s",
        "SPOP s 0",
        "SRANDMEMBER s",
        "SRANDMEMBER s 1",
        "SDIFF none s",
        "SINTER none s",
        "SINTERCARD 2 none s",
        "SINTERSTORE set none s",
        "SUNION set s",
        "SUNIONSTORE set s",
        "SSCAN s 0 COUNT zero",
    ] {
        assert_eq!(prompt.type_in(line), WRONG_TYPE, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
    prompt.check("> SMOVE none s a\n(integer) 0\n> SMEMBERS set\n1) \"a\"");
}

#[test]
fn arguments_are_checked_before_keys() {
    let mut prompt = Prompt::new();
    prompt.check("> SET s 1\nOK\n> SADD set a\n(integer) 1");
    for (line, error) in [
        ("SPOP s -1", "value is out of range, must be positive"),
        ("SPOP s 1 2", "syntax error"),
        ("SRANDMEMBER s one", "value is not an integer or out of range"),
        (
            "SRANDMEMBER s -9223372036854775808",
            "value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        ("SINTERCARD 0 s", "numkeys should be greater than 0"),
        ("SINTERCARD 2 s", "Number of keys can't be greater than number of args"),
        ("SINTERCARD 1 s LIMIT -1", "LIMIT can't be negative"),
        ("SINTERCARD 1 s s", "syntax error"),
        ("SSCAN s x", "invalid cursor"),
        ("SSCAN set 0 COUNT 0", "syntax error"),
    ] {
        assert_eq!(prompt.type_in(line), format!("(error) ERR {error}"), "{line}");
    }
}

#[test]
fn results_replace_what_was_there() {
    check(
        r#"
        > SADD a 1 2 3
        (integer) 3
        > SET result text
        OK
        > SINTERSTORE result a none
        (integer) 0
        > GET result
        (nil)
        > SDIFFSTORE a a none
        (integer) 3
        > SUNIONSTORE result a a
        (integer) 3
        > SDIFF a a
        (empty array)
        > SMOVE a a 1
        (integer) 1
        > SMOVE a a 9
        (integer) 0
        > SMISMEMBER none x y
        1) (integer) 0
        2) (integer) 0
        "#,
    );
}

/// Fills the set `large`, which is then indexed.
fn with_large_set() -> Prompt {
    let mut prompt = Prompt::new();
    let members: Vec<String> = (0..1000).map(|number| format!("member:{number}")).collect();
    assert_eq!(prompt.type_in(&format!("SADD large {}", members.join(" "))), "(integer) 1000");
    prompt
}

#[test]
fn random_members_are_as_many_as_asked_for_and_different() {
    let mut prompt = with_large_set();
    for (count, expected) in [(1, 1), (10, 10), (400, 400), (999, 999), (5000, 1000)] {
        let printed = prompt.type_in(&format!("SRANDMEMBER large {count}"));
        let mut members: Vec<&str> =
            printed.lines().map(|line| line.trim().split(' ').nth(1).unwrap()).collect();
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), expected, "{count}");
    }
    assert_eq!(prompt.type_in("SRANDMEMBER large -5000").lines().count(), 5000);
    assert_eq!(prompt.type_in("SPOP large 990").lines().count(), 990);
    prompt.check("> SCARD large\n(integer) 10");
    assert_eq!(prompt.type_in("SPOP large 9223372036854775807").lines().count(), 10);
    prompt.check("> SPOP large 1\n(empty array)");
}

#[test]
fn a_scan_sees_every_member() {
    let mut prompt = with_large_set();
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), String::from("0"));
    loop {
        let printed = prompt.type_in(&format!("SSCAN large {cursor} COUNT 50"));
        let mut words = printed.split('"').skip(1).step_by(2).map(str::to_owned);
        cursor = words.next().unwrap();
        seen.extend(words);
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 1000);
}

#[test]
fn sets_and_arrays_in_resp3() {
    let mut prompt = Prompt::new();
    for (line, reply) in [
        ("SADD s 1", ":1\r\n"),
        ("SMEMBERS s", "~1\r\n$1\r\n1\r\n"),
        ("SINTER s s", "~1\r\n$1\r\n1\r\n"),
        ("SUNION s", "~1\r\n$1\r\n1\r\n"),
        ("SDIFF s", "~1\r\n$1\r\n1\r\n"),
        ("SRANDMEMBER s 1", "*1\r\n$1\r\n1\r\n"),
        ("SRANDMEMBER s -2", "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"),
        ("SPOP s 0", "~0\r\n"),
        ("SPOP s 1", "~1\r\n$1\r\n1\r\n"),
        ("SPOP s 1", "~0\r\n"),
        ("SPOP s", "_\r\n"),
        ("SRANDMEMBER s 1", "*0\r\n"),
        ("SMEMBERS s", "~0\r\n"),
    ] {
        assert_eq!(prompt.resp3(line), reply, "{line}");
    }
}
