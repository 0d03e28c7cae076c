//! What the examples of the HyperLogLog commands do not show.

mod common;

use common::Prompt;

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
const NO_HYPERLOGLOG: &str = "(error) WRONGTYPE Key is not a valid HyperLogLog string value.";
const CORRUPT: &str = "(error) INVALIDOBJ Corrupted HLL object detected";

/// A sparse one that ends before its last register, and whose count is out of date.
const TOO_SHORT: &str = r#"SET short "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00""#;

#[test]
fn errors_change_nothing() {
    let mut prompt = Prompt::new();
    prompt.make_list("list");
    for line in ["SET text HYLL", "SET number 17", "PFADD good a", TOO_SHORT] {
        prompt.type_in(line);
    }
    for (line, error) in [
        ("PFADD list a", WRONG_TYPE),
        ("PFADD text a", NO_HYPERLOGLOG),
        ("PFADD number", NO_HYPERLOGLOG),
        ("PFADD short a", CORRUPT),
        ("PFCOUNT list", WRONG_TYPE),
        ("PFCOUNT good number", NO_HYPERLOGLOG),
        ("PFCOUNT number", NO_HYPERLOGLOG),
        ("PFCOUNT short", CORRUPT),
        ("PFCOUNT good short", CORRUPT),
        ("PFMERGE new good list", WRONG_TYPE),
        ("PFMERGE text good", NO_HYPERLOGLOG),
        ("PFMERGE new short", CORRUPT),
        ("PFDEBUG NONE none", "(error) ERR The specified key does not exist"),
        ("PFDEBUG none good", "(error) ERR Unknown PFDEBUG subcommand 'none'"),
        ("PFDEBUG GETREG list", WRONG_TYPE),
        ("PFDEBUG TODENSE short", CORRUPT),
        ("PFDEBUG GETREG short", CORRUPT),
        ("PFDEBUG ENCODING good more", "(error) ERR wrong number of arguments for 'pfdebug' command"),
    ] {
        assert_eq!(prompt.type_in(line), error, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
    prompt.check("> MGET new number\n1) (nil)\n2) \"17\"\n> INCR number\n(integer) 18");
}

#[test]
fn only_what_is_new_is_a_change() {
    let mut prompt = Prompt::new();
    for (line, reply, changes) in [
        ("PFCOUNT k", "(integer) 0", 0),
        ("PFCOUNT k none", "(integer) 0", 0),
        ("PFADD k", "(integer) 1", 1),
        ("PFADD k", "(integer) 0", 0),
        ("PFADD k a b a", "(integer) 1", 1),
        ("PFADD k b", "(integer) 0", 0),
        ("PFCOUNT k", "(integer) 2", 1),
        ("PFCOUNT k", "(integer) 2", 0),
        ("PFCOUNT k k", "(integer) 2", 0),
        ("PFDEBUG DECODE k", "*", 0),
        ("PFDEBUG TODENSE k", "(integer) 1", 1),
        ("PFDEBUG TODENSE k", "(integer) 0", 0),
        ("PFDEBUG DECODE k", "(error) ERR HLL encoding is not sparse", 0),
        ("STRLEN k", "(integer) 12304", 0),
        ("PFMERGE all", "OK", 1),
        ("PFDEBUG ENCODING all", "sparse", 0),
        ("PFMERGE all k all", "OK", 1),
        ("PFDEBUG ENCODING all", "dense", 0),
        ("PFCOUNT all", "(integer) 2", 1),
    ] {
        let printed = prompt.type_in(line);
        assert!(reply == "*" || printed == reply, "{line}: {printed}");
        assert_eq!(prompt.tally.changes, changes, "{line}");
    }
}

#[test]
fn the_deadline_stays_and_the_limit_counts() {
    let mut prompt = Prompt::new();
    prompt.context.limits.hyperloglog_sparse_bytes_max = 100;
    prompt.type_in("PFADD k a");
    prompt.type_in("GETEX k PX 10");
    for element in 0..50 {
        prompt.type_in(&format!("PFADD k {element}"));
    }
    prompt.check("> PFDEBUG ENCODING k\ndense");
    prompt.context.now_ms += 10;
    prompt.check("> PFCOUNT k\n(integer) 0");
}

#[test]
fn all_registers_are_shown() {
    let mut prompt = Prompt::new();
    prompt.type_in("PFADD k alice");
    let registers = prompt.resp3("PFDEBUG GETREG k");
    assert!(registers.starts_with("*16384\r\n:0\r\n"));
    assert_eq!(registers.matches(":0\r\n").count(), 16_383);
    assert_eq!(prompt.type_in("PFDEBUG ENCODING k"), "dense");
}
