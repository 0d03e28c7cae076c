//! What the examples of the bitmap commands do not show.

mod common;

use common::Prompt;

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "(error) ERR value is not an integer or out of range";
const SYNTAX: &str = "(error) ERR syntax error";
const OFFSET: &str = "(error) ERR bit offset is not an integer or out of range";
const TYPE: &str = "(error) ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
                    supported but i64 is.";

#[track_caller]
fn check(transcript: &str) {
    Prompt::new().check(transcript);
}

#[test]
fn errors_come_in_redis_order() {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    prompt.type_in("SET text abc");
    for (line, error) in [
        ("GETBIT list 0", WRONG_TYPE),
        ("GETBIT list -1", OFFSET),
        ("GETBIT text 4294967296", OFFSET),
        ("SETBIT list 0 1", WRONG_TYPE),
        ("SETBIT list 0 2", "(error) ERR bit is not an integer or out of range"),
        ("SETBIT list 4294967296 2", OFFSET),
        ("SETBIT text #1 1", OFFSET),
        ("BITCOUNT list one two", NOT_INTEGER),
        ("BITCOUNT list 0 1", WRONG_TYPE),
        ("BITCOUNT none one two three four", SYNTAX),
        ("BITCOUNT text one", NOT_INTEGER),
        ("BITCOUNT text one two", NOT_INTEGER),
        ("BITCOUNT text 1 2 three", SYNTAX),
        ("BITCOUNT text 1 2 BIT BIT", SYNTAX),
        ("BITPOS list 2", "(error) ERR The bit argument must be 1 or 0."),
        ("BITPOS list one", NOT_INTEGER),
        ("BITPOS list 1 one", NOT_INTEGER),
        ("BITPOS none 1 one", NOT_INTEGER),
        ("BITPOS none 0 1 2 three", SYNTAX),
        ("BITPOS text 1 one", NOT_INTEGER),
        ("BITPOS text 1 0 one three", SYNTAX),
        ("BITPOS text 1 0 1 BIT BIT", SYNTAX),
        ("BITOP NOR d text", SYNTAX),
        ("BITOP NOT d list list", "(error) ERR BITOP NOT must be called with a single source key."),
        ("BITOP AND d text list", WRONG_TYPE),
        ("BITFIELD list", WRONG_TYPE),
        ("BITFIELD list GET u8", SYNTAX),
        ("BITFIELD list GET u64 0", TYPE),
        ("BITFIELD list GET i65 0", TYPE),
        ("BITFIELD list GET 8 0", TYPE),
        ("BITFIELD list GET u 0", TYPE),
        ("BITFIELD list GET u8 -1", OFFSET),
        ("BITFIELD list GET u8 #9223372036854775807", OFFSET),
        ("BITFIELD list GET u8 #536870912", OFFSET),
        ("BITFIELD list SET u8 0 one", NOT_INTEGER),
        ("BITFIELD list SET u8 0 1", WRONG_TYPE),
        ("BITFIELD list OVERFLOW NONE", "(error) ERR Invalid OVERFLOW type specified"),
        ("BITFIELD list OVERFLOW", SYNTAX),
        ("BITFIELD_RO list SET u8 0 1", "(error) ERR BITFIELD_RO only supports the GET subcommand"),
        ("BITFIELD_RO list GET u8 0", WRONG_TYPE),
    ] {
        assert_eq!(prompt.type_in(line), error, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
}

#[test]
fn ranges_of_bytes_and_bits() {
    check(
        r#"
        > SET k "\x0f\xff\x00"
        OK
        > BITCOUNT k -2 -1
        (integer) 8
        > BITCOUNT k -9 -8
        (integer) 4
        > BITCOUNT k -8 -9
        (integer) 0
        > BITCOUNT k 2 1
        (integer) 0
        > BITCOUNT k 5 -10 bit
        (integer) 10
        > BITPOS k 1
        (integer) 4
        > BITPOS k 0 1
        (integer) 16
        > BITPOS k 0 1 1
        (integer) -1
        > BITPOS k 1 -1
        (integer) -1
        > BITPOS k 1 -8 -9
        (integer) 4
        > BITPOS k 0 4 15 BIT
        (integer) -1
        > BITPOS k 0 4 16 BIT
        (integer) 16
        > SET ones "\xff\xff"
        OK
        > BITPOS ones 0
        (integer) 16
        > BITPOS ones 0 1
        (integer) 16
        > BITPOS ones 0 0 -1
        (integer) -1
        > BITPOS ones 0 2
        (integer) -1
        > APPEND empty ""
        (integer) 0
        > BITPOS empty 0
        (integer) -1
        > BITCOUNT empty 0 -1 BIT
        (integer) 0
        > SET number 1
        OK
        > BITCOUNT number
        (integer) 3
        > BITPOS number 1
        (integer) 2"#,
    );
}

#[test]
fn what_stays_as_it_was_is_no_change() {
    let mut prompt = Prompt::new();
    for (line, reply, changes) in [
        ("SETBIT k 9 0", "(integer) 0", 1),
        ("SETBIT k 9 0", "(integer) 0", 0),
        ("SETBIT k 16 0", "(integer) 0", 1),
        ("SETBIT k 9 1", "(integer) 0", 1),
        ("SETBIT k 9 1", "(integer) 1", 0),
        ("BITFIELD k SET u8 #1 64", "1) (integer) 64", 0),
        ("BITFIELD k OVERFLOW FAIL INCRBY u8 #1 192", "1) (nil)", 0),
        ("BITFIELD k INCRBY u8 #1 1", "1) (integer) 65", 1),
        ("BITFIELD k GET u8 1000000", "1) (integer) 0", 0),
        ("BITFIELD none GET u8 0", "1) (integer) 0", 0),
        ("BITFIELD none", "(empty array)", 0),
        ("BITOP AND none none", "(integer) 0", 0),
        ("BITOP OR k none", "(integer) 0", 1),
        ("BITFIELD k GET u8 0", "1) (integer) 0", 0),
    ] {
        assert_eq!(prompt.type_in(line), reply, "{line}");
        assert_eq!(prompt.tally.changes, changes, "{line}");
    }
}

#[test]
fn a_failed_field_is_the_null_of_resp3() {
    let mut prompt = Prompt::new();
    assert_eq!(prompt.resp3("BITFIELD k OVERFLOW FAIL SET u4 0 16 GET u4 0"), "*2\r\n_\r\n:0\r\n");
}

#[test]
fn the_result_of_bitop_replaces_any_type_and_deadline() {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    prompt.check(
        "> SET k abc EX 1
        OK
        > BITOP XOR list k k
        (integer) 3
        > BITCOUNT list
        (integer) 0
        > BITOP OR k k list none
        (integer) 3",
    );
    prompt.context.now_ms += 2000;
    prompt.check("> GET k\n\"abc\"");
}

#[test]
fn numbers_become_bits() {
    check(
        "> SET k 12
        OK
        > SETBIT k 7 0
        (integer) 1
        > GET k
        \"02\"
        > SET k 5
        OK
        > BITFIELD k GET u8 0
        1) (integer) 53
        > BITOP NOT k k
        (integer) 1
        > BITFIELD_RO k GET i8 0 GET u8 #1
        1) (integer) -54
        2) (integer) 0",
    );
}
