//! A store that an earlier program has written still opens, and holds what it held.
//!
//! The files are in `crates/disk/tests/fixtures`, a directory for each format. They are made by the ignored test here,
//! once for each format, and kept as they are.

use std::fs;
use std::path::{Path, PathBuf};

use commands::Access;
use disk::format::VERSION;
use keyspace::{Context, Keyspace};
use resp::OwnedArguments;

use crate::harness::{TemporaryDirectory, eventually, temporary_directory};
use crate::keyspaces::{compact, figure, open, reply_to, small_limits};

/// When the store was written; what has a deadline there outlives everyone.
const NOW_MS: u64 = 1_700_000_000_000;

/// A database of the fixture: the commands that wrote it, and what is to be read, each with its answer.
type Content = (u16, &'static [&'static str], &'static [(&'static str, &'static str)]);

/// What format 1 holds. Database 3 lies in the journal, the others in tables.
const CONTENT: &[Content] = &[
    (
        0,
        &[
            "SET text hello",
            "SET number 12345",
            "SET edited abc",
            "APPEND edited def",
            r#"SET "binary \x00\xff" "\x00\r\n\xff""#,
            "SET fading soon PXAT 33177117420000",
            "RPUSH list:packed a b 3",
            "RPUSH list:stored a b c d e f g h",
            "LPUSH list:stored z",
            "LSET list:stored 4 changed",
            "SADD set:integers 3 1 2",
            "SADD set:packed a b",
            "SADD set:stored a b c d e f g h i j",
            "SREM set:stored e",
            "PEXPIREAT set:stored 33177117420001",
            "HSET hash:packed field value number 1",
            "HSET hash:stored a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8",
            "HDEL hash:stored b",
            "ZADD zset:packed 1 one 2.5 two",
            "ZADD zset:stored 1 a 2 b 3 c 4 d 5 e 6 f -inf g inf h -1.5 i",
            "ZREM zset:stored c",
        ],
        &[
            ("DBSIZE", "(integer) 14"),
            ("GET text", r#""hello""#),
            ("OBJECT ENCODING number", r#""int""#),
            ("GET number", r#""12345""#),
            ("GET edited", r#""abcdef""#),
            ("OBJECT ENCODING edited", r#""raw""#),
            (r#"GET "binary \x00\xff""#, r#""\x00\r\n\xff""#),
            ("PEXPIRETIME fading", "(integer) 33177117420000"),
            ("OBJECT ENCODING list:packed", r#""listpack""#),
            ("LRANGE list:packed 0 -1", "1) \"a\"\n2) \"b\"\n3) \"3\""),
            ("OBJECT ENCODING list:stored", r#""quicklist""#),
            ("LLEN list:stored", "(integer) 9"),
            ("LRANGE list:stored 0 4", "1) \"z\"\n2) \"a\"\n3) \"b\"\n4) \"c\"\n5) \"changed\""),
            ("LINDEX list:stored -1", r#""h""#),
            ("OBJECT ENCODING set:integers", r#""intset""#),
            ("SMEMBERS set:integers", "1) \"1\"\n2) \"2\"\n3) \"3\""),
            ("OBJECT ENCODING set:packed", r#""listpack""#),
            ("SMISMEMBER set:packed a b c", "1) (integer) 1\n2) (integer) 1\n3) (integer) 0"),
            ("OBJECT ENCODING set:stored", r#""hashtable""#),
            ("SCARD set:stored", "(integer) 9"),
            ("SMISMEMBER set:stored a e j", "1) (integer) 1\n2) (integer) 0\n3) (integer) 1"),
            ("PEXPIRETIME set:stored", "(integer) 33177117420001"),
            ("OBJECT ENCODING hash:packed", r#""listpack""#),
            ("HGETALL hash:packed", "1) \"field\"\n2) \"value\"\n3) \"number\"\n4) \"1\""),
            ("OBJECT ENCODING hash:stored", r#""hashtable""#),
            ("HLEN hash:stored", "(integer) 7"),
            ("HMGET hash:stored a b h", "1) \"1\"\n2) (nil)\n3) \"8\""),
            ("OBJECT ENCODING zset:packed", r#""listpack""#),
            ("ZRANGE zset:packed 0 -1 WITHSCORES", "1) \"one\"\n2) \"1\"\n3) \"two\"\n4) \"2.5\""),
            ("OBJECT ENCODING zset:stored", r#""skiplist""#),
            (
                "ZRANGE zset:stored 0 -1",
                "1) \"g\"\n2) \"i\"\n3) \"a\"\n4) \"b\"\n5) \"d\"\n6) \"e\"\n7) \"f\"\n8) \"h\"",
            ),
            ("ZSCORE zset:stored i", r#""-1.5""#),
            ("ZRANK zset:stored d", "(integer) 4"),
        ],
    ),
    (
        1,
        &["SADD moved a b c d e f g h i j", "RENAME moved elsewhere", "SADD buried a b c d e f g h i j"],
        &[
            ("DBSIZE", "(integer) 1"),
            ("EXISTS moved buried", "(integer) 0"),
            ("SCARD elsewhere", "(integer) 10"),
            ("SISMEMBER elsewhere j", "(integer) 1"),
        ],
    ),
    (
        3,
        &["SET late 1", "HSET hash a 1 b 2 c 3 d 4 e 5 f 6 g 7", "SET gone 1", "DEL gone"],
        &[
            ("DBSIZE", "(integer) 2"),
            ("GET late", r#""1""#),
            ("HGET hash g", r#""7""#),
            ("HLEN hash", "(integer) 7"),
        ],
    ),
];

/// What format 2 holds beside that.
const NEW_IN_2: &[Content] = &[(
    5,
    &[
        "HSET hash:packed a 1 b 2",
        "HPEXPIREAT hash:packed 33177117420000 FIELDS 1 a",
        "HSET hash:stored a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8",
        "HPEXPIREAT hash:stored 33177117420001 FIELDS 2 a h",
        "XADD stream 1-1 field value number 300",
        "XADD stream 2-0 field other",
        "XGROUP CREATE stream workers 0",
        "XREADGROUP GROUP workers ann COUNT 1 STREAMS stream >",
        "XADD stream:emptied 5-0 field value",
        "XDEL stream:emptied 5-0",
    ],
    &[
        ("DBSIZE", "(integer) 4"),
        ("HGET hash:packed a", r#""1""#),
        ("HPEXPIRETIME hash:packed FIELDS 2 a b", "1) (integer) 33177117420000\n2) (integer) -1"),
        ("HMGET hash:stored a h", "1) \"1\"\n2) \"8\""),
        (
            "HPEXPIRETIME hash:stored FIELDS 3 a b h",
            "1) (integer) 33177117420001\n2) (integer) -1\n3) (integer) 33177117420001",
        ),
        (
            "XRANGE stream - + COUNT 1",
            "1) 1) \"1-1\"\n   2) 1) \"field\"\n      2) \"value\"\n      3) \"number\"\n      4) \"300\"",
        ),
        ("XLEN stream", "(integer) 2"),
        (
            "XPENDING stream workers - + 10",
            "1) 1) \"1-1\"\n   2) \"ann\"\n   3) (integer) 0\n   4) (integer) 1",
        ),
        ("XLEN stream:emptied", "(integer) 0"),
        (
            "XADD stream:emptied 5-0 field value",
            "(error) ERR The ID specified in XADD is equal or smaller than the target stream top item",
        ),
    ],
)];

/// Done after the others have been brought into tables: leaves elements without a key.
const LAST: &[(u16, &str)] = &[(1, "DEL buried")];

/// How many collections without a key have elements.
const GRAVES: &str = "disk_collections_to_reclaim";

fn fixture(format: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../disk/tests/fixtures").join(format!("format-{format}"))
}

/// What a store of this format holds.
fn content(format: u32) -> Vec<&'static Content> {
    CONTENT.iter().chain(if format >= 2 { NEW_IN_2 } else { &[] }).collect()
}

/// What a prompt prints of the reply to `line`.
pub fn answer(keyspace: &Keyspace, database: u16, line: &str) -> String {
    let context = Context {
        database,
        now_ms: NOW_MS,
        is_copy: false,
        limits: small_limits(),
        seed: 1,
        touch: true,
        counting: None,
        has_old_payloads: false,
    };
    let words = OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
    let reply = reply_to(words.as_arguments(), Access::Own(keyspace, &context));
    let (value, _) = resp::decode(reply.as_bytes()).expect("a well-formed reply").expect("a whole reply");
    resp::display::render(&value).trim_end().to_owned()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("it can be made");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(fs::copy(&path, &to).expect("it can be copied")),
        }
    }
}

fn restored(format: u32) -> TemporaryDirectory {
    let directory = temporary_directory();
    copy(&fixture(format), &directory.path().join("disk"));
    // A tree without tables has an empty directory for them, and Git keeps none.
    let trees = directory.path().join("disk/tree/keyspaces");
    for tree in fs::read_dir(trees).expect("a directory") {
        fs::create_dir_all(tree.expect("an entry").path().join("tables")).expect("it can be made");
    }
    directory
}

#[track_caller]
fn holds_what_it_held(format: u32) {
    let directory = restored(format);
    for graves in [1, 0] {
        let (keyspace, disk) = open(&directory);
        assert_eq!(figure(&disk, GRAVES), graves);
        for (database, _, questions) in content(format) {
            for (question, expected) in *questions {
                assert_eq!(answer(&keyspace, *database, question), *expected, "{database}> {question}");
            }
        }
        // All of it goes into tables, and what has no key any more goes away.
        for (database, _, _) in content(format) {
            compact(&keyspace, &disk, *database);
        }
        let is_tidy = || figure(&disk, GRAVES) == 0;
        eventually("the elements without a key are gone", is_tidy);
        drop(keyspace);
        disk.close().expect("the disk works");
    }
}

#[test]
fn a_store_of_format_1_holds_what_it_held_and_takes_what_is_new() {
    holds_what_it_held(1);
    let directory = restored(1);
    for (round, length) in [(1, "(integer) 1"), (2, "(integer) 2")] {
        let (keyspace, disk) = open(&directory);
        let added = answer(&keyspace, 5, &format!("XADD stream {round}-0 field value"));
        assert_eq!(added, format!("\"{round}-0\""));
        assert_eq!(answer(&keyspace, 5, "XLEN stream"), length);
        drop(keyspace);
        disk.close().expect("the disk works");
        // A program that knows no streams has to refuse it.
        let format = fs::read_to_string(directory.path().join("disk/format")).expect("it can be read");
        assert_eq!(format, format!("esker disk format {VERSION}\n"));
    }
}

#[test]
fn a_store_of_format_2_holds_what_it_held() {
    holds_what_it_held(2);
}

#[test]
#[ignore = "writes the fixture of the format; to be run once for each"]
fn write_the_fixture() {
    let directory = temporary_directory();
    let (keyspace, disk) = open(&directory);
    for (database, lines, _) in content(VERSION) {
        for line in *lines {
            let said = answer(&keyspace, *database, line);
            assert!(!said.starts_with("(error)"), "{line}: {said}");
        }
        if *database != 3 {
            compact(&keyspace, &disk, *database);
        }
    }
    for (database, line) in LAST {
        answer(&keyspace, *database, line);
    }
    drop(keyspace);
    disk.close().expect("the disk works");
    let from = directory.path().join("disk");
    assert!(!fixture(VERSION).exists(), "there is one already, which has to stay as it is");
    copy(&from, &fixture(VERSION));
    // The zeros behind what is in a journal are left out.
    for file in fs::read_dir(fixture(VERSION).join("tree")).expect("a directory") {
        let path = file.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "jnl") {
            let bytes = fs::read(&path).expect("it can be read");
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            fs::write(&path, &bytes[..end]).expect("it can be written");
        }
    }
}
