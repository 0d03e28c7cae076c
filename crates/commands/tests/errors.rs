//! Which of several errors a command reports, and what it takes for a number: Redis looks at some keys before the
//! options behind them, at some options as it finds them, and leaves some numbers to C.

mod common;

use common::Prompt;

#[track_caller]
fn check(prompt: &mut Prompt, line: &str, printed: &str) {
    assert_eq!(prompt.type_in(line), printed, "{line}");
}

#[test]
fn keys_come_before_the_options_behind_them() {
    let mut prompt = Prompt::new();
    for line in ["SET text x", "SADD set a", "HSET hash f v"] {
        prompt.type_in(line);
    }
    const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
    for line in [
        "ZUNION 1 text WEIGHTS heavy",
        "ZINTER 1 text AGGREGATE AVG",
        "ZDIFF 1 text WITHSCORES MORE",
        "ZINTERCARD 1 text LIMIT -1",
        "ZUNIONSTORE to 1 text NONSENSE",
    ] {
        check(&mut prompt, line, WRONG_TYPE);
    }
    check(&mut prompt, "ZUNION 1 set WEIGHTS heavy", "(error) ERR weight value is not a float");
    check(&mut prompt, "ZDIFF 1 set MORE", "(error) ERR syntax error");
    check(&mut prompt, "ZINTERCARD 1 set LIMIT -1", "(error) ERR LIMIT can't be negative");
    let no_keys = "(error) ERR at least 1 input key is needed for 'zintercard' command";
    check(&mut prompt, "ZINTERCARD -1 set", no_keys);
    let not_strings = "(error) ERR The specified keys must contain string values";
    check(&mut prompt, "LCS text hash IDX MINMATCHLEN abc", not_strings);
    check(
        &mut prompt,
        "LCS text none IDX MINMATCHLEN abc",
        "(error) ERR value is not an integer or out of range",
    );
}

#[test]
fn options_are_looked_at_in_their_order() {
    let mut prompt = Prompt::new();
    prompt.type_in("SET text x");
    let no_database = "(error) ERR DB index is out of range";
    check(&mut prompt, "COPY text to DB -1 extra", no_database);
    check(&mut prompt, "COPY text to DB 99 extra", no_database);
    check(&mut prompt, "COPY text to DB 99 DB 1", no_database);
    check(&mut prompt, "COPY text to DB 1 extra", "(error) ERR syntax error");
    check(&mut prompt, "COPY text to DB 1 DB", "(error) ERR syntax error");
    let no_number = "(error) ERR value is out of range, value must between -2147483648 and 2147483647";
    check(&mut prompt, "COPY text to DB 4294967296", no_number);
    check(&mut prompt, "MOVE text 4294967296", no_number);
    check(&mut prompt, "COPY text to DB 2 DB 1 REPLACE", "(integer) 1");

    check(&mut prompt, "ZRANGEBYLEX none - + LIMIT abc", "(error) ERR syntax error");
    check(
        &mut prompt,
        "ZRANGEBYSCORE none 0 1 LIMIT abc 1",
        "(error) ERR value is not an integer or out of range",
    );

    check(&mut prompt, "ZREVRANGE none abc 3 WITHSCORES extra", "(error) ERR syntax error");
    check(
        &mut prompt,
        "ZREVRANGE none abc 3 WITHSCORES",
        "(error) ERR value is not an integer or out of range",
    );

    let not_positive = "(error) ERR value is out of range, must be positive";
    check(&mut prompt, "ZPOPMIN none abc", not_positive);
    check(&mut prompt, "SPOP none abc", not_positive);
    check(&mut prompt, "ZPOPMAX none abc more", "(error) ERR syntax error");
    check(&mut prompt, "SPOP none abc more", "(error) ERR syntax error");
    check(&mut prompt, "BZMPOP -1 1 none MIDDLE", "(error) ERR syntax error");
    check(&mut prompt, "BZMPOP -1 1 none MIN", "(error) ERR timeout is negative");
}

#[test]
fn some_numbers_are_read_as_c_reads_them() {
    let mut prompt = Prompt::new();
    prompt.type_in("ZADD scores 0 a 1 b");
    check(&mut prompt, r#"ZCOUNT scores " 1" 5"#, "(integer) 1");
    check(&mut prompt, r#"ZCOUNT scores "" 5"#, "(integer) 2");
    check(&mut prompt, r#"ZCOUNT scores "1 " 5"#, "(error) ERR min or max is not a float");
    prompt.type_in(r#"RPUSH numbers 1 "" -1"#);
    check(&mut prompt, "SORT numbers", "1) \"-1\"\n2) \"\"\n3) \"1\"");
    // Zeros of both signs are the same, and a packed sorted set keeps no sign.
    prompt.type_in("SET weight_1 -0");
    prompt.type_in("RPUSH names 1 0");
    check(&mut prompt, "SORT names BY weight_*", "1) \"0\"\n2) \"1\"");
    prompt.type_in("ZADD zeros -0 a");
    check(&mut prompt, "ZSCORE zeros a", "\"0\"");
}

#[test]
fn a_range_of_ranks_takes_a_limit_that_is_none() {
    let mut prompt = Prompt::new();
    prompt.type_in("ZADD scores 0 a 1 b");
    check(&mut prompt, "ZRANGE scores 0 0 LIMIT 5 -1", "1) \"a\"");
    let refused =
        "(error) ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX";
    check(&mut prompt, "ZRANGE scores 0 0 LIMIT 0 1", refused);
}

#[test]
fn a_set_that_is_not_sorted_is_stored_in_an_order() {
    let mut prompt = Prompt::new();
    prompt.type_in("SADD set -1 8 0");
    check(&mut prompt, "SORT set BY nothing DESC STORE list", "(integer) 3");
    check(&mut prompt, "LRANGE list 0 -1", "1) \"8\"\n2) \"0\"\n3) \"-1\"");
}

#[test]
fn a_lone_star_is_every_key() {
    let mut prompt = Prompt::new();
    prompt.type_in(r#"SET "" x"#);
    check(&mut prompt, "KEYS *", "1) \"\"");
    check(&mut prompt, "KEYS **", "(empty array)");
}

#[test]
fn numbers_out_of_range_are_what_c_makes_of_them() {
    let mut prompt = Prompt::new();
    prompt.type_in("ZADD scores 0 a 1 b");
    // Ends of ranges are as large and as small as a double can be.
    check(&mut prompt, "ZCOUNT scores -1e400 1e400", "(integer) 2");
    check(&mut prompt, "ZCOUNT scores (1e-400 0x1p5000", "(integer) 1");
    check(&mut prompt, "ZRANGE scores 1e400 -1e400 BYSCORE REV LIMIT 0 1", "1) \"b\"");
    // Scores are refused.
    for line in ["ZADD scores 1e400 c", "ZADD scores -1e-400 c", "ZINCRBY scores 1e400 a"] {
        check(&mut prompt, line, "(error) ERR value is not a valid float");
    }
    // SORT refuses even what only loses digits.
    prompt.type_in("RPUSH numbers 1 2");
    for weight in ["1e400", "1e-400", "1e-310"] {
        prompt.type_in(&format!("SET weight_1 {weight}"));
        let refused = "(error) ERR One or more scores can't be converted into double";
        check(&mut prompt, "SORT numbers BY weight_*", refused);
    }
    prompt.type_in("SET weight_1 0x1p-1074");
    check(&mut prompt, "SORT numbers BY weight_*", "1) \"2\"\n2) \"1\"");
    // Timeouts have a wider range.
    check(&mut prompt, "BLPOP nosuch 1e400", "(error) ERR timeout is out of range");
    check(&mut prompt, "BLPOP nosuch 1e5000", "(error) ERR timeout is not a float or out of range");
    check(&mut prompt, "BLPOP nosuch 1e-400", "(nil)");
}

#[test]
fn cursors_are_what_c_makes_of_them() {
    let mut prompt = Prompt::new();
    prompt.type_in("SADD set a");
    for cursor in ["0", "+0", "-0", "00", r#""""#, r#""\x00x""#] {
        check(&mut prompt, &format!("SSCAN set {cursor}"), "1) \"0\"\n2) 1) \"a\"");
    }
    for cursor in ["18446744073709551616", "-18446744073709551616", r#"" 0""#, r#""0 ""#, "0x0", "-", "abc"] {
        check(&mut prompt, &format!("SSCAN set {cursor}"), "(error) ERR invalid cursor");
    }
    prompt.type_in("SSCAN set -1");
    prompt.type_in("SCAN -1");
}
