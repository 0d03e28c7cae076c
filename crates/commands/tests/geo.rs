//! What the examples of the geo commands do not show. Replies and errors were compared with Redis'.

mod common;

use common::Prompt;

const WRONG_TYPE: &str = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
const NOT_INTEGER: &str = "(error) ERR value is not an integer or out of range";
const NOT_FLOAT: &str = "(error) ERR value is not a valid float";
const SYNTAX: &str = "(error) ERR syntax error";
const NO_UNIT: &str = "(error) ERR unsupported unit provided. please use M, KM, FT, MI";
const NO_RADIUS: &str = "(error) ERR need numeric radius";
const NO_MEMBER: &str = "(error) ERR could not decode requested zset member";
const EMPTY: &str = "(empty array)";

/// A prompt where `k` has two places on Sicily and two corners of the world.
fn with_places() -> Prompt {
    let mut prompt = Prompt::new();
    prompt.check(
        "> GEOADD k 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        (integer) 2
        > GEOADD k 180 85.05112878 northeast -180 -85.05112878 southwest
        (integer) 2",
    );
    prompt
}

#[track_caller]
fn check_errors(errors: &[(&str, &str)]) {
    let mut prompt = with_places();
    prompt.make_list("list");
    for (line, error) in errors {
        assert_eq!(prompt.type_in(line), *error, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
}

#[test]
fn errors_of_single_members_come_in_redis_order() {
    check_errors(&[
        ("GEOADD k NX CH XX", SYNTAX),
        ("GEOADD k NX CH CH", SYNTAX),
        ("GEOADD k NX XX 1 2 m", SYNTAX),
        ("GEOADD k bad 2 m 3", SYNTAX),
        ("GEOADD list bad 2 m", NOT_FLOAT),
        ("GEOADD list nan 2 m", NOT_FLOAT),
        ("GEOADD list 181 86 m", "(error) ERR invalid longitude,latitude pair 181.000000,86.000000"),
        ("GEOADD list 1 1 m 1 -inf n", "(error) ERR invalid longitude,latitude pair 1.000000,-inf"),
        ("GEOADD list XX 1 1 m", WRONG_TYPE),
        ("GEODIST list a b", WRONG_TYPE),
        ("GEODIST list a b parsec", NO_UNIT),
        ("GEODIST none a b parsec", NO_UNIT),
        ("GEODIST k a b parsec x", SYNTAX),
        ("GEODIST k a b km mi", SYNTAX),
        ("GEOHASH list", WRONG_TYPE),
        ("GEOPOS list a", WRONG_TYPE),
    ]);
}

#[test]
fn errors_of_queries_come_in_redis_order() {
    check_errors(&[
        ("GEORADIUS list x 1 1 km", WRONG_TYPE),
        ("GEORADIUSBYMEMBER list x 1 km", WRONG_TYPE),
        ("GEOSEARCH list FROMMEMBER x BYRADIUS 1 m BAD", WRONG_TYPE),
        ("GEOSEARCHSTORE d list FROMMEMBER x BYRADIUS 1 m BAD", WRONG_TYPE),
        ("GEORADIUS k x 370 x parsec BAD", NOT_FLOAT),
        ("GEORADIUS k 15 370 x parsec", "(error) ERR invalid longitude,latitude pair 15.000000,370.000000"),
        ("GEORADIUS none 15 37 x parsec", NO_RADIUS),
        ("GEORADIUS k 15 37 -1 parsec", "(error) ERR radius cannot be negative"),
        ("GEORADIUS k 15 37 1 parsec", NO_UNIT),
        ("GEORADIUS none 15 37 1 km BAD", SYNTAX),
        ("GEORADIUS k 15 37 1 km COUNT", SYNTAX),
        ("GEORADIUS k 15 37 1 km COUNT ten BAD", NOT_INTEGER),
        ("GEORADIUS k 15 37 1 km COUNT 0", "(error) ERR COUNT must be > 0"),
        ("GEORADIUS k 15 37 1 km ANY", "(error) ERR the ANY argument requires COUNT argument"),
        ("GEORADIUS k 15 37 1 km STORE", SYNTAX),
        (
            "GEORADIUS k 15 37 1 km STORE a WITHDIST",
            "(error) ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        ),
        ("GEORADIUS_RO k 15 37 1 km STORE a", SYNTAX),
        ("GEORADIUSBYMEMBER_RO k Palermo 1 km STORE a", SYNTAX),
        ("GEORADIUSBYMEMBER k nobody x km", NO_MEMBER),
        ("GEORADIUSBYMEMBER k Palermo x parsec", NO_RADIUS),
        ("GEORADIUSBYMEMBER none nobody x parsec BAD", SYNTAX),
        ("GEOSEARCH k FROMMEMBER nobody BYRADIUS x km", NO_MEMBER),
        ("GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 km BYBOX 1 1 km", SYNTAX),
        ("GEOSEARCH k FROMMEMBER Palermo FROMLONLAT 1 1 BYBOX 1 1 km", SYNTAX),
        ("GEOSEARCH none FROMMEMBER Palermo BYRADIUS x m", NO_RADIUS),
        ("GEOSEARCH k FROMMEMBER Palermo BYBOX x y z", "(error) ERR need numeric width"),
        ("GEOSEARCH k FROMMEMBER Palermo BYBOX 1 y z", "(error) ERR need numeric height"),
        ("GEOSEARCH k FROMMEMBER Palermo BYBOX 1 -1 z", "(error) ERR height or width cannot be negative"),
        ("GEOSEARCH k FROMMEMBER Palermo BYBOX 1 1 z", NO_UNIT),
        ("GEOSEARCH k FROMMEMBER Palermo BYBOX 1 1", SYNTAX),
        ("GEOSEARCH k FROMMEMBER Palermo BYRADIUS 1 m STOREDIST", SYNTAX),
        ("GEOSEARCHSTORE d k FROMMEMBER Palermo BYRADIUS 1 m STORE x", SYNTAX),
        (
            "GEOSEARCHSTORE d k FROMMEMBER Palermo BYRADIUS 1 m WITHDIST",
            "(error) ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        ),
        (
            "GEOSEARCH k BYRADIUS 1 km ASC DESC",
            "(error) ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH",
        ),
        // Named as the client wrote it.
        (
            "GeoSearch none FROMMEMBER Palermo ASC DESC WITHDIST",
            "(error) ERR exactly one of BYRADIUS and BYBOX can be specified for GeoSearch",
        ),
    ]);
}

#[test]
fn what_is_not_there_is_empty() {
    let mut prompt = Prompt::new();
    for (line, reply) in [
        ("GEOADD none XX 1 2 m", "(integer) 0"),
        ("GEODIST none a b", "(nil)"),
        ("GEOHASH none", EMPTY),
        ("GEOPOS none a", "1) (nil)"),
        ("GEORADIUS none 15 37 1 km", EMPTY),
        ("GEORADIUS none 15 37 1 km STORE d", "(integer) 0"),
        ("GEORADIUSBYMEMBER none nobody x parsec", EMPTY),
        ("GEOSEARCH none FROMMEMBER nobody BYRADIUS 1 m", EMPTY),
    ] {
        assert_eq!(prompt.type_in(line), reply, "{line}");
        assert_eq!(prompt.tally.changes, 0, "{line}");
    }
}

#[test]
fn the_corners_of_the_world_are_places() {
    with_places().check(
        "> GEOHASH k northeast southwest
        1) \"bp05b5048p0\"
        2) \"00bh0hbj200\"
        > GEODIST k Palermo Palermo
        \"0.0000\"
        > GEOADD k CH 13.361389 38.115556 Palermo 15.1 37.5 Catania 1 1 one
        (integer) 2
        > GEORADIUS k 15 37 inf km COUNT 1
        1) \"Catania\"",
    );
}

#[test]
fn options_choose_order_and_number() {
    with_places().check(
        "> GEORADIUS k 15 37 200 km COUNT 1 DESC
        1) \"Palermo\"
        > GEORADIUS k 15 37 200 km DESC ASC
        1) \"Catania\"
        2) \"Palermo\"
        > GEOSEARCH k FROMMEMBER Palermo FROMMEMBER Catania BYRADIUS 1 m BYRADIUS 1 km WITHHASH
        1) 1) \"Catania\"
        2) (integer) 3479447370796909
        > GEOSEARCH k COUNT 9223372036854775807 ANY BYBOX 400 400 km FROMLONLAT 15 37 ASC
        1) \"Catania\"
        2) \"Palermo\"",
    );
    let mut prompt = with_places();
    let any = prompt.type_in("GEOSEARCH k FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1 ANY");
    assert!(["1) \"Catania\"", "1) \"Palermo\""].contains(&any.as_str()), "{any}");
}

#[test]
fn stored_results_replace_whatever_was_there() {
    let mut prompt = with_places();
    prompt.make_list("a");
    prompt.make_list("list");
    prompt.check(
        "> GEORADIUS k 15 37 200 km STOREDIST b STORE a
        (integer) 2
        > GEODIST a Palermo Catania
        \"166274.1516\"
        > GEODIST b Palermo Catania
        (nil)
        > GEORADIUSBYMEMBER k Palermo 200 km STORE store
        (integer) 2
        > GEODIST store Palermo Catania
        \"166274.1516\"
        > GEOSEARCHSTORE list none FROMMEMBER Palermo BYRADIUS 200 km STOREDIST
        (integer) 0
        > GEOPOS list Palermo
        1) (nil)
        > GEOSEARCHSTORE k k FROMLONLAT 15 37 BYRADIUS 100 km
        (integer) 1
        > GEOPOS k Palermo
        1) (nil)",
    );
}

#[test]
fn resp3_has_doubles_for_positions_and_text_for_distances() {
    let mut prompt = with_places();
    let position = "*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n";
    assert_eq!(prompt.resp3("GEOPOS k Palermo none"), format!("*2\r\n{position}_\r\n"));
    assert_eq!(prompt.resp3("GEODIST k Palermo none"), "_\r\n");
    assert_eq!(prompt.resp3("GEODIST k Palermo Palermo"), "$6\r\n0.0000\r\n");
    assert_eq!(
        prompt.resp3("GEORADIUSBYMEMBER k Palermo 1 m WITHCOORD WITHDIST WITHHASH"),
        format!("*1\r\n*4\r\n$7\r\nPalermo\r\n$6\r\n0.0000\r\n:3479099956230698\r\n{position}"),
    );
}

/// The keys that a request locks are those that it may touch, the one that is stored under included.
#[test]
fn the_key_of_store_is_declared() {
    let keys = |line: &str| {
        let words = resp::OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
        let name = line.split(' ').next().expect("a line has words").to_lowercase();
        let command = commands::data_commands().find(|command| command.name == name).expect("there is one");
        let (_, keys) = (command.keys)(words.as_arguments()).expect("any words will do");
        keys.iter().map(|key| String::from_utf8_lossy(key.bytes).into_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys("GEORADIUS k 1 1 1 m STORE a STOREDIST b"), ["k", "b"]);
    assert_eq!(keys("GEORADIUS k 1 1 1 m STORE STORE WITHDIST"), ["k", "STORE"]);
    assert_eq!(keys("GEORADIUSBYMEMBER k store 1 m"), ["k"]);
    assert_eq!(keys("GEORADIUSBYMEMBER k store 1 m storedist d"), ["k", "d"]);
    assert_eq!(keys("GEORADIUS_RO k 1 1 1 m STORE a"), ["k"]);
    assert_eq!(keys("GEOSEARCHSTORE d s FROMMEMBER x BYRADIUS 1 m"), ["d", "s"]);
}

/// The arity of Redis, derived from what is documented.
#[test]
fn arities_are_those_of_redis() {
    for (name, arity) in [
        ("geoadd", -5),
        ("geodist", -4),
        ("geohash", -2),
        ("geopos", -2),
        ("georadius", -6),
        ("georadius_ro", -6),
        ("georadiusbymember", -5),
        ("georadiusbymember_ro", -5),
        ("geosearch", -7),
        ("geosearchstore", -8),
        ("hdel", -3),
        ("hget", 3),
        ("hincrby", 4),
        ("hmget", -3),
        ("hrandfield", -2),
        ("hscan", -3),
        ("hset", -4),
        ("hsetnx", 4),
    ] {
        let command = commands::data_commands().find(|command| command.name == name).expect("there is one");
        assert_eq!(command.arity(), arity, "{name}");
    }
}
