//! CONFIG GET and SET.

use super::*;

fn config() -> Config {
    Config::of_defaults(&Host { cores: 2, working_dir: "/".into() })
}

fn check_get(config: &Config, patterns: &[&str], expected: &[(&str, &str)]) {
    let found = config.get(patterns).into_iter();
    let found =
        found.map(|(name, value)| (String::from_utf8(name).unwrap(), String::from_utf8(value).unwrap()));
    let expected = expected.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{patterns:?}");
}

fn set(config: &Config, pairs: &[(&str, &str)]) -> Result<Update, String> {
    config.set(pairs, true).map_err(|error| error.to_string())
}

fn check_refused(pairs: &[(&str, &str)], expected: &str) {
    assert_eq!(set(&config(), pairs).expect_err("must be refused"), expected);
}

#[test]
fn values_look_as_in_redis() {
    for (name, value) in [
        ("save", "3600 1 300 100 60 10000"),
        ("client-output-buffer-limit", "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
        ("proto-max-bulk-len", "536870912"),
        ("client-query-buffer-limit", "1073741824"),
        ("unixsocketperm", "0"),
        ("unixsocket", ""),
        ("bind", "127.0.0.1 -::1"),
        ("dynamic-hz", "yes"),
        ("appendonly", "no"),
        ("maxmemory-policy", "noeviction"),
        ("list-max-listpack-size", "-2"),
        ("latency-tracking-info-percentiles", "50 99 99.9"),
        ("oom-score-adj-values", "0 200 800"),
        ("notify-keyspace-events", ""),
        ("shutdown-on-sigterm", "default"),
        ("replicaof", ""),
        ("requirepass", ""),
        ("dir", "/"),
        ("io-threads", "2"),
        ("appendfsync", "everysec"),
        ("engine", "memory"),
        ("database", ""),
        ("disk-cache-size", "268435456"),
        ("disk-journal-size-max", "536870912"),
        ("disk-free-space-min", "268435456"),
        ("disk-backlog-size", "1073741824"),
        ("disk-compression", "lz4"),
    ] {
        check_get(&config(), &[name], &[(name, value)]);
    }
}

#[test]
fn names_come_back_as_the_client_spelt_them() {
    check_get(&config(), &["PORT"], &[("PORT", "6379")]);
    check_get(&config(), &["PORT", "port"], &[("PORT", "6379")]);
    check_get(&config(), &["hash-max-ziplist-value"], &[("hash-max-ziplist-value", "64")]);
    check_get(&config(), &["no-such-thing"], &[]);
}

#[test]
fn patterns_match_aliases_but_nothing_hidden() {
    let expected = [
        ("zset-max-listpack-entries", "128"),
        ("zset-max-ziplist-entries", "128"),
        ("zset-max-listpack-value", "64"),
        ("zset-max-ziplist-value", "64"),
    ];
    check_get(&config(), &["ZSET-*"], &expected);
    check_get(&config(), &["zset-*", "z*", "zset-max-listpack-value"], &expected);
    check_get(&config(), &["p[oi]rt", "maxclient?"], &[("port", "6379"), ("maxclients", "10000")]);
    check_get(&config(), &["key-load-*"], &[]);
    check_get(&config(), &["key-load-delay"], &[("key-load-delay", "0")]);
    let hidden = table::directives().filter(|directive| directive.traits.hidden).count();
    let names = table::directives().flat_map(Directive::names).count();
    assert_eq!(config().get(&["*"]).len(), names - hidden);
}

#[test]
fn all_pairs_are_set_at_once() {
    let before = config();
    let pairs = [("maxclients", "5"), ("Timeout", "7"), ("hz", "10"), ("save", ""), ("bind", "* ::*")];
    let update = set(&before, &pairs).unwrap();
    let changed = update.changed.iter().map(|directive| directive.name).collect::<Vec<_>>();
    assert_eq!(changed, ["maxclients", "timeout", "save", "bind"]);
    let settings = update.config.settings();
    assert_eq!((settings.clients.clients_max, settings.network.timeout_s), (5, 7));
    assert_eq!(settings.network.bind.0, ["*", "::*"]);
    check_get(&update.config, &["save", "bind"], &[("save", ""), ("bind", "* ::*")]);
    check_get(&before, &["maxclients", "timeout"], &[("maxclients", "10000"), ("timeout", "0")]);
}

#[test]
fn what_the_disk_engine_reads_while_it_runs() {
    use crate::table::persistence::AppendFsync;
    let before = config();
    assert_eq!(before.settings().persistence.appendfsync, AppendFsync::Everysec);
    let pairs = [("appendfsync", "always"), ("disk-cache-size", "8mb"), ("disk-free-space-min", "0")];
    let update = set(&before, &pairs).unwrap();
    let settings = update.config.settings();
    assert_eq!(settings.persistence.appendfsync, AppendFsync::Always);
    assert_eq!((settings.disk.cache_bytes, settings.disk.free_bytes_min), (8 << 20, 0));
    check_refused(
        &[("disk-cache-size", "8388607")],
        "ERR CONFIG SET failed (possibly related to argument 'disk-cache-size') - \
         argument must be between 8388608 and 9223372036854775807 inclusive",
    );
    for (name, value) in [
        ("engine", "disk"),
        ("database", "3 disk"),
        ("disk-journal-size-max", "1gb"),
        ("disk-compression", "none"),
    ] {
        let expected = format!(
            "ERR CONFIG SET failed (possibly related to argument '{name}') - can't set immutable config"
        );
        check_refused(&[(name, value)], &expected);
    }
}

#[test]
fn one_bad_pair_changes_nothing() {
    check_refused(
        &[("maxclients", "5"), ("TIMEOUT", "x"), ("hz", "y")],
        "ERR CONFIG SET failed (possibly related to argument 'timeout') - \
         argument couldn't be parsed into an integer",
    );
}

#[test]
fn an_alias_sets_what_it_stands_for() {
    let update =
        set(&config(), &[("hash-max-listpack-value", "1"), ("hash-max-ziplist-value", "2")]).unwrap();
    assert_eq!(update.config.settings().encodings.hash_packed_value_bytes_max, 2);
    assert_eq!(update.changed.len(), 1);
    check_refused(
        &[("hash-max-ziplist-value", "x")],
        "ERR CONFIG SET failed (possibly related to argument 'hash-max-ziplist-value') - \
         argument must be a memory value",
    );
}

#[test]
fn what_may_not_be_set() {
    check_refused(
        &[("timeout", "x"), ("Foo", "1"), ("bar", "2")],
        "ERR Unknown option or number of arguments for CONFIG SET - 'Foo'",
    );
    check_refused(
        &[("Databases", "1")],
        "ERR CONFIG SET failed (possibly related to argument 'Databases') - can't set immutable config",
    );
    check_refused(
        &[("dir", "/")],
        "ERR CONFIG SET failed (possibly related to argument 'dir') - can't set protected config",
    );
    check_refused(
        &[("timeout", "1"), ("TimeOut", "2")],
        "ERR CONFIG SET failed (possibly related to argument 'TimeOut') - duplicate parameter",
    );
    for statement in ["include", "rename-command", "user", "loadmodule"] {
        let expected = format!("ERR Unknown option or number of arguments for CONFIG SET - '{statement}'");
        check_refused(&[(statement, "x")], &expected);
    }
}

#[test]
fn protected_directives_open_up_as_configured() {
    let allowing = |access| {
        let mut settings = Settings::clone(config().settings());
        settings.security.enable_protected_configs = access;
        Config { settings: Arc::new(settings), ..config() }
    };
    use crate::table::security::ProtectedAccess::{Local, No, Yes};
    for (access, client_is_local, expected) in
        [(No, true, false), (Local, true, true), (Local, false, false), (Yes, false, true)]
    {
        let result = allowing(access).set(&[("dbfilename", "other.rdb")], client_is_local);
        assert_eq!(result.is_ok(), expected, "{access:?} {client_is_local}");
    }
    let update = allowing(Yes).set(&[("dir", "dev/..")], false).unwrap();
    assert!(update.changed.is_empty(), "the same directory by another name");
    let missing = allowing(Yes).set(&[("dir", "/no/such/directory")], false).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "ERR CONFIG SET failed (possibly related to argument 'dir') - No such file or directory"
    );
}

#[test]
fn lists_are_split_at_every_blank() {
    check_refused(
        &[("save", "1  2")],
        "ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters",
    );
    let update = set(&config(), &[("client-output-buffer-limit", "normal 1mb 0 0")]).unwrap();
    let limits = update.config.settings().clients.output_buffer_limits;
    assert_eq!((limits.normal.hard_bytes, limits.pubsub.hard_bytes), (1 << 20, 32 << 20));
    let update = set(&update.config, &[("save", "60 1 30 2")]).unwrap();
    check_get(&update.config, &["save"], &[("save", "60 1 30 2")]);
}

#[test]
fn names_and_values_need_not_be_text() {
    let error = config().set(&[(b"\xff\xfe", b"1")], true).unwrap_err();
    assert_eq!(error.reply(), b"ERR Unknown option or number of arguments for CONFIG SET - '\xff\xfe'");
    let update = config().set(&[(b"requirepass", b"\x00\xff")], true).unwrap();
    assert_eq!(update.config.get(&["requirepass"])[0].1, b"\x00\xff");
    assert!(config().set(&[(b"locale-collate", b"\xff")], true).is_err());
}

#[test]
fn the_server_may_refuse_too() {
    let update = set(&config(), &[("port", "1")]).unwrap();
    let error = SetError::not_applied(update.changed[0], "Unable to listen on this port. Check server logs.");
    assert_eq!(
        error.to_string(),
        "ERR CONFIG SET failed (possibly related to argument 'port') - \
         Unable to listen on this port. Check server logs."
    );
}

#[test]
fn no_file_to_rewrite() {
    let error = config().rewrite(&[]).unwrap_err();
    assert_eq!(error.to_string(), "ERR The server is running without a config file");
}
