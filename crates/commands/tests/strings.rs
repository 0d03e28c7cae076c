//! What the examples of the string commands do not show.

mod common;

use common::Prompt;

#[track_caller]
fn check(transcript: &str) {
    Prompt::new().check(transcript);
}

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "(error) ERR value is not an integer or out of range";
const SYNTAX: &str = "(error) ERR syntax error";

/// A prompt where `list` is a list.
fn with_list() -> Prompt {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    prompt
}

#[test]
fn another_type_is_refused_and_stays() {
    let mut prompt = with_list();
    for line in [
        "GET list",
        "GETDEL list",
        "GETEX list EX 10",
        "GETEX list EX ten",
        "GETSET list a",
        "GETRANGE list 0 1",
        "SUBSTR list 0 1",
        "STRLEN list",
        "APPEND list a",
        "SETRANGE list 0 a",
        "SETRANGE list 0 \"\"",
        "INCR list",
        "DECRBY list 1",
        "INCRBYFLOAT list 1",
        "INCRBYFLOAT list one",
        "SET list a GET",
        "SET list a NX GET",
    ] {
        assert_eq!(prompt.type_in(line), WRONG_TYPE, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
    prompt.check(
        "> LCS list none
        (error) ERR The specified keys must contain string values
        > LCS none list LEN IDX
        (error) ERR The specified keys must contain string values
        > MGET list none
        1) (nil)
        2) (nil)
        > MSETNX new 1 list 2
        (integer) 0
        > SETNX list a
        (integer) 0
        > SET list a
        OK
        > GET list
        \"a\"",
    );
}

#[test]
fn errors_come_in_redis_order() {
    let mut prompt = Prompt::new();
    prompt.type_in("SET text abc");
    for (line, error) in [
        ("SET k v EX", SYNTAX),
        ("SET k v EX ten", NOT_INTEGER),
        ("SET k v EX ten XX NX", SYNTAX),
        ("SET k v EX 10 PX 10", SYNTAX),
        ("SET k v KEEPTTL EX 10", SYNTAX),
        ("SET k v PERSIST", SYNTAX),
        ("SET k v NX XX", SYNTAX),
        ("SET k v EX 0", "(error) ERR invalid expire time in 'set' command"),
        ("SET k v PX -1", "(error) ERR invalid expire time in 'set' command"),
        ("SET k v EX 9223372036854775807", "(error) ERR invalid expire time in 'set' command"),
        ("SETEX k ten v", NOT_INTEGER),
        ("PSETEX k -5 v", "(error) ERR invalid expire time in 'psetex' command"),
        ("GETEX text KEEPTTL", SYNTAX),
        ("GETEX text EX ten", NOT_INTEGER),
        ("GETEX text EX ten PERSIST", SYNTAX),
        ("GETEX text PXAT 0", "(error) ERR invalid expire time in 'getex' command"),
        ("INCRBY text one", NOT_INTEGER),
        ("DECRBY text -9223372036854775808", "(error) ERR decrement would overflow"),
        ("INCRBYFLOAT text 1", "(error) ERR value is not a valid float"),
        ("INCRBYFLOAT none inf", "(error) ERR increment would produce NaN or Infinity"),
        ("SETRANGE text -1 a", "(error) ERR offset is out of range"),
        ("SETRANGE text one a", NOT_INTEGER),
        ("SETRANGE text 536870912 a", "(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)"),
        (
            "SETRANGE text 9223372036854775807 ab",
            "(error) ERR string exceeds maximum allowed size (proto-max-bulk-len)",
        ),
        ("MSET a", "(error) ERR wrong number of arguments for 'mset' command"),
        ("MSET a 1 b", "(error) ERR wrong number of arguments for 'mset' command"),
        ("MSETNX a 1 b", "(error) ERR wrong number of arguments for 'msetnx' command"),
        (
            "LCS text text LEN IDX",
            "(error) ERR If you want both the length and indexes, please just use IDX.",
        ),
        ("LCS text text MINMATCHLEN", SYNTAX),
        ("LCS text text MINMATCHLEN one LEN NONE", NOT_INTEGER),
    ] {
        assert_eq!(prompt.type_in(line), error, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
    prompt.check(
        "> GETEX none EX ten
        (nil)
        > GETEX none PERSIST PERSIST
        (nil)
        > SETRANGE none 536870912 \"\"
        (integer) 0
        > MGET none k a
        1) (nil)
        2) (nil)
        3) (nil)",
    );
}

#[test]
fn set_keeps_replaces_or_drops_the_deadline() {
    let mut prompt = Prompt::new();
    prompt.check(
        "> SET k 1 PX 100\nOK\n> SET k 2 KEEPTTL\nOK\n> APPEND k 3\n(integer) 2\n> INCR k\n(integer) 24",
    );
    prompt.context.now_ms += 99;
    prompt.check("> GET k\n\"24\"");
    prompt.context.now_ms += 1;
    prompt.check("> GET k\n(nil)\n> SET k 1 EX 1\nOK\n> SET k 2\nOK");
    prompt.context.now_ms += 2000;
    prompt.check("> GET k\n\"2\"\n> SET k 3 PX 5 PX 7000\nOK");
    prompt.context.now_ms += 6999;
    prompt.check("> GET k\n\"3\"\n> SET k 4 EX 5 GET NX\n\"3\"\n> SET k 5 NX GET GET\n\"3\"");
    prompt.context.now_ms += 1;
    prompt.check(
        "> SET k 6 XX\n(nil)\n> SET k 6 NX GET\n(nil)\n> GET k\n\"6\"\n> SET k 7 PXAT 5\nOK\n> GET k\n(nil)",
    );
}

#[test]
fn getex_changes_the_deadline_only_where_it_says_so() {
    let mut prompt = Prompt::new();
    prompt.check("> SET k 1 EX 10\nOK\n> GETEX k\n\"1\"");
    assert_eq!(prompt.tally.changes, 0);
    prompt.check("> GETEX k PERSIST\n\"1\"");
    assert_eq!(prompt.tally.changes, 1);
    prompt.check("> GETEX k PERSIST\n\"1\"");
    assert_eq!(prompt.tally.changes, 0);
    prompt.check("> GETEX k EXAT 5\n\"1\"\n> GETEX k\n(nil)");
}

#[test]
fn counting_stays_within_64_bits() {
    check(
        "> SET k 9223372036854775806
        OK
        > INCR k
        (integer) 9223372036854775807
        > INCR k
        (error) ERR increment or decrement would overflow
        > GET k
        \"9223372036854775807\"
        > SET k -9223372036854775808
        OK
        > DECR k
        (error) ERR increment or decrement would overflow
        > DECRBY k -1
        (integer) -9223372036854775807
        > SET k \" 11\"
        OK
        > INCR k
        (error) ERR value is not an integer or out of range
        > SET k 1.5
        OK
        > INCR k
        (error) ERR value is not an integer or out of range
        > INCRBYFLOAT k 1.5
        \"3\"
        > INCR k
        (integer) 4
        > INCRBY k 100000000000
        (integer) 100000000004",
    );
}

#[test]
fn editing_reaches_integers_and_what_is_not_there() {
    check(
        "> SET n 12
        OK
        > APPEND n 34
        (integer) 4
        > INCR n
        (integer) 1235
        > SETRANGE n 1 x
        (integer) 4
        > GET n
        \"1x35\"
        > SETRANGE n 6 y
        (integer) 7
        > GET n
        \"1x35\\x00\\x00y\"
        > APPEND empty \"\"
        (integer) 0
        > GET empty
        \"\"
        > APPEND number 42
        (integer) 2
        > INCR number
        (integer) 43
        > GETRANGE number -1 -1
        \"3\"
        > STRLEN number
        (integer) 2
        > SETRANGE text 0 \"\"
        (integer) 0
        > GET text
        (nil)",
    );
}

#[test]
fn a_key_may_come_twice() {
    check(
        "> MSET a 1 a 2
        OK
        > GET a
        \"2\"
        > MSETNX b 1 b 2
        (integer) 1
        > GET b
        \"2\"
        > MGET b a b
        1) \"2\"
        2) \"2\"
        3) \"2\"
        > LCS a a
        \"2\"",
    );
}

#[test]
fn what_is_too_large_to_compare_is_refused() {
    check(
        "> SETRANGE a 20000 x
        (integer) 20001
        > SETRANGE b 20000 x
        (integer) 20001
        > LCS a b LEN
        (error) ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
    );
}

#[test]
fn resp3_has_a_map_for_lcs_and_one_null() {
    let mut prompt = Prompt::new();
    prompt.type_in("MSET a ohmytext b mynewtext");
    assert_eq!(prompt.resp3("LCS a b IDX MINMATCHLEN 5"), "%2\r\n$7\r\nmatches\r\n*0\r\n$3\r\nlen\r\n:6\r\n");
    assert_eq!(prompt.resp3("MGET a none"), "*2\r\n$8\r\nohmytext\r\n_\r\n");
}
