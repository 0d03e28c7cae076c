//! Who may import whom. The rooms, which are the crates of this workspace, and what each may depend on; a room
//! that this page does not list fails the test.
//!
//! The table is a ceiling: a room may use less. Dependencies of tests and benchmarks are held to the same
//! rooms, but may also name an engine to run on.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// What a room may depend on among the rooms.
struct Rule {
    room: &'static str,
    may_import: &'static [&'static str],
    #[expect(dead_code, reason = "it is for the reader")]
    because: &'static str,
}

/// From the ground up. What a room may import stands above it.
const RULES: &[Rule] = &[
    Rule { room: "base", may_import: &[], because: "pure functions that everyone speaks in" },
    Rule {
        room: "fuzzing",
        may_import: &["base"],
        because: "what makes inputs knows nothing of what takes them",
    },
    Rule { room: "sync", may_import: &["base"], because: "a lock knows nothing of what it guards" },
    Rule {
        room: "acl",
        may_import: &["base", "sync"],
        because: "who may do what is decided by names and numbers; no socket, no command's code",
    },
    Rule {
        room: "resp",
        may_import: &["base", "fuzzing"],
        because: "the protocol is tested with byte strings",
    },
    Rule {
        room: "values",
        may_import: &["base", "fuzzing"],
        because: "a form holds bytes: no keys, no locks, no protocol",
    },
    Rule {
        room: "rdb",
        may_import: &["base", "fuzzing", "values"],
        because: "a format knows values and bytes: no socket, no path, no keyspace",
    },
    Rule { room: "config", may_import: &["base"], because: "a configuration is a value that others act on" },
    Rule {
        room: "tls",
        may_import: &["sync", "config"],
        because: "encryption is made of directives; what it encrypts, and the socket, it does not know",
    },
    Rule {
        room: "keyspace",
        may_import: &["base", "sync", "values"],
        because: "it locks values; what commands and engines are, it leaves to them",
    },
    Rule {
        room: "memory",
        may_import: &["base", "keyspace", "values"],
        because: "an engine keeps what the keyspace locks",
    },
    Rule {
        room: "disk",
        may_import: &["base", "sync", "keyspace", "values"],
        because: "an engine keeps what the keyspace locks",
    },
    Rule {
        room: "log",
        may_import: &["base", "sync", "resp", "values", "rdb", "keyspace"],
        because: "effects become bytes and files; which command they are, and the clock, it does not know",
    },
    Rule { room: "command-macros", may_import: &[], because: "it writes code, and runs in the compiler" },
    Rule {
        room: "commands",
        may_import: &["base", "resp", "values", "rdb", "keyspace", "command-macros"],
        because: "a command knows keys, arguments and replies; no socket, no session, no engine",
    },
    Rule {
        room: "scripting",
        may_import: &["base", "resp"],
        because: "an interpreter asks its host for everything: it knows no key, no client, no clock",
    },
    Rule {
        room: "replication",
        may_import: &["base", "resp"],
        because: "the conversation of a primary and its replica is bytes and decisions; what the bytes do, others know",
    },
    Rule {
        room: "server",
        may_import: &[
            "base",
            "sync",
            "acl",
            "resp",
            "values",
            "rdb",
            "config",
            "tls",
            "keyspace",
            "log",
            "command-macros",
            "commands",
            "scripting",
            "replication",
        ],
        because: "it joins them; which engine it serves from is handed to it",
    },
    Rule {
        room: "esker",
        may_import: &[
            "base",
            "sync",
            "acl",
            "resp",
            "values",
            "rdb",
            "config",
            "tls",
            "keyspace",
            "log",
            "memory",
            "disk",
            "command-macros",
            "commands",
            "server",
        ],
        because: "the one place that knows every room",
    },
    Rule {
        room: "xtask",
        may_import: &[
            "base",
            "sync",
            "acl",
            "resp",
            "values",
            "rdb",
            "config",
            "tls",
            "keyspace",
            "memory",
            "disk",
            "command-macros",
            "commands",
            "server",
        ],
        because: "the developer's tools; nothing depends on them",
    },
];

/// Crates that reach the operating system, and the rooms that may.
const OUTSIDE: &[&str] = &["libc", "socket2", "tokio"];
const OUTSIDE_USERS: &[&str] = &["server", "esker", "xtask"];

/// The engines: only the program names one.
const ENGINES: &[&str] = &["memory", "disk"];
const ENGINE_USERS: &[&str] = &["esker", "xtask"];

/// The rooms that only tests may import.
const FOR_TESTS: &[&str] = &["fuzzing"];

/// One dependency of a crate of the workspace.
#[derive(Debug)]
struct Dependency {
    of: String,
    on: String,
    /// Only tests, examples and benchmarks have it.
    is_for_tests: bool,
}

/// What is wrong with `dependency`, if anything.
fn check(dependency: &Dependency) -> Result<(), String> {
    let Dependency { of, on, is_for_tests } = dependency;
    let rule = RULES.iter().find(|rule| rule.room == of).ok_or(format!("{of} is not listed"))?;
    let is_engine = ENGINES.contains(&on.as_str());
    if is_engine && !is_for_tests && !ENGINE_USERS.contains(&of.as_str()) {
        return Err(format!("{of} names the engine {on}"));
    }
    if FOR_TESTS.contains(&on.as_str()) && !is_for_tests {
        return Err(format!("{of} imports {on} outside of its tests"));
    }
    let is_room = RULES.iter().any(|rule| rule.room == on);
    if is_room && !rule.may_import.contains(&on.as_str()) && !(is_engine && *is_for_tests) {
        return Err(format!("{of} imports {on}"));
    }
    if OUTSIDE.contains(&on.as_str()) && !is_for_tests && !OUTSIDE_USERS.contains(&of.as_str()) {
        return Err(format!("{of} depends on {on}"));
    }
    Ok(())
}

/// The crates of this workspace and all their dependencies, as Cargo knows them.
fn workspace() -> (BTreeSet<String>, Vec<Dependency>) {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut rooms = BTreeSet::new();
    let mut dependencies = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        rooms.insert(text(&package["name"]));
        dependencies.extend(package["dependencies"].as_array().unwrap().iter().map(|dependency| {
            Dependency {
                of: text(&package["name"]),
                on: text(&dependency["name"]),
                is_for_tests: dependency["kind"] == "dev",
            }
        }));
    }
    (rooms, dependencies)
}

#[test]
fn every_room_is_listed() {
    let (rooms, _) = workspace();
    let listed: BTreeSet<String> = RULES.iter().map(|rule| rule.room.to_owned()).collect();
    assert_eq!(rooms, listed, "the rooms of the workspace, and those that this page lists");
}

#[test]
fn imports_only_point_up_the_list() {
    let (_, dependencies) = workspace();
    let broken: Vec<String> = dependencies.iter().filter_map(|dependency| check(dependency).err()).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_list_itself_points_up() {
    for (place, rule) in RULES.iter().enumerate() {
        for imported in rule.may_import {
            assert!(
                RULES[..place].iter().any(|above| above.room == *imported),
                "{} and {imported}",
                rule.room
            );
        }
    }
}

#[test]
fn what_breaks_a_rule_is_told() {
    let told = |of: &str, on: &str, is_for_tests| {
        check(&Dependency { of: of.to_owned(), on: on.to_owned(), is_for_tests }).err()
    };
    assert_eq!(told("values", "keyspace", false).as_deref(), Some("values imports keyspace"));
    assert_eq!(told("values", "keyspace", true).as_deref(), Some("values imports keyspace"));
    assert_eq!(told("commands", "tokio", false).as_deref(), Some("commands depends on tokio"));
    assert_eq!(told("server", "memory", false).as_deref(), Some("server names the engine memory"));
    assert_eq!(
        told("values", "fuzzing", false).as_deref(),
        Some("values imports fuzzing outside of its tests")
    );
    assert_eq!(told("values", "fuzzing", true), None);
    assert_eq!(told("attic", "base", false).as_deref(), Some("attic is not listed"));
    assert_eq!(told("commands", "memory", true), None);
    assert_eq!(told("server", "tokio", false), None);
}
