//! The tables against each other: what `commands.txt` covers, what COMMAND tells about each
//! command, and which fields INFO has.

use crate::grammar::{self, Family};
use crate::harness::{Client, Value};
use crate::{GRAMMAR, start_pair};
use std::collections::{BTreeMap, BTreeSet};

/// Groups of COMMAND DOCS that are no part of this comparison.
const GROUPS_NOT_COMPARED: &[&str] = &["module"];

/// Commands that random sequences do not send, or only within a transaction of their own making.
const COMMANDS_NOT_COMPARED: &[&str] = &[
    // The generator brackets transactions with it.
    "MULTI",
    // They end the connection or the server.
    "QUIT",
    "SHUTDOWN",
    // What it prints is everything that happens; a scenario tests it.
    "MONITOR",
    // It computes for a second.
    "PFSELFTEST",
    // Saving, replication and serialised values are not part of this comparison.
    "BGREWRITEAOF",
    "BGSAVE",
    "FAILOVER",
    "MIGRATE",
    "MODULE",
    "PSYNC",
    // They are for any replica here, as with Valkey.
    "READONLY",
    "READWRITE",
    "REPLCONF",
    "REPLICAOF",
    "RESTORE-ASKING",
    "SAVE",
    "SLAVEOF",
    "SYNC",
    "WAIT",
    "WAITAOF",
];

/// INFO sections whose fields depend on what has happened.
const SECTIONS_THAT_VARY: &[&str] = &["Commandstats", "Errorstats", "Keyspace", "Latencystats", "Modules"];

/// Places of the fields of one entry of COMMAND INFO.
mod field {
    pub const NAME: usize = 0;
    pub const ARITY: usize = 1;
    pub const FLAGS: usize = 2;
    pub const TIPS: usize = 7;
    pub const SUBCOMMANDS: usize = 9;
    pub const COUNT: usize = 10;
}

fn commands_in_grammar() -> BTreeSet<String> {
    let lines = |family: Family| family.lines.into_iter().map(|line| line.command);
    grammar::parse(GRAMMAR).into_iter().flat_map(lines).collect()
}

/// The entries of a reply that is a map: a flat array in RESP2.
fn pairs(reply: &Value) -> impl Iterator<Item = (String, &Value)> {
    reply.elements().chunks(2).map(|pair| (pair[0].text(), &pair[1]))
}

/// The group and the first version of every command, by name in upper case.
fn documentation(client: &mut Client) -> BTreeMap<String, (String, String)> {
    let documents = client.call("COMMAND DOCS");
    let about = |document: &Value, property: &str| {
        pairs(document).find(|(name, _)| name == property).map(|(_, value)| value.text()).unwrap_or_default()
    };
    pairs(&documents)
        .map(|(name, document)| (name.to_uppercase(), (about(document, "group"), about(document, "since"))))
        .collect()
}

#[test]
fn every_command_of_the_reference_is_compared_or_excused() {
    let Some(pair) = start_pair() else { return };
    let compared = commands_in_grammar();
    for (name, (group, _)) in documentation(&mut pair.reference.connect()) {
        let excused =
            GROUPS_NOT_COMPARED.contains(&group.as_str()) || COMMANDS_NOT_COMPARED.contains(&name.as_str());
        assert!(
            compared.contains(&name) != excused,
            "{name} of group {group} must be compared or excused, not both"
        );
    }
}

#[test]
fn the_command_table_is_that_of_redis() {
    let Some(pair) = start_pair() else { return };
    let (mut subject, mut reference) = (pair.subject.connect(), pair.reference.connect());
    let (subject_documents, reference_documents) =
        (documentation(&mut subject), documentation(&mut reference));
    let mut differences = Vec::new();
    for name in commands_in_grammar().iter().filter(|name| reference_documents.contains_key(*name)) {
        let question = format!("COMMAND INFO {name}");
        let (subject, reference) = (subject.call(&question), reference.call(&question));
        compare_entries(
            &subject.elements()[0],
            &reference.elements()[0],
            pair.judge.reference_is_before_72,
            &mut differences,
        );
        if subject_documents.get(name) != reference_documents.get(name) {
            let [subject, reference] =
                [&subject_documents, &reference_documents].map(|documents| documents.get(name));
            differences.push(format!("group and version of {name}: {subject:?} instead of {reference:?}"));
        }
    }
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

/// Compares what COMMAND INFO says about one command and its subcommands.
fn compare_entries(
    subject: &Value,
    reference: &Value,
    reference_is_before_72: bool,
    differences: &mut Vec<String>,
) {
    let Value::Array(reference) = reference else { panic!("COMMAND INFO: {reference:?}") };
    let name = reference[field::NAME].text();
    let subject = match subject {
        Value::Array(subject) if subject.len() == field::COUNT => subject,
        other => return differences.push(format!("{name}: {other:?}")),
    };
    for place in 0..field::COUNT {
        let same = match place {
            // Arity that 7.2 relaxed, and a flag that it took from the commands that wait.
            field::ARITY if reference_is_before_72 => {
                let relaxed = ["zrank", "zrevrank", "command|getkeys", "command|getkeysandflags"];
                subject[place] == reference[place] || relaxed.contains(&name.as_str())
            }
            field::FLAGS if reference_is_before_72 => {
                let without =
                    |flags: &Value| names(flags).filter(|flag| flag != "noscript").collect::<BTreeSet<_>>();
                let waits = names(&reference[place]).any(|flag| flag == "blocking");
                sorted(&subject[place]) == sorted(&reference[place])
                    || waits && without(&subject[place]) == without(&reference[place])
            }
            // 7.0 has fewer, and others for two.
            field::TIPS if reference_is_before_72 => {
                ["latency|reset", "msetnx"].contains(&name.as_str())
                    || reference[place].elements().iter().all(|tip| subject[place].elements().contains(tip))
            }
            field::SUBCOMMANDS => {
                compare_subcommands(&subject[place], &reference[place], reference_is_before_72, differences);
                true
            }
            // Flags and categories are sets, and so are the flags within the key specifications.
            _ => sorted(&subject[place]) == sorted(&reference[place]),
        };
        if !same {
            differences.push(format!(
                "field {place} of {name}: {:?} instead of {:?}",
                subject[place], reference[place]
            ));
        }
    }
}

fn compare_subcommands(
    subject: &Value,
    reference: &Value,
    reference_is_before_72: bool,
    differences: &mut Vec<String>,
) {
    for wanted in reference.elements() {
        let name = wanted.elements()[field::NAME].text();
        // Client-side caching and what saves or moves data come with later storeys.
        if ["client|caching", "client|tracking"].contains(&name.as_str()) {
            continue;
        }
        let found = subject.elements().iter().find(|entry| entry.elements()[field::NAME].text() == name);
        match found {
            Some(found) => compare_entries(found, wanted, reference_is_before_72, differences),
            None => differences.push(format!("{name} is missing")),
        }
    }
}

fn names(set: &Value) -> impl Iterator<Item = String> {
    set.elements().iter().map(Value::text)
}

/// The same value with all its arrays and sets in order, and without the notes that say in prose why a key's flags
/// are what they are.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(elements) | Value::Set(elements) => {
            let elements = match elements.first() {
                Some(first) if *first == Value::bulk("notes") => &elements[2..],
                _ => elements,
            };
            let mut elements: Vec<_> = elements.iter().map(sorted).collect();
            elements.sort();
            Value::Array(elements)
        }
        other => other.clone(),
    }
}

#[test]
fn info_has_the_sections_and_fields_of_redis() {
    let Some(pair) = start_pair() else { return };
    let [subject, reference] = [&pair.subject, &pair.reference].map(|server| {
        let text = server.connect().call("INFO everything").text();
        let mut section = "";
        let mut fields = BTreeSet::new();
        for line in text.lines() {
            match (line.strip_prefix("# "), line.split_once(':')) {
                (Some(name), _) => section = name,
                (None, Some((field, _))) if !SECTIONS_THAT_VARY.contains(&section) => {
                    fields.insert(format!("{section}: {field}"));
                }
                _ => {}
            }
        }
        fields
    });
    let missing: Vec<_> = reference.difference(&subject).collect();
    assert!(missing.is_empty(), "INFO lacks {missing:#?}");
}
