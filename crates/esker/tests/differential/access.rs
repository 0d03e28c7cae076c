//! Access control, compared with a real redis-server: the categories of commands, what rules make of a user, and which
//! requests a user may run.

use crate::generate::{Connection, Generator};
use crate::grammar;
use crate::harness::{Client, Rng, Value};
use crate::{GRAMMAR, start_pair};
use std::collections::{BTreeSet, HashSet};

fn names(client: &mut Client, question: &str) -> BTreeSet<String> {
    client.call(question).elements().iter().map(Value::text).collect()
}

#[test]
fn every_category_holds_the_commands_of_redis() {
    let Some(pair) = start_pair() else { return };
    let (mut subject, mut reference) = (pair.subject.connect(), pair.reference.connect());
    let mut in_both: BTreeSet<String> =
        &names(&mut subject, "COMMAND LIST") & &names(&mut reference, "COMMAND LIST");
    // Since 7.2 it is among those that block.
    in_both.remove("wait");
    assert_eq!(subject.call("ACL CAT"), reference.call("ACL CAT"));
    for category in names(&mut reference, "ACL CAT") {
        let question = format!("ACL CAT {category}");
        let [ours, theirs] =
            [&mut subject, &mut reference].map(|client| &names(client, &question) & &in_both);
        assert_eq!(ours, theirs, "{category}");
    }
}

/// Rules, of which some are wrong, and some only together with others.
const RULES: &[&str] = &[
    "on",
    "OFF",
    "nopass",
    "resetpass",
    ">secret",
    "<secret",
    ">",
    "#abc",
    "!abc",
    "reset",
    "clearselectors",
    "~a*",
    "~*",
    "%R~b*",
    "%W~b*",
    "%RW~c",
    "%~d",
    "%RR~d",
    "~",
    "allkeys",
    "resetkeys",
    "&a*",
    "&*",
    "&b",
    "allchannels",
    "resetchannels",
    "+get",
    "-get",
    "+@hash",
    "-@HASH",
    "+@all",
    "-@all",
    "allcommands",
    "nocommands",
    "+config|get",
    "-config|get",
    "+config|nosuch",
    "+config",
    "+select|0",
    "-select|0",
    "+select|",
    "+get|a|b",
    "+config|get|x",
    "+nosuch",
    "+@nosuch",
    "+",
    "-",
    "(+get ~s*)",
    "(",
    ")",
    "()",
    "(+set",
    "%W~s*)",
    "(on)",
    "sanitize-payload",
    "skip-sanitize-payload",
    "nosuch",
    "~a b",
    "",
    "#c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
];

/// Fields of ACL GETUSER that say the same in all versions; the rules on commands do not.
const FIELDS_COMPARED: [&str; 4] = ["flags", "passwords", "keys", "channels"];

#[test]
fn rules_make_the_users_of_redis() {
    let Some(pair) = start_pair() else { return };
    let (mut subject, mut reference) = (pair.subject.connect(), pair.reference.connect());
    let mut rng = Rng::new(19);
    for round in 0..400 {
        let rules: Vec<&str> = (0..1 + rng.below(5)).map(|_| *rng.pick(RULES)).collect();
        let user = if rng.chance(30) { "fresh" } else { "ann" };
        let request: Vec<&str> = ["ACL", "SETUSER", user].into_iter().chain(rules).collect();
        let [ours, theirs] = [&mut subject, &mut reference].map(|client| client.call_with(&request));
        // Redis 7.0 miscounts the words, and shows another one.
        let is_unmatched =
            |reply: &Value| reply.is_error() && reply.error().starts_with("ERR Unmatched parenthesis");
        let are_alike = ours == theirs || is_unmatched(&ours) && is_unmatched(&theirs);
        assert!(are_alike, "round {round}: {request:?}: {ours:?} and {theirs:?}");
        let [ours, theirs] = [&mut subject, &mut reference].map(|client| {
            let reply = client.call(&format!("ACL GETUSER {user}"));
            let fields = match &reply {
                Value::Array(elements) => {
                    elements.chunks(2).map(|pair| (pair[0].text(), pair[1].clone())).collect()
                }
                _ => Vec::new(),
            };
            let compared = |(name, _): &(String, Value)| FIELDS_COMPARED.contains(&name.as_str());
            let texts = |(name, value): (String, Value)| match value {
                // Redis 7.0 does not tell the default.
                Value::Array(elements) => {
                    let texts = elements.iter().map(Value::text).filter(|text| text != "sanitize-payload");
                    (name, texts.collect())
                }
                value => (name, vec![value.text()]),
            };
            fields.into_iter().filter(compared).map(texts).collect::<Vec<_>>()
        });
        assert_eq!(ours, theirs, "round {round}: the user after {request:?}");
        if user == "fresh" {
            subject.call("ACL DELUSER fresh");
            reference.call("ACL DELUSER fresh");
        }
    }
}

/// Who asks for what.
const USERS: &[&str] = &[
    "+@all ~* &*",
    "+@all ~k* &c*",
    "+@all %R~*",
    "+@all %W~* &*",
    "+@read ~*",
    "+@write -@dangerous %W~* %R~k*",
    "+@all %R~k* %W~d*",
    "-@all (+@read %R~*) (+@write %W~*) (+@pubsub &*)",
    "-@all +@string +@hash +config|get +select|0 ~*",
    "-@all (+@all %R~a* %R~k*) (+@all %W~*)",
];

#[test]
fn dry_runs_end_as_in_redis() {
    let Some(pair) = start_pair() else { return };
    let (mut subject, mut reference) = (pair.subject.connect(), pair.reference.connect());
    for (number, rules) in USERS.iter().enumerate() {
        let request = format!("ACL SETUSER user{number} on {rules}");
        assert_eq!((subject.call(&request), reference.call(&request)), (Value::ok(), Value::ok()), "{rules}");
    }
    let generator = Generator::new(grammar::parse(GRAMMAR));
    let mut rng = Rng::new(3);
    let mut denied = HashSet::new();
    for seed in 0..20 {
        let sequence = generator.sequence(seed, &HashSet::new());
        for step in sequence.steps.iter().filter(|step| step.connection != Connection::Other) {
            let user = rng.below(USERS.len());
            let mut request = vec![b"ACL".to_vec(), b"DRYRUN".to_vec(), format!("user{user}").into_bytes()];
            request.extend(step.command.iter().cloned());
            let [ours, theirs] = [&mut subject, &mut reference].map(|client| client.call_with(&request));
            if ours.is_error() || theirs.is_error() {
                // Which requests have the right length differs from version to version.
                continue;
            }
            let [ours, theirs] =
                [ours.text(), theirs.text()].map(|text| match text.split_once(" has no permissions ") {
                    Some((_, what)) => what.to_owned(),
                    None => text,
                });
            if theirs == "OK" && ours != theirs {
                // Redis checks no key at all where it does not find all that may be there, as without PFMERGE's sources.
                let mut request = vec![b"COMMAND".to_vec(), b"GETKEYS".to_vec()];
                request.extend(step.command.iter().cloned());
                if reference.call_with(&request).is_error() {
                    continue;
                }
            }
            let words: Vec<String> =
                step.command.iter().map(|word| word.escape_ascii().to_string()).collect();
            assert_eq!(ours, theirs, "{}: {}", USERS[user], words.join(" "));
            if ours != "OK" {
                denied.insert(ours);
            }
        }
    }
    assert!(denied.len() > 100, "{} different denials", denied.len());
}
