//! Reading files, standard input and the command line.

use std::path::PathBuf;

use crate::support::{Directory, EVERY_DIRECTIVE, get};
use base::random::Random;
use config::table::disk::DiskCompression;
use config::{EngineKind, Source, Support, directives};

/// Loads a file of these lines.
fn load_lines(lines: &str) -> Result<config::Loaded, String> {
    Directory::with(&[("redis.conf", lines)]).load(&["redis.conf"]).map_err(|error| error.to_string())
}

/// Checks the values of a configuration file.
fn check(lines: &str, expected: &[(&str, &str)]) {
    let loaded = load_lines(lines).unwrap();
    for (name, value) in expected {
        assert_eq!(get(&loaded.config, name), *value, "{name} after {lines:?}");
    }
}

/// Checks what is said about the last line of a configuration file.
fn check_problem(lines: &str, expected: &str) {
    let directory = Directory::with(&[("redis.conf", lines)]);
    let message = directory.load(&["redis.conf"]).expect_err(lines).to_string();
    let number = lines.lines().count();
    let last = lines.lines().last().unwrap();
    let path = directory.path().join("redis.conf");
    assert_eq!(
        message,
        format!(
            "*** FATAL CONFIG FILE ERROR (Esker {}) ***\n\
             Reading the configuration file '{}', at line {number}\n>>> '{last}'\n{expected}",
            env!("CARGO_PKG_VERSION"),
            path.display()
        )
    );
}

#[test]
fn every_directive() {
    let loaded = load_lines(EVERY_DIRECTIVE).unwrap();
    let mut warnings = loaded.warnings.iter().map(|warning| warning.directive.as_str()).collect::<Vec<_>>();
    let ignored = directives().filter(|directive| directive.support != Support::Supported);
    let mut ignored = ignored.map(|directive| directive.name).collect::<Vec<_>>();
    warnings.sort_unstable();
    ignored.sort_unstable();
    assert_eq!(warnings, ignored, "one warning for each directive that is ignored");
    let mut lines = 0;
    for line in EVERY_DIRECTIVE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) = line.split_once(' ').unwrap();
        let value = value.trim_matches('\'');
        let value = match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
            Some(quoted) => quoted.replace('\\', ""),
            None => value.to_owned(),
        };
        assert_eq!(get(&loaded.config, name), value, "{name}");
        lines += 1;
    }
    assert_eq!(lines, directives().count());
    let settings = loaded.config.settings();
    assert_eq!((settings.network.port, settings.network.timeout_s), (7000, 1));
    assert_eq!(settings.network.unixsocket, Some(PathBuf::from("/run/other/server.sock")));
    assert_eq!(settings.security.requirepass.as_ref().unwrap().reveal(), b"correct horse \"battery\" staple");
}

#[test]
fn nothing_at_all() {
    let directory = Directory::new();
    let loaded = directory.load(&[]).unwrap();
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.file(), None);
    assert_eq!(get(&loaded.config, "port"), "6379");
    assert_eq!(get(&loaded.config, "dir"), directory.path().to_str().unwrap());
}

#[test]
fn lines() {
    check("", &[("port", "6379")]);
    check("# port 1\n\n   \n\t port\t 7000 \r\n", &[("port", "7000")]);
    check("PORT 7000", &[("port", "7000")]);
    check("port 1\nport 2\nport 3", &[("port", "3")]);
    check("hash-max-ziplist-entries 7", &[("hash-max-listpack-entries", "7")]);
    check("logfile \"a b\\x21\"", &[("logfile", "a b!")]);
    check("masteruser 'it\\'s'", &[("masteruser", "it's")]);
    check("bind a b\nbind c", &[("bind", "c")]);
    check("bind \"a b\"", &[("bind", "a b")]);
    check("bind \"\"", &[("bind", "")]);
    check("hz 9999", &[("hz", "500")]);
    check("replicaof a 1\nslaveof no one", &[("replicaof", "")]);
    check("unixsocketperm 0770", &[("unixsocketperm", "770")]);
}

#[test]
fn save_points_add_up_once_the_defaults_are_gone() {
    check("port 1", &[("save", "3600 1 300 100 60 10000")]);
    check("save 900 1\nsave 60 2", &[("save", "900 1 60 2")]);
    check("save 900 1 60 2", &[("save", "900 1 60 2")]);
    check("save \"900 1\"", &[("save", "900 1")]);
    check("save \"\"", &[("save", "")]);
    check("save 900 1\nsave \"\"\nsave 5 5", &[("save", "5 5")]);
    let directory = Directory::with(&[("redis.conf", "save 900 1")]);
    let save = |arguments: &[&str]| get(&directory.load(arguments).unwrap().config, "save");
    assert_eq!(save(&["redis.conf", "--save", "60", "2"]), "900 1 60 2");
    assert_eq!(save(&["redis.conf", "--save", ""]), "");
    assert_eq!(save(&["redis.conf", "--save", "--port", "1"]), "");
}

#[test]
fn buffer_limits_are_set_class_by_class() {
    check(
        "client-output-buffer-limit normal 1mb 0 0\nclient-output-buffer-limit replica 1 2 3",
        &[("client-output-buffer-limit", "normal 1048576 0 0 slave 1 2 3 pubsub 33554432 8388608 60")],
    );
}

#[test]
fn each_database_has_an_engine() {
    let engines = |lines: &str| {
        let loaded = load_lines(lines).unwrap();
        [0, 3, 5].map(|number| loaded.config.settings().engine_of(number))
    };
    use EngineKind::{Disk, Memory};
    assert_eq!(engines(""), [Memory, Memory, Memory]);
    assert_eq!(engines("database 3 disk"), [Memory, Disk, Memory]);
    assert_eq!(engines("engine disk\ndatabase 3 memory\nDatabase 5 DISK"), [Disk, Memory, Disk]);
    assert_eq!(engines("engine disk\nengine memory"), [Memory, Memory, Memory]);
    check("database 3 disk\ndatabase 5 memory\ndatabase 3 disk", &[("database", "3 disk 5 memory")]);
    check("database \"3 disk 5 memory\"", &[("database", "3 disk 5 memory")]);
    check("database 16 disk\ndatabases 17", &[("database", "16 disk")]);
}

#[test]
fn databases_on_the_command_line() {
    let directory = Directory::with(&[("redis.conf", "database 3 disk")]);
    let database = |arguments: &[&str]| get(&directory.load(arguments).unwrap().config, "database");
    assert_eq!(database(&["--database", "3", "disk", "--engine", "disk"]), "3 disk");
    assert_eq!(database(&["--database", "3", "disk", "--database", "5", "memory"]), "3 disk 5 memory");
    assert_eq!(database(&["redis.conf", "--database 5 disk", "--database", "3 disk"]), "3 disk 5 disk");
    let message = |arguments: &[&str]| directory.load(arguments).unwrap_err().to_string();
    let conflict = message(&["redis.conf", "--database", "3", "memory"]);
    assert!(
        conflict.ends_with(
            "at command line\n>>> '--database 3 memory'\ndatabase 3 was given another engine before"
        ),
        "{conflict}"
    );
    let missing = message(&["redis.conf", "--databases", "3"]);
    assert!(
        missing.ends_with(
            "at line 1\n>>> 'database 3 disk'\nthe database must be less than `databases`, which is 3"
        ),
        "{missing}"
    );
}

#[test]
fn what_the_disk_engine_needs() {
    let disk = load_lines(
        "disk-cache-size 1gb\ndisk-journal-size-max 128mb\ndisk-free-space-min 0\ndisk-compression NONE",
    );
    let config = disk.unwrap().config;
    let disk = &config.settings().disk;
    assert_eq!((disk.cache_bytes, disk.journal_bytes_max, disk.free_bytes_min), (1 << 30, 128 << 20, 0));
    assert_eq!(disk.compression, DiskCompression::None);
}

#[test]
fn problems_of_engines_name_file_and_line() {
    check_problem("engine ssd", "argument(s) must be one of the following: memory, disk");
    check_problem("database 3 ssd", "argument(s) must be one of the following: memory, disk");
    check_problem("database 3", "wrong number of arguments");
    check_problem("database", "wrong number of arguments");
    check_problem("database x disk", "argument couldn't be parsed into an integer");
    check_problem("database -1 disk", "argument must be between 0 and 2147483646 inclusive");
    check_problem("database 3 disk\n\ndatabase 3 memory", "database 3 was given another engine before");
    check_problem("\ndatabase 16 disk", "the database must be less than `databases`, which is 16");
    check_problem(
        "databases 4\ndatabase 3 disk\ndatabase 4 disk",
        "the database must be less than `databases`, which is 4",
    );
    check_problem(
        "disk-cache-size 8191kb",
        "argument must be between 8388608 and 9223372036854775807 inclusive",
    );
    check_problem(
        "disk-journal-size-max 127mb",
        "argument must be between 134217728 and 9223372036854775807 inclusive",
    );
    check_problem("disk-free-space-min -1", "argument must be a memory value");
    check_problem("disk-compression zstd", "argument(s) must be one of the following: none, lz4");
}

#[test]
fn problems_name_file_and_line() {
    check_problem("hz 5\n\n# x\nport abc", "argument couldn't be parsed into an integer");
    check_problem("port 65536", "argument must be between 0 and 65535 inclusive");
    check_problem("protected-mode maybe", "argument must be 'yes' or 'no'");
    check_problem("maxmemory lots", "argument must be a memory value");
    check_problem("maxmemory-clients lots", "argument must be a memory or percent value");
    check_problem("maxmemory-clients 101%", "percentage argument must be less or equal to 100");
    check_problem("unixsocketperm 8", "argument couldn't be parsed as an octal number");
    check_problem("unixsocketperm 1000", "argument must be between 0 and 777 inclusive");
    check_problem("appendfsync sometimes", "argument(s) must be one of the following: everysec, always, no");
    check_problem("dir /no/such/directory", "No such file or directory");
    check_problem("save 1", "Invalid save parameters");
    check_problem("logfile \"a", "Unbalanced quotes in configuration line");
    check_problem("save \"'a\"", "Unbalanced quotes in configuration line");
    check_problem("port 1 2", "wrong number of arguments");
    check_problem("port", "wrong number of arguments");
    check_problem("replicaof a", "wrong number of arguments");
    check_problem("prot 1", "Bad directive or wrong number of arguments");
    check_problem("include", "Bad directive or wrong number of arguments");
    check_problem("include a b", "Bad directive or wrong number of arguments");
    check_problem("rename-command GET", "Bad directive or wrong number of arguments");
    check_problem("user", "Bad directive or wrong number of arguments");
    check_problem("loadmodule", "Bad directive or wrong number of arguments");
    check_problem("search.timeout", "Module config specified without value");
    check_problem("sentinel monitor x", "sentinel directive while not in sentinel mode");
}

#[test]
fn problems_elsewhere() {
    let directory = Directory::with(&[("redis.conf", "hz 5")]);
    let message = |arguments: &[&str], stdin: &str| {
        let error = directory.load_with_stdin(arguments, stdin).unwrap_err().to_string();
        error.split_once('\n').expect("a first line").1.to_owned()
    };
    assert_eq!(
        message(&["redis.conf", "--hz", "1", "--port", "a b"], ""),
        "Reading the options, at command line\n>>> '--port \"a b\"'\n\
         argument couldn't be parsed into an integer"
    );
    assert_eq!(
        message(&["--logfile \"x"], ""),
        "Reading the options, at command line\n>>> '--logfile \"x'\nUnbalanced quotes in configuration line"
    );
    assert_eq!(
        message(&["-p", "1"], ""),
        "Reading the options, at command line\n>>> '-p 1'\nBad directive or wrong number of arguments"
    );
    assert_eq!(
        message(&["-"], "hz 1\nport x"),
        "Reading the configuration from standard input, at line 2\n>>> 'port x'\n\
         argument couldn't be parsed into an integer"
    );
}

#[test]
fn unreadable_files() {
    let directory = Directory::with(&[("redis.conf", "include missing.conf")]);
    let message = |file: &str| directory.load(&[file]).unwrap_err().to_string();
    let path = |file: &str| directory.path().join(file).display().to_string();
    let missing = |file: &str| {
        format!("Fatal error, can't open config file '{}': No such file or directory", path(file))
    };
    assert_eq!(message("none.conf"), missing("none.conf"));
    assert_eq!(message("redis.conf"), missing("missing.conf"));
    let is_directory = format!("Fatal error, can't open config file '{}': Is a directory", path("."));
    assert_eq!(message("."), is_directory);
}

#[test]
fn later_sources_win() {
    let directory = Directory::with(&[("redis.conf", "port 1\nhz 1\ntimeout 1")]);
    let loaded = directory.load_with_stdin(&["redis.conf", "--port", "3", "-"], "port 2\nhz 2").unwrap();
    let values = ["port", "hz", "timeout"].map(|name| get(&loaded.config, name));
    assert_eq!(values, ["3", "2", "1"]);
    assert_eq!(loaded.config.file(), Some(directory.path().join("redis.conf").as_path()));
}

#[test]
fn included_files_stand_where_they_are_included() {
    let directory = Directory::with(&[
        ("redis.conf", "port 1\nhz 1\ninclude conf.d/*.conf\nport 4\ninclude conf.d/none-*.conf"),
        ("conf.d/1.conf", "port 2\nhz 2\ntimeout 1"),
        ("conf.d/2.conf", "include deep/[ab].conf"),
        ("conf.d/.hidden.conf", "databases 99"),
        ("conf.d/other.txt", "databases 99"),
        ("deep/a.conf", "timeout 2"),
        ("deep/c.conf", "timeout 3"),
    ]);
    let config = directory.load(&["redis.conf"]).unwrap().config;
    let values = ["port", "hz", "timeout", "databases"].map(|name| get(&config, name));
    assert_eq!(values, ["4", "2", "2", "16"]);
}

#[test]
fn relative_names_begin_at_dir() {
    let directory = Directory::with(&[
        ("redis.conf", "dir sub\ninclude x.conf\ndir deeper"),
        ("sub/x.conf", "port 1"),
        ("sub/deeper/y.conf", ""),
    ]);
    let config = directory.load(&["redis.conf"]).unwrap().config;
    assert_eq!(get(&config, "port"), "1");
    assert_eq!(get(&config, "dir"), directory.path().join("sub/deeper").to_str().unwrap());
}

#[test]
fn problems_in_included_files_name_those() {
    let directory = Directory::with(&[("redis.conf", "\n\ninclude x.conf"), ("x.conf", "\nport x")]);
    let message = directory.load(&["redis.conf"]).unwrap_err().to_string();
    let place = format!("'{}', at line 2", directory.path().join("x.conf").display());
    assert!(message.contains(&place), "{message}");
}

#[test]
fn a_file_that_includes_itself() {
    let directory = Directory::with(&[("redis.conf", "include redis.conf")]);
    let message = directory.load(&["redis.conf"]).unwrap_err().to_string();
    assert!(message.ends_with(">>> 'include redis.conf'\ntoo many files include each other"), "{message}");
}

#[test]
fn what_is_ignored_is_named() {
    let directory = Directory::with(&[(
        "redis.conf",
        "daemonize no\nappendonly yes\nappendonly no\nport 1\nunixsocketgroup x\n\
         lua-replicate-commands yes\nsearch.timeout 5\nloadmodule a.so\ncluster-enabled yes\nvm-enabled no",
    )]);
    let loaded = directory.load(&["redis.conf", "--tls-cluster", "yes"]).unwrap();
    let warnings = loaded.warnings.iter().map(ToString::to_string).collect::<Vec<_>>();
    let path = directory.path().join("redis.conf").display().to_string();
    assert_eq!(
        warnings,
        [
            format!("directive 'unixsocketgroup' is ignored: it is known to Valkey only ('{path}', line 5)"),
            format!(
                "directive 'lua-replicate-commands' is ignored: \
                 it has had no effect since Redis 7 ('{path}', line 6)"
            ),
            format!(
                "directive 'search.timeout' is ignored: modules for Redis cannot be loaded ('{path}', line 7)"
            ),
            format!(
                "directive 'loadmodule' is ignored: modules for Redis cannot be loaded ('{path}', line 8)"
            ),
            format!(
                "directive 'vm-enabled' is ignored: Redis removed it before version 7 ('{path}', line 10)"
            ),
            "directive 'tls-cluster' is ignored: there is no cluster yet (command line)".to_owned(),
            format!("directive 'cluster-enabled' is ignored: the cluster comes later ('{path}', line 9)"),
        ]
    );
}

#[test]
fn lines_for_the_server() {
    let lines = "rename-command CONFIG \"\"\nrename-command get fetch\nuser bob on >secret ~*";
    let loaded = load_lines(lines).unwrap();
    let renamed = &loaded.renamed_commands;
    assert_eq!((renamed[0].command.as_slice(), renamed[0].new_name.as_slice()), (&b"CONFIG"[..], &b""[..]));
    assert_eq!((renamed[1].command.as_slice(), renamed[1].new_name.as_slice()), (&b"get"[..], &b"fetch"[..]));
    assert_eq!(renamed[1].place.line, 2);
    assert!(matches!(renamed[1].place.source, Source::File(_)));
    assert_eq!(loaded.users[0].name, b"bob");
    assert_eq!(loaded.users[0].rules, [b"on".to_vec(), b">secret".to_vec(), b"~*".to_vec()]);
    let error = config::LoadError::at(&renamed[0].place, "No such command in rename-command").to_string();
    assert!(
        error.ends_with(">>> 'rename-command CONFIG \"\"'\nNo such command in rename-command"),
        "{error}"
    );
}

#[test]
fn no_text_makes_it_panic() {
    let directory = Directory::new();
    let mut random = Random::from_seed(11);
    let names = directives().map(|directive| directive.name).chain(["user", "rename-command", "x", "\"x"]);
    let names = names.collect::<Vec<_>>();
    let pieces =
        ["1", "-1", "yes", "\"", "'", "\\", "\0", "\u{ff}", "%", "gb", " ", "99999999999999999999", "no"];
    let mut accepted = 0;
    for _ in 0..5000 {
        let mut line = names[random.below(names.len() as u64) as usize].to_owned() + " ";
        for _ in 0..random.below(5) {
            line += pieces[random.below(pieces.len() as u64) as usize];
        }
        accepted += u32::from(directory.load_with_stdin(&["-"], &line).is_ok());
    }
    assert!(accepted > 100, "{accepted}");
}
