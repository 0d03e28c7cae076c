//! What the examples of the hash commands do not show.

mod common;

use std::collections::BTreeSet;

use common::Prompt;

#[track_caller]
fn check(transcript: &str) {
    Prompt::new().check(transcript);
}

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "(error) ERR value is not an integer or out of range";
const NOT_FLOAT: &str = "(error) ERR value is not a valid float";
const SYNTAX: &str = "(error) ERR syntax error";

#[test]
fn another_type_is_refused_and_stays() {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    for line in [
        "HGET list a",
        "HSET list a 1",
        "HMSET list a 1",
        "HSETNX list a 1",
        "HDEL list a",
        "HEXISTS list a",
        "HGETALL list",
        "HINCRBY list a 1",
        "HINCRBYFLOAT list a 1",
        "HKEYS list",
        "HVALS list",
        "HLEN list",
        "HMGET list a",
        "HRANDFIELD list",
        "HRANDFIELD list 0",
        "HSCAN list 0",
        "HSCAN list 0 BAD",
        "HSTRLEN list a",
    ] {
        assert_eq!(prompt.type_in(line), WRONG_TYPE, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
}

#[test]
fn errors_come_in_redis_order() {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    prompt.type_in("HSET h number 4.5 text abc big 1e4932 max 9223372036854775807 space \" 1\"");
    for (line, error) in [
        ("HSET h a 1 b", "(error) ERR wrong number of arguments for 'hset' command"),
        ("HMSET list a 1 b", "(error) ERR wrong number of arguments for 'hmset' command"),
        ("HINCRBY list a ten", NOT_INTEGER),
        ("HINCRBY h number 1", "(error) ERR hash value is not an integer"),
        ("HINCRBY h space 1", "(error) ERR hash value is not an integer"),
        ("HINCRBY h max 1", "(error) ERR increment or decrement would overflow"),
        ("HINCRBYFLOAT list a ten", NOT_FLOAT),
        ("HINCRBYFLOAT list a nan", NOT_FLOAT),
        ("HINCRBYFLOAT list a inf", "(error) ERR value is NaN or Infinity"),
        ("HINCRBYFLOAT h text 1", "(error) ERR hash value is not a float"),
        ("HINCRBYFLOAT h big 1e4932", "(error) ERR increment would produce NaN or Infinity"),
        ("HRANDFIELD list ten BAD", NOT_INTEGER),
        ("HRANDFIELD list 1 BAD", SYNTAX),
        ("HRANDFIELD list 1 WITHVALUES WITHVALUES", SYNTAX),
        (
            "HRANDFIELD h -9223372036854775808 BAD",
            "(error) ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        ("HRANDFIELD h 4611686018427387904 WITHVALUES", "(error) ERR value is out of range"),
        ("HSCAN list x BAD", "(error) ERR invalid cursor"),
        ("HSCAN h 18446744073709551616", "(error) ERR invalid cursor"),
        ("HSCAN h 0 COUNT", SYNTAX),
        ("HSCAN h 0 COUNT 0", SYNTAX),
        ("HSCAN h 0 COUNT ten BAD", NOT_INTEGER),
        ("HSCAN h 0 TYPE hash", SYNTAX),
    ] {
        assert_eq!(prompt.type_in(line), error, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
}

#[test]
fn a_refused_change_leaves_no_empty_hash() {
    check(
        "> HSET h text abc
        (integer) 1
        > HINCRBY fresh f ten
        (error) ERR value is not an integer or out of range
        > HINCRBYFLOAT fresh f inf
        (error) ERR value is NaN or Infinity
        > HRANDFIELD fresh
        (nil)
        > HDEL h text text
        (integer) 1
        > HRANDFIELD h
        (nil)",
    );
}

#[test]
fn what_is_not_there() {
    check(
        "> HMGET none a b
        1) (nil)
        2) (nil)
        > HRANDFIELD none 5 WITHVALUES
        (empty array)
        > HSCAN none 0 BAD
        1) \"0\"
        2) (empty array)
        > HDEL none a
        (integer) 0",
    );
}

#[test]
fn a_field_may_come_twice_or_be_empty() {
    check(
        "> HSET h a 1 b 2 a 3
        (integer) 2
        > HGETALL h
        1) \"a\"
        2) \"3\"
        3) \"b\"
        4) \"2\"
        > HSET e \"\" \"\"
        (integer) 1
        > HSTRLEN e \"\"
        (integer) 0
        > HSCAN e 0 MATCH *
        1) \"0\"
        2) 1) \"\"
        2) \"\"
        > HSCAN e 0 MATCH **
        1) \"0\"
        2) (empty array)",
    );
}

#[test]
fn the_last_of_equal_scan_options_holds() {
    check(
        "> HSET h a 1 b 2
        (integer) 2
        > HSCAN h 0 COUNT 1 MATCH a MATCH b COUNT 9223372036854775807
        1) \"0\"
        2) 1) \"b\"
        2) \"2\"",
    );
}

#[test]
fn resp3_has_maps_and_nested_pairs() {
    let mut prompt = Prompt::new();
    prompt.type_in("HSET h a 1");
    assert_eq!(prompt.resp3("HGETALL h"), "%1\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_eq!(prompt.resp3("HGETALL none"), "%0\r\n");
    assert_eq!(prompt.resp3("HKEYS none"), "*0\r\n");
    assert_eq!(prompt.resp3("HGET none a"), "_\r\n");
    assert_eq!(prompt.resp3("HRANDFIELD none"), "_\r\n");
    assert_eq!(prompt.resp3("HINCRBYFLOAT h a 0.5"), "$3\r\n1.5\r\n");
    assert_eq!(prompt.resp3("HRANDFIELD h -2"), "*2\r\n$1\r\na\r\n$1\r\na\r\n");
    assert_eq!(prompt.resp3("HRANDFIELD h 2 WITHVALUES"), "*1\r\n*2\r\n$1\r\na\r\n$3\r\n1.5\r\n");
    assert_eq!(prompt.resp3("HSCAN h 0"), "*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$3\r\n1.5\r\n");
}

/// A prompt where the hash `h` has this many fields, `0`, `1` and so on, each with its own name as its value.
fn with_fields(fields: usize) -> Prompt {
    let mut prompt = Prompt::new();
    for field in 0..fields {
        prompt.type_in(&format!("HSET h {field} {field}"));
    }
    prompt
}

/// The bulk strings of a reply as it goes over the wire.
fn bulks(reply: &str) -> Vec<&str> {
    let lines: Vec<&str> = reply.split("\r\n").collect();
    lines.windows(2).filter(|pair| pair[0].starts_with('$')).map(|pair| pair[1]).collect()
}

#[test]
fn a_scan_sees_every_field_of_a_large_hash() {
    let mut prompt = with_fields(3000);
    let mut pages = 0;
    let mut seen = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let reply = prompt.resp3(&format!("HSCAN h {cursor} COUNT 7"));
        let parts = bulks(&reply);
        pages += 1;
        for pair in parts[1..].chunks(2) {
            assert_eq!(pair[0], pair[1]);
            seen.insert(pair[0].to_owned());
        }
        cursor = parts[0].to_owned();
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(seen.len(), 3000);
    assert!(pages > 3, "only {pages} pages: the hash was given whole");
}

#[test]
fn random_fields_are_as_many_and_as_different_as_asked() {
    for fields in [10, 1000] {
        let mut prompt = with_fields(fields);
        for count in [1, 3, 9, fields / 2, fields, fields + 1] {
            let reply = prompt.resp3(&format!("HRANDFIELD h {count}"));
            let given = bulks(&reply);
            assert_eq!(given.len(), count.min(fields));
            assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), given.len(), "all are different");
        }
        let reply = prompt.resp3(&format!("HRANDFIELD h -{}", 3 * fields));
        assert_eq!(bulks(&reply).len(), 3 * fields);
    }
}

#[test]
fn each_field_is_as_likely_as_another() {
    for fields in [5, 200] {
        let mut prompt = with_fields(fields);
        let draws = 200 * fields / 2;
        let mut counts = vec![0; fields];
        for _ in 0..draws {
            for field in bulks(&prompt.resp3("HRANDFIELD h 2")) {
                counts[field.parse::<usize>().expect("fields are numbers")] += 1;
            }
        }
        assert!(counts.iter().all(|count| (120..300).contains(count)), "{counts:?}");
    }
}
