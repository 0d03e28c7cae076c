//! What commands say that they did, done to a copy: at another time, by other chance, the copy is the same.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use commands::{Command, Handler};
use common::Prompt;
use keyspace::{Effects, Log};
use resp::{OwnedArguments, Version};

/// Commands, each with its database.
#[derive(Default)]
struct Collected(Mutex<Vec<(u16, Vec<Vec<u8>>)>>);

impl Log for Collected {
    fn append(&self, unit: &Effects) {
        let words = |effect: keyspace::Effect<'_>| effect.words().map(<[u8]>::to_vec).collect();
        let commands = unit.iter().map(|effect| (effect.database, words(effect)));
        self.0.lock().expect("no test has failed").extend(commands);
    }
}

/// A prompt whose effects are collected.
fn recorded() -> (Prompt, Arc<Collected>) {
    let (prompt, log) = (Prompt::new(), Arc::new(Collected::default()));
    prompt.log_to(Arc::clone(&log) as Arc<dyn Log>);
    (prompt, log)
}

/// A copy to which the effects were done, a year later. Effects that fail are a mistake.
#[track_caller]
fn copy_of(log: &Collected) -> Prompt {
    let mut copy = Prompt::new();
    copy.context.now_ms += 365 * 24 * 3600 * 1000;
    copy.context.is_copy = true;
    for (database, words) in log.0.lock().expect("no test has failed").iter() {
        copy.context.database = *database;
        let words = OwnedArguments::from_parts(words);
        let reply = copy.run(words.as_arguments(), Version::Resp2);
        assert!(!reply.as_bytes().starts_with(b"-"), "{words:?}: {}", reply.as_bytes().escape_ascii());
    }
    copy
}

/// All that there is, as text.
fn dump(prompt: &mut Prompt) -> BTreeMap<(u16, String), String> {
    let mut all = BTreeMap::new();
    for (database, name) in prompt.keys() {
        prompt.context.database = database;
        let key = format!("\"{}\"", name.escape_ascii());
        let kind = prompt.type_in(&format!("TYPE {key}"));
        let lines: &[&str] = match kind.as_str() {
            "string" => &["GET @"],
            "list" => &["LRANGE @ 0 -1"],
            "set" => &["SMEMBERS @"],
            "hash" => &["HGETALL @"],
            "zset" => &["ZRANGE @ 0 -1 WITHSCORES"],
            "stream" => &["XRANGE @ - +", "XINFO STREAM @", "XINFO GROUPS @"],
            _ => panic!("{kind}"),
        };
        let mut text = prompt.type_in(&format!("PEXPIRETIME {key}"));
        for line in lines {
            let reply = prompt.type_in(&line.replace('@', &key));
            let mut lines: Vec<&str> = reply.lines().collect();
            // The order of what is hashed differs from table to table.
            if matches!(kind.as_str(), "set" | "hash") {
                lines = lines.iter().filter_map(|line| line.split_once(") ").map(|(_, item)| item)).collect();
                lines.sort_unstable();
            }
            text.push_str(&lines.join("\n"));
        }
        all.insert((database, key), text);
    }
    prompt.context.database = 0;
    all
}

/// Checks that a copy is as the original, and shows what was said if not.
#[track_caller]
fn check(about: &str, prompt: &mut Prompt, log: &Collected) {
    let mut copy = copy_of(log);
    // From here on it is no copy of anything, and the moment is the same.
    copy.context = prompt.context;
    let shown: Vec<String> = log.0.lock().expect("no test has failed").iter().map(shown).collect();
    assert_eq!(dump(&mut copy), dump(prompt), "{about}: {shown:#?}");
}

fn shown((database, words): &(u16, Vec<Vec<u8>>)) -> String {
    let words: Vec<String> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
    format!("{database}: {}", words.join(" "))
}

#[test]
fn the_effects_of_all_examples_make_the_same() {
    let commands =
        commands::data_commands().flat_map(|command| std::iter::once(command).chain(command.subcommands));
    let has_examples = |command: &&Command| !matches!(command.handler, Handler::Container);
    for command in commands.filter(has_examples) {
        let (mut prompt, log) = recorded();
        prompt.check(command.examples);
        check(command.name, &mut prompt, &log);
    }
}

#[test]
fn what_a_command_takes_for_gone_is_gone_in_the_copy_first() {
    for line in [
        "SETNX a 1",
        "MSETNX a 1 b 2",
        "SUNIONSTORE s a b",
        "COPY b a",
        "RENAMENX b a",
        "LPUSHX a 1",
        "APPEND a x",
        "SADD a x",
        "PFCOUNT a",
        "GETEX a PERSIST",
        "SORT a STORE b",
    ] {
        let (mut prompt, log) = recorded();
        prompt.type_in("SADD b x");
        prompt.type_in("SADD a y");
        prompt.type_in("PEXPIRE a 10");
        prompt.context.now_ms += 20;
        prompt.type_in(line);
        prompt.expire();
        check(line, &mut prompt, &log);
    }
}

#[test]
fn fields_that_are_gone_are_gone_in_the_copy_first() {
    for line in [
        "HSETNX h f 2",
        "HINCRBY h f 5",
        "HSET h g 1",
        "HDEL h f",
        "HGETDEL h FIELDS 1 g",
        "HPERSIST h FIELDS 1 f",
    ] {
        for fields in [1, 3000] {
            let (mut prompt, log) = recorded();
            prompt.type_in("HSET h f 1 g 7");
            (0..fields).for_each(|field| _ = prompt.type_in(&format!("HSET h x{field} 1")));
            prompt.type_in("HPEXPIRE h 10 FIELDS 1 f");
            (0..fields).for_each(|field| _ = prompt.type_in(&format!("HPEXPIRE h 10 FIELDS 1 x{field}")));
            prompt.context.now_ms += 20;
            prompt.type_in(line);
            prompt.expire();
            check(line, &mut prompt, &log);
        }
    }
}

#[test]
fn what_a_sweep_removes_is_told() {
    let (mut prompt, log) = recorded();
    for line in
        ["SET a 1 PX 5", "HSET h f 1 g 2", "HPEXPIRE h 5 FIELDS 1 f", "HSET i f 1", "HPEXPIRE i 5 FIELDS 1 f"]
    {
        prompt.type_in(line);
    }
    prompt.context.now_ms += 10;
    prompt.expire();
    check("expiry", &mut prompt, &log);
    let said: Vec<String> = log.0.lock().expect("no test has failed").iter().map(shown).collect();
    for line in ["0: UNLINK a", "0: HDEL h f", "0: UNLINK i"] {
        assert!(said.iter().any(|said| said == line), "{line}: {said:#?}");
    }
}
