//! The generators that `commands.txt` names. Pools are small so that commands meet each other's
//! data; every pool has its share of what a command must refuse.
//!
//! Two things must never be drawn, since then the two servers could not be compared: an expiry
//! that ends during the test, and a size that fills the machine's memory.

use crate::grammar::Bytes;
use crate::harness::Rng;

/// Key pools: name of the generator and number of keys.
const KEYS: &[(&str, usize)] = &[
    ("string", 5),
    ("number", 3),
    ("bits", 3),
    ("hll", 4),
    ("hash", 4),
    ("list", 4),
    ("numbers", 2),
    ("set", 4),
    ("integer_set", 3),
    ("number_set", 2),
    ("zset", 4),
    ("lex_zset", 2),
    ("number_zset", 1),
    ("geo", 3),
    ("stream", 3),
    ("trimmed_stream", 2),
    ("weight_key", 13),
    ("weight_hash", 13),
];

/// Plain pools: one of these texts, each as likely as the others.
const TEXTS: &[(&str, &[&str])] = &[
    ("aggregate", &["SUM", "SUM", "MIN", "MAX", "AVG"]),
    ("at_milliseconds", &["4102444800000", "33177117420000", "4102444800123", "1", "0", "-1", "abc"]),
    ("at_seconds", &["4102444800", "33177117420", "4102444801", "1", "0", "-1", "9223372036854775807"]),
    ("bad_cursor", &["abc", "1x", " 1", "-1", "-0", "", "18446744073709551615", "18446744073709551616"]),
    ("bit", &["0", "1", "0", "1", "0", "1", "2", "-1", "abc"]),
    ("bit_type", &["u8", "i8", "u1", "i1", "i5", "u16", "u32", "u63", "i64", "u64", "i65", "u0", "8", "x8"]),
    (
        "bit_place",
        &["0", "1", "7", "8", "100", "#0", "#1", "#3", "#10", "-1", "#-1", "abc", "#", "4294967296"],
    ),
    ("channel", &["news", "news.art", "news.[x]", "ch:1", "ch:2", "\u{e9}", ""]),
    ("channel_pattern", &["*", "news*", "ch:[12]", "news.?rt", "ch:\\1", "[^n]*", "\u{e9}", ""]),
    ("client_name", &["alice", "bob", "", "with space", "line\nbreak"]),
    ("count", &["0", "1", "2", "3", "5", "100", "-1", "abc", "9223372036854775807"]),
    ("consumer", &["ann", "bob", "", "\u{e9}"]),
    ("db", &["0", "0", "0", "1", "1", "2", "3", "4", "-1", "abc"]),
    (
        "decimal",
        &["0.1", "0.2", "10.5", "-2.25", "3", "5.0e3", "1e-3", "-0.1", "1e17", "abc", "nan", "inf", ""],
    ),
    ("distance", &["0", "1", "10", "100.5", "500", "5000", "20000", "-1", "abc"]),
    // SET keeps a key that has expired until someone looks; DBSIZE would count it at one server only.
    ("future_milliseconds", &["4102444800000", "33177117420000", "0", "-1", "abc"]),
    ("future_seconds", &["4102444800", "33177117420", "0", "-1", "9223372036854775807"]),
    (
        "index",
        &[
            "0",
            "1",
            "2",
            "3",
            "5",
            "8",
            "-1",
            "-2",
            "-3",
            "-5",
            "100",
            "-100",
            "abc",
            "9223372036854775807",
            "-9223372036854775808",
        ],
    ),
    ("lex_bound", &["-", "+", "[a", "(a", "[c", "(d", "[m1", "(m2", "[", "(", "[zz", "a", ""]),
    ("milliseconds", &["100000", "5000000", "7777777", "100000000", "0", "-1", "9223372036854775807", "abc"]),
    ("new_string", &["string:8", "string:9"]),
    ("number_field", &["n1", "n2", "n3", "1"]),
    ("offset", &["0", "1", "3", "10", "40", "-1", "536870912", "9223372036854775807", "abc"]),
    ("pattern", &["*", "*", "string:*", "*:1", "?*[0-2]", "[^s]*", "h*", "m?", "\\*", "[a-", "", "*\u{e9}*"]),
    (
        "parameter",
        &[
            "maxmemory-policy",
            "hash-max-*",
            "zset-max-listpack-entries",
            "list-max-*",
            "timeout",
            "databases",
            "save",
            "appendonly",
            "proto-max-bulk-len",
            "client-output-buffer-limit",
            "set-max-intset-entries",
            "hz",
            "TIMEOUT",
            "nosuch*",
            "lfu-*",
            "maxmemory",
        ],
    ),
    ("pop_count", &["0", "1", "2", "3", "1000", "-1", "abc"]),
    (
        "protocol_type",
        &[
            "string", "integer", "double", "null", "array", "set", "map", "attrib", "verbatim", "true",
            "false", "bignum", "nosuch",
        ],
    ),
    ("random_count", &["0", "1", "2", "3", "8", "100", "-1", "-3", "-8", "abc", "-9223372036854775808"]),
    (
        "id",
        &[
            "0",
            "0-0",
            "1",
            "2-1",
            "5",
            "8-0",
            "12-3",
            "20",
            "40-1",
            "60",
            "100",
            "-",
            "+",
            "",
            "1-",
            "x",
            "5-*",
            "007",
            "18446744073709551615-18446744073709551615",
            "18446744073709551616",
        ],
    ),
    (
        "id_bound",
        &["-", "+", "-", "+", "0", "3", "(5", "(8-0", "20", "30-5", "(100", "", "(", "(0-0", "abc", "(-"],
    ),
    ("group", &["workers", "mailers", ""]),
    ("rank", &["1", "2", "3", "-1", "-2", "0", "100", "abc", "-9223372036854775808"]),
    (
        "score_bound",
        &[
            "-inf", "+inf", "inf", "0", "1", "(1", "2", "(2.5", "5", "(10", "-2", "(-inf", "0x2", "abc", "(",
            "nan", "", "1e400", "(1e-400",
        ],
    ),
    ("seconds", &["1000", "5000", "7777", "100000", "0", "-1", "9223372036854775807", "abc"]),
    ("side", &["LEFT", "RIGHT", "LEFT", "RIGHT", "LEFT", "RIGHT", "MIDDLE"]),
    (
        "sort_by",
        &[
            "weight_key:*",
            "weight_key:*",
            "weight_hash:*->field",
            "nosort",
            "weight_hash:*->",
            "nosuch:*",
            "weight_key:1",
        ],
    ),
    (
        "sort_get",
        &["#", "weight_key:*", "weight_hash:*->field", "weight_hash:*->nosuch", "nosuch:*", "weight_key:1"],
    ),
    ("timeout", &["0.001", "0.003", "0.01", "-1", "abc", "inf", "", "1e400", "1e-400"]),
    ("type", &["string", "list", "set", "zset", "hash", "stream", "nosuch", "STRING"]),
    ("unit", &["m", "km", "km", "mi", "ft", "KM", "yd"]),
    ("weight", &["1", "2", "0.5", "-1", "0", "inf", "abc", "nan"]),
    ("weight_field", &["field", "field", "other"]),
    (
        "digest",
        &[
            "d3c21d0c2b9ca22f82737626a27bcaf5d288f99f",
            "d8f2fad9f8e86a53d2a6ebd960b33c4972cacc37",
            "edb92d052a4b4b4f8de4e0d5713a816614daa1e7",
            "5afb84be81de8a6b369cec37597ef66bc9f128e1",
            "D3C21D0C2B9CA22F82737626A27BCAF5D288F99F",
            "ffffffffffffffffffffffffffffffffffffffff",
            "abc",
        ],
    ),
    ("function", &["one_get", "one_set", "one_read", "two_get", "two_read", "nosuch"]),
    (
        "library",
        &[
            "#!lua name=one\nredis.register_function('one_get', function(keys, args) return redis.call('GET', keys[1]) end)\nredis.register_function{function_name = 'one_set', callback = function(keys, args) return redis.call('SET', keys[1], args[1]) end}\nredis.register_function{function_name = 'one_read', callback = function(keys, args) return {#keys, args[1]} end, flags = {'no-writes'}}",
            "#!lua name=two\nredis.register_function('two_get', function(keys, args) return redis.call('GET', keys[1]) end)\nredis.register_function{function_name = 'two_set', callback = function(keys, args) return redis.call('SET', keys[1], args[1]) end}\nredis.register_function{function_name = 'two_read', callback = function(keys, args) return {#keys, args[1]} end, flags = {'no-writes'}}",
            "#!lua name=one\nredis.register_function('one_get', function() return 1 end)",
            "#!lua name=three\nreturn 1",
            "#!lua\nreturn 1",
            "return 1",
            "#!lua name=bad\nredis.call('PING')",
        ],
    ),
    ("library_name", &["one", "one", "two", "nosuch"]),
    (
        "script",
        &[
            "return redis.call('GET', KEYS[1])",
            "return redis.call('SET', KEYS[1], ARGV[1])",
            "return {KEYS[1], ARGV[1], #KEYS, #ARGV, false, true, 3.7, {ok = 'fine'}, {1, nil, 3}}",
            "return redis.pcall('INCR', KEYS[1])",
            "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('NOSUCH')",
            "return redis.error_reply('MINE ' .. #ARGV[1])",
            "return redis.status_reply(ARGV[1])",
            "return cjson.encode({ARGV[1], 1, 1.5, true, {a = 1}})",
            "return tostring(tonumber(ARGV[1]))",
            "return redis.call('TYPE', KEYS[1])",
            "return redis.call('TYPE', KEYS[1]).ok",
            "redis.setresp(3) return redis.call('SISMEMBER', KEYS[1], ARGV[1])",
            "return redis.call('LRANGE', KEYS[1], 0, -1)",
            "return {redis.call('EXISTS', KEYS[1]), redis.call('DEL', KEYS[1])}",
            "for _ = 1, 3 do redis.call('APPEND', KEYS[1], 'x') end return redis.call('STRLEN', KEYS[1])",
            "return redis.sha1hex(ARGV[1])",
            "error({err = 'MINE ' .. #ARGV[1]})",
            "redis.call('SELECT', 1) return redis.call('EXISTS', KEYS[1])",
            "return cmsgpack.unpack(cmsgpack.pack(ARGV))",
            "return redis.call('MULTI')",
            "return undefined",
            "return (",
            "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 1)",
            "#!lua flags=nosuch\nreturn 1",
        ],
    ),
];

/// Whether the argument is a number that C's functions find out of range. `SORT` in Redis asks `errno` whether one
/// of its own was, and finds there what any command before it has left: see the callers.
pub fn is_out_of_range(argument: &[u8]) -> bool {
    const OUT_OF_RANGE: [&[u8]; 5] = [b"1e400", b"-1e-400", b"(1e-400", b"1e-400", b"18446744073709551616"];
    OUT_OF_RANGE.contains(&argument)
}

/// Where a command is spoilt, one of these takes the place of an argument. None is a small
/// positive number: see the head of this module.
const SPOILT: &[&str] = &[
    "",
    "abc",
    "0",
    "-1",
    "1.5",
    " 1",
    "+1",
    "01",
    "-0",
    "1e3",
    "0x10",
    "nan",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "\u{e9}",
    "GET",
    "string:0",
    "list:0",
];

/// A parameter and the values that it is set to.
type Settings = &'static [(&'static str, &'static [&'static str])];

/// The thresholds at which collections change their encoding.
const ENCODING_LIMITS: Settings = &[
    ("hash-max-listpack-entries", &["4", "8", "512"]),
    ("hash-max-ziplist-entries", &["4", "512"]),
    ("hash-max-listpack-value", &["8", "64"]),
    ("list-max-listpack-size", &["4", "-1", "-2", "128"]),
    ("set-max-intset-entries", &["4", "8", "512"]),
    ("zset-max-listpack-entries", &["4", "8", "128"]),
    ("zset-max-listpack-value", &["8", "64"]),
];

/// Parameters that are safe to change during the test, with good and bad values.
const SETTINGS: Settings = &[
    (
        "maxmemory-policy",
        &["noeviction", "allkeys-lru", "volatile-ttl", "allkeys-lfu", "volatile-lfu", "nosuch"],
    ),
    ("maxmemory", &["0", "1gb", "1xb", "-1"]),
    ("maxmemory-samples", &["5", "10", "0"]),
    ("timeout", &["0", "1000", "-1", "abc"]),
    ("hz", &["10", "20", "abc"]),
    ("databases", &["8"]),
    ("appendfsync", &["everysec", "nosuch"]),
    ("list-compress-depth", &["0", "1", "-1"]),
    ("lfu-log-factor", &["10", "5", "-1"]),
    ("lfu-decay-time", &["1", "0", "-1"]),
    ("latency-monitor-threshold", &["0", "-1"]),
    ("slowlog-max-len", &["128", "10", "-1"]),
    ("proto-max-bulk-len", &["536870912", "512mb", "1"]),
    ("client-output-buffer-limit", &["normal 0 0 0", "nosuch 0 0 0", "normal 0 0"]),
    ("hash-max-listpack-entries", &["abc", "-1"]),
];

/// The configuration from which every sequence begins: all that sequences change.
pub const BASELINE: &[(&str, &str)] = &[
    ("hash-max-listpack-entries", "512"),
    ("hash-max-listpack-value", "64"),
    ("list-max-listpack-size", "-2"),
    ("list-compress-depth", "0"),
    ("stream-node-max-entries", "100"),
    ("set-max-intset-entries", "512"),
    ("set-max-listpack-entries", "128"),
    ("set-max-listpack-value", "64"),
    ("zset-max-listpack-entries", "128"),
    ("zset-max-listpack-value", "64"),
    ("maxmemory-policy", "noeviction"),
    ("maxmemory", "0"),
    ("maxmemory-samples", "5"),
    ("timeout", "0"),
    ("hz", "10"),
    ("appendfsync", "everysec"),
    ("lfu-log-factor", "10"),
    ("lfu-decay-time", "1"),
    ("slowlog-max-len", "128"),
    ("proto-max-bulk-len", "512mb"),
    ("client-output-buffer-limit", "normal 0 0 0"),
];

/// Thresholds so low that small collections reach them, laid over [`BASELINE`].
pub const SMALL_LIMITS: &[(&str, &str)] = &[
    ("hash-max-listpack-entries", "6"),
    ("hash-max-listpack-value", "12"),
    ("list-max-listpack-size", "6"),
    ("stream-node-max-entries", "4"),
    ("set-max-intset-entries", "6"),
    ("set-max-listpack-entries", "8"),
    ("set-max-listpack-value", "12"),
    ("zset-max-listpack-entries", "6"),
    ("zset-max-listpack-value", "12"),
];

/// Appends what it draws.
type Draw = fn(&mut Rng, &mut Vec<Bytes>);

/// Generators that compute what they draw.
const COMPUTED: &[(&str, Draw)] = &[
    ("bit_offset", |rng, out| {
        let bad = &["-1", "4294967296", "abc", "9223372036854775807"];
        push_number_or(rng, out, 0, 300, bad);
    }),
    ("element", |rng, out| out.push(text(rng))),
    ("encoding_limit", |rng, out| push_setting(rng, out, ENCODING_LIMITS)),
    ("field", |rng, out| out.push(text(rng))),
    ("integer", |rng, out| {
        let edges = &[
            "2147483648",
            "-2147483649",
            "9223372036854775807",
            "-9223372036854775808",
            "32768",
            "abc",
            "1.0",
            "",
        ];
        push_number_or(rng, out, -10, 40, edges);
    }),
    ("key", |rng, out| {
        out.push(foreign_key("zset", rng));
    }),
    ("latitude", |rng, out| push_degrees(rng, out, 38.1, 85.0)),
    ("new_id", |rng, out| {
        let ms = rng.below(80);
        let id = match rng.below(12) {
            0..7 => format!("{ms}-*"),
            7..9 => ms.to_string(),
            9 => format!("{ms}-{}", rng.below(3)),
            10 => format!("{}-0", rng.pick(&["0", "abc", "18446744073709551615", ""])),
            _ => "99-*".to_owned(),
        };
        out.push(id.into_bytes());
    }),
    ("longitude", |rng, out| push_degrees(rng, out, 13.4, 180.0)),
    ("many_members", |rng, out| {
        let start = rng.below(5000);
        out.extend((start..start + 400).map(|number| format!("many:{number}").into_bytes()));
    }),
    ("member", |rng, out| out.push(text(rng))),
    ("place", |rng, out| out.push(format!("place{}", rng.below(16)).into_bytes())),
    ("score", |rng, out| {
        const EDGES: &[&str] = &[
            "1.5",
            "-2.25",
            "0.1",
            "3.3",
            "1e3",
            "-0",
            "inf",
            "-inf",
            "+inf",
            "1e308",
            "1e-9",
            "12345678901234567",
            "0x10",
            "nan",
            "1e400",
            "-1e-400",
            "abc",
            "",
        ];
        push_number_or(rng, out, -5, 12, EDGES);
    }),
    ("setting", |rng, out| push_setting(rng, out, SETTINGS)),
    ("small_integer", |rng, out| push_number_or(rng, out, 0, 13, &["-1", "-3", "100", "abc"])),
    ("sortable", |rng, out| {
        let pool = *rng.pick(&["numbers", "number_set", "number_zset", "numbers", "list"]);
        draw(pool, rng, out);
    }),
    ("value", |rng, out| out.push(text(rng))),
    ("zset_or_set", |rng, out| {
        let pool = *rng.pick(&["zset", "zset", "zset", "set", "integer_set"]);
        draw(pool, rng, out);
    }),
];

/// Whether `commands.txt` may use this name.
pub fn is_known(name: &str) -> bool {
    KEYS.iter().any(|&(known, _)| known == name)
        || TEXTS.iter().any(|&(known, _)| known == name)
        || COMPUTED.iter().any(|&(known, _)| known == name)
}

/// Appends what the generator `name` draws: mostly one argument, for some more.
pub fn draw(name: &str, rng: &mut Rng, out: &mut Vec<Bytes>) {
    /// Keys of another type, and keys that never exist.
    const FOREIGN_PERCENT: usize = 4;
    const MISSING_PERCENT: usize = 3;
    if let Some(&(pool, count)) = KEYS.iter().find(|&&(known, _)| known == name) {
        let drawn = match rng.below(100) {
            percent if percent < FOREIGN_PERCENT => foreign_key(name, rng),
            percent if percent < FOREIGN_PERCENT + MISSING_PERCENT => {
                key(if name == "lex_zset" { "missing_lex" } else { "missing" }, rng.below(2))
            }
            _ => key(pool, rng.below(count)),
        };
        out.push(drawn);
    } else if let Some((_, texts)) = TEXTS.iter().find(|&&(known, _)| known == name) {
        out.push(rng.pick(texts).as_bytes().to_vec());
    } else {
        let (_, compute) = COMPUTED.iter().find(|&&(known, _)| known == name).expect("a known generator");
        compute(rng, out);
    }
}

/// Something that hardly any command expects.
pub fn spoilt(rng: &mut Rng) -> Bytes {
    rng.pick(SPOILT).as_bytes().to_vec()
}

/// A key of any pool in place of one of `pool`. The sorted sets for ranges of names stay apart from the others: what
/// such a range holds of one with several scores is unspecified by Redis, which searches a skiplist for both ends as
/// if its names were in order. So chance decides, by the number of levels that each element was given; a listpack
/// answers otherwise again, since it is searched from one end.
fn foreign_key(pool: &str, rng: &mut Rng) -> Bytes {
    let is_scored = |pool: &str| ["zset", "number_zset", "geo"].contains(&pool);
    let is_lexical = |pool: &str| pool == "lex_zset";
    loop {
        let &(foreign, count) = rng.pick(KEYS);
        if !(is_scored(pool) && is_lexical(foreign) || is_lexical(pool) && is_scored(foreign)) {
            return key(foreign, rng.below(count));
        }
    }
}

fn key(pool: &str, number: usize) -> Bytes {
    let mut key = format!("{pool}:{number}").into_bytes();
    // One string key in binary: names are bytes, not text.
    if pool == "string" && number == 4 {
        key.extend_from_slice(b"\0\xff\r\n");
    }
    key
}

/// An element, member, field or value: short texts that repeat, integers, and the odd ones.
fn text(rng: &mut Rng) -> Bytes {
    const ODD: &[&[u8]] = &[
        b"",
        b"007",
        b"-0",
        b"1.0",
        b"-1",
        b"128",
        b"40000",
        b"-40000",
        b"3000000000",
        b"9223372036854775807",
        b"-9223372036854775808",
        b"9223372036854775808",
        b"\0",
        b"\xff\xfe\0\r\n",
        b"*3\r\n$3\r\n",
        "\u{1f980}".as_bytes(),
    ];
    match rng.below(100) {
        0..45 => vec![b'a' + rng.below(12) as u8],
        45..70 => rng.below(20).to_string().into_bytes(),
        70..84 => format!("m{}", rng.below(30)).into_bytes(),
        84..92 => rng.pick(ODD).to_vec(),
        92..96 => vec![b'x'; 13 + rng.below(4)],
        _ => vec![b'y'; 60 + rng.below(12)],
    }
}

/// Mostly a number in `from..to`, now and then one of `others`.
fn push_number_or(rng: &mut Rng, out: &mut Vec<Bytes>, from: i64, to: i64, others: &[&str]) {
    const OTHER_PERCENT: usize = 12;
    out.push(match rng.chance(OTHER_PERCENT) {
        true => rng.pick(others).as_bytes().to_vec(),
        false => (from + rng.below((to - from) as usize) as i64).to_string().into_bytes(),
    });
}

/// A coordinate: mostly near `centre`, so that searches find something, else up to `limit`.
fn push_degrees(rng: &mut Rng, out: &mut Vec<Bytes>, centre: f64, limit: f64) {
    let fraction = rng.below(2_000_001) as f64 / 1e6 - 1.0;
    out.push(match rng.below(100) {
        0..70 => format!("{:.5}", centre + 2.0 * fraction).into_bytes(),
        70..96 => format!("{:.5}", limit * fraction).into_bytes(),
        _ => rng.pick(&["181", "-86", "abc", "nan", ""]).as_bytes().to_vec(),
    });
}

fn push_setting(rng: &mut Rng, out: &mut Vec<Bytes>, settings: Settings) {
    let (parameter, values) = rng.pick(settings);
    out.push(parameter.as_bytes().to_vec());
    out.push(rng.pick(values).as_bytes().to_vec());
}
