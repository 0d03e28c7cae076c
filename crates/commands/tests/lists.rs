//! What the examples of the list commands do not show.

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
    prompt.check("> SET s 1\nOK\n> RPUSH list a\n(integer) 1");
    for line in [
        "LPUSH s a",
        "RPUSHX s a",
        "LPOP s",
        "RPOP s 2",
        "LLEN s",
        "LINDEX s zero",
        "LSET s zero a",
        "LRANGE s 0 1",
        "LTRIM s 0 1",
        "LREM s 0 a",
        "LINSERT s BEFORE a b",
        "LPOS s a",
        "LMOVE list s LEFT LEFT",
        "LMOVE s list LEFT LEFT",
        "BLMOVE list s LEFT LEFT 0",
        "RPOPLPUSH list s",
        "BRPOPLPUSH s list 0",
        "LMPOP 2 none s LEFT",
        "BLMPOP 0 2 none s LEFT",
        "BLPOP none s 0",
    ] {
        assert_eq!(prompt.type_in(line), WRONG_TYPE, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
    prompt.check("> LRANGE list 0 -1\n1) \"a\"\n> LMOVE none s LEFT LEFT\n(nil)\n> BLPOP list s 0\n1) \"list\"\n2) \"a\"");
}

#[test]
fn arguments_are_checked_before_keys() {
    let mut prompt = Prompt::new();
    prompt.check("> SET s 1\nOK");
    for (line, error) in [
        ("LPOP s -1", "value is out of range, must be positive"),
        ("LPOP s one", "value is out of range, must be positive"),
        ("LPOP s 1 2", "wrong number of arguments for 'lpop' command"),
        ("LRANGE s zero 1", "value is not an integer or out of range"),
        ("LREM s zero a", "value is not an integer or out of range"),
        ("LINSERT s NEAR a b", "syntax error"),
        ("LMOVE s s UP LEFT", "syntax error"),
        ("LSET none zero a", "no such key"),
        ("LMPOP 0 s LEFT", "numkeys should be greater than 0"),
        ("LMPOP 2 s LEFT", "syntax error"),
        ("LMPOP 1 s LEFT COUNT 0", "count should be greater than 0"),
        ("LMPOP 1 s LEFT COUNT 1 COUNT 1", "syntax error"),
        ("BLPOP s soon", "timeout is not a float or out of range"),
        ("BLPOP s nan", "timeout is not a float or out of range"),
        ("BLPOP s -1", "timeout is negative"),
        ("BLPOP s inf", "timeout is out of range"),
        ("BLPOP s 1e30", "timeout is out of range"),
        // Its timeout is looked at last.
        ("BLMPOP -1 0 s LEFT", "numkeys should be greater than 0"),
        ("BLMPOP -1 1 s MIDDLE", "syntax error"),
        ("BLMPOP -1 1 s LEFT", "timeout is negative"),
        (
            "LPOS s a RANK 0",
            "RANK can't be zero: use 1 to start from the first match, 2 from the second ... \
             or use negative to start from the end of the list",
        ),
        (
            "LPOS s a RANK -9223372036854775808",
            "value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        ),
        ("LPOS s a COUNT -1", "COUNT can't be negative"),
        ("LPOS s a MAXLEN -1", "MAXLEN can't be negative"),
        ("LPOS s a RANK", "syntax error"),
    ] {
        assert_eq!(prompt.type_in(line), format!("(error) ERR {error}"), "{line}");
    }
}

#[test]
fn popping_many_ends_with_the_key() {
    check(
        r#"
        > RPUSH l a b c
        (integer) 3
        > LPOP l 0
        (empty array)
        > RPOP l 9223372036854775807
        1) "c"
        2) "b"
        3) "a"
        > LLEN l
        (integer) 0
        > LPUSHX l a
        (integer) 0
        > LPOP l 0
        (nil)
        "#,
    );
}

#[test]
fn a_list_rotates_on_itself() {
    check(
        r#"
        > RPUSH l a
        (integer) 1
        > RPOPLPUSH l l
        "a"
        > RPUSH l b c
        (integer) 3
        > LMOVE l l LEFT RIGHT
        "a"
        > LMOVE l l RIGHT RIGHT
        "a"
        > LRANGE l 0 -1
        1) "b"
        2) "c"
        3) "a"
        "#,
    );
}

#[test]
fn counts_and_indexes_at_their_limits() {
    check(
        r#"
        > RPUSH l a b a b a
        (integer) 5
        > LPOS l a RANK -2 COUNT 0 MAXLEN 3
        1) (integer) 2
        > LPOS l a RANK 9223372036854775807
        (nil)
        > LPOS l a RANK -9223372036854775807 COUNT 1
        (empty array)
        > LPOS l b COUNT 1
        1) (integer) 1
        > LPOS none b COUNT 1
        (empty array)
        > LINDEX l -9223372036854775808
        (nil)
        > LINDEX none zero
        (nil)
        > LREM l -9223372036854775808 b
        (integer) 2
        > LTRIM l 5 1
        OK
        > LLEN l
        (integer) 0
        "#,
    );
}

#[test]
fn nothing_in_either_protocol() {
    let mut prompt = Prompt::new();
    for line in ["LPOP none", "LPOP none 1", "LMPOP 1 none LEFT", "BLPOP none 0", "BLMOVE none l LEFT LEFT 0"]
    {
        assert_eq!(prompt.resp3(line), "_\r\n", "{line}");
    }
}
