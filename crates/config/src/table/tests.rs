//! The table holds together: names, defaults, and that every value survives being shown and written.

use std::collections::HashSet;
use std::path::PathBuf;

use base::random::Random;

use super::*;
use crate::directive::{Arguments, Syntax};
use crate::line::split_words;

fn host() -> Host {
    Host { cores: 4, working_dir: PathBuf::from("/") }
}

#[test]
fn names_are_unique_and_in_lower_case() {
    let mut seen = HashSet::new();
    let statements = statements().iter().map(|statement| statement.name);
    for name in directives().flat_map(Directive::names).chain(statements) {
        assert!(seen.insert(name), "{name} twice");
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte)), "{name}");
    }
}

#[test]
fn as_many_as_redis_7_2_has() {
    let is_own = |directive: &Directive| {
        let own = directive.name.starts_with("metrics-")
            || matches!(directive.name, "script-memory-max" | "rdb-version" | "repl-full-sync-rate")
            || directive.name == "dual-channel-replication-enabled";
        own || directive.group == "disk"
    };
    let of_redis = || directives().filter(|directive| !is_own(directive));
    assert_eq!(of_redis().count(), 183);
    let aliases = of_redis().flat_map(|directive| directive.aliases);
    // As Valkey calls some.
    assert_eq!(aliases.filter(|alias| !alias.starts_with("primary")).count(), 19);
}

#[test]
fn found_by_any_name_in_any_case() {
    let (directive, name) = directive(b"Hash-Max-ZIPLIST-Entries").unwrap();
    assert_eq!((directive.name, name), ("hash-max-listpack-entries", "hash-max-ziplist-entries"));
    assert!(super::directive(b"").is_none() && super::directive(b"por").is_none());
}

#[test]
fn texts_read_well() {
    for directive in directives() {
        let summary = directive.summary;
        assert!(summary.ends_with('.') && summary.starts_with(char::is_uppercase), "{summary}");
        if let Support::Ignored(reason) = directive.support {
            assert!(!reason.is_empty() && !reason.ends_with('.'), "{reason}");
        }
        assert!(!directive.syntax().to_string().is_empty());
    }
    assert_eq!(directive(b"port").unwrap().0.syntax().to_string(), "<integer 0..65535>");
    assert_eq!(directive(b"unixsocketperm").unwrap().0.syntax().to_string(), "<octal 0..777>");
    assert_eq!(directive(b"appendfsync").unwrap().0.syntax().to_string(), "everysec | always | no");
}

#[test]
fn defaults_follow_the_host() {
    let threads = directive(b"io-threads").unwrap().0;
    assert_eq!(threads.default_value(&host()), b"4");
    assert_eq!(threads.default_value(&Host { cores: 9999, ..host() }), b"1024");
    assert_eq!(threads.default_value(&Host { cores: 0, ..host() }), b"1");
    assert_eq!(directive(b"dir").unwrap().0.default_value(&host()), b"/");
}

#[test]
fn defaults_are_acceptable_values() {
    for directive in directives() {
        assert!(survives(directive, &Settings::defaults(&host())), "{directive:?}");
    }
}

#[test]
fn values_survive_being_shown_and_being_written() {
    let mut random = Random::from_seed(7);
    for directive in directives() {
        let mut accepted = 0;
        for _ in 0..300 {
            let mut settings = Settings::defaults(&host());
            let arguments = some_arguments(directive, &mut random);
            if (directive.assign)(&mut settings, &arguments, false).is_ok() {
                accepted += 1;
                assert!(survives(directive, &settings), "{directive:?} {arguments:?}");
            }
        }
        assert!(accepted > 0, "{directive:?}: no arguments were accepted");
    }
}

/// Whether `settings` comes back from the value that CONFIG GET shows and from the lines that CONFIG
/// REWRITE writes.
fn survives(directive: &Directive, settings: &Settings) -> bool {
    let defaults = Settings::defaults(&host());
    let value = directive.value(settings);
    let mut shown = defaults.clone();
    // These are never set at run time, and show no value for what a file calls `no one` or has no line for.
    if !["replicaof", "database"].contains(&directive.name) || !value.is_empty() {
        let arguments = match directive.arguments() {
            Arguments::One => vec![value],
            Arguments::Many if value.is_empty() => vec![],
            Arguments::Many => value.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
        };
        (directive.assign)(&mut shown, &arguments, false).unwrap();
    }
    let mut written = defaults.clone();
    for (index, line) in (directive.rewrite)(settings, &defaults).into_iter().enumerate() {
        let words = split_words(&line.text).unwrap();
        assert_eq!(words[0], directive.name.as_bytes());
        (directive.assign)(&mut written, &words[1..], index > 0).unwrap();
    }
    shown == *settings && written == *settings
}

/// Arguments that `directive` is likely to accept.
fn some_arguments(directive: &Directive, random: &mut Random) -> Vec<Vec<u8>> {
    let mut pick = |choices: &[&str]| {
        let words = choices[random.below(choices.len() as u64) as usize];
        words.split(' ').map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>()
    };
    match directive.syntax() {
        Syntax::YesNo => pick(&["yes", "no", "YES"]),
        Syntax::OneOf(names) => pick(&names),
        Syntax::AnyOf(_) => pick(&["default", "save now", "nosave", "force now default"]),
        Syntax::MemoryOrPercent => pick(&["0", "1gb", "1000k", "0%", "7%", "100%"]),
        Syntax::Integer { min, max } => vec![between(min, max, random).to_string().into_bytes()],
        Syntax::Memory { min, max } => vec![between(min, max, random).to_string().into_bytes()],
        Syntax::Octal { min, max } => vec![format!("{:o}", between(min, max, random)).into_bytes()],
        Syntax::Text => vec![some_text(random)],
        Syntax::Form(_) => match directive.name {
            "database" => pick(&["3 disk", "5 memory 0 disk", "1 DISK 1 disk"]),
            "bind" | "metrics-bind" => pick(&["127.0.0.1 -::1", "", "* -::*", "::1"]),
            "dir" => pick(&["/", "/proc", "."]),
            "save" => pick(&["", "1 0", "3600 1 60 10000"]),
            "client-output-buffer-limit" => pick(&["normal 1 2 3", "slave 1mb 1kb 0 pubsub 1000 5g 7"]),
            "oom-score-adj-values" => pick(&["0 0 0", "-2000 200 2000"]),
            "replicaof" => pick(&["no one", "example.org 6379"]),
            "notify-keyspace-events" => pick(&["", "KEA", "Ex", "KEAn", "g$lshzxetdmn"]),
            "latency-tracking-info-percentiles" => pick(&["", "50 99.9", "0 100 12.345678"]),
            other => panic!("no arguments known for {other}"),
        },
    }
}

/// A number from `min` to `max`, quite often one of the two.
fn between(min: i128, max: i128, random: &mut Random) -> i128 {
    match random.below(4) {
        0 => min,
        1 => max,
        _ => min + i128::from(random.below(u64::MAX)) % (max - min + 1),
    }
}

/// Text that is often empty, often plain and sometimes any bytes.
fn some_text(random: &mut Random) -> Vec<u8> {
    let len = random.below(8);
    let any = random.below(4) == 0;
    (0..len).map(|_| if any { random.below(256) as u8 } else { b'-' + random.below(70) as u8 }).collect()
}
