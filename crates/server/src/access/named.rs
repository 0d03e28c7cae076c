//! What a request names: its keys and channels, each with what is done with it.

use acl::{Access, Mention, Mentions, Need, Request};
use commands::{Flag, Group};
use resp::Arguments;
use smallvec::SmallVec;

use crate::commands::key_specs::{self, KeySpec};
use crate::table::Entry;

/// A request, as access control sees it.
pub(super) struct Named<'r> {
    pub entry: &'r Entry,
    pub arguments: Arguments<'r>,
}

impl Request for Named<'_> {
    fn command(&self) -> usize {
        self.entry.index
    }

    fn is_for_everybody(&self) -> bool {
        self.entry.command.has(Flag::NoAuth)
    }

    fn first_argument(&self) -> Option<&[u8]> {
        self.arguments.get(self.entry.command.words())
    }

    fn mentions(&self) -> Mentions<'_> {
        if self.entry.command.group == Group::PubSub { self.channels() } else { self.keys() }
    }
}

impl Named<'_> {
    /// The keys that the command's specifications find, and whatever else the command itself takes for a key: where the
    /// two do not agree, as with an option that was given twice, nothing is allowed by the one and done by the other.
    fn keys(&self) -> Mentions<'_> {
        let Entry { command, key_specs, .. } = self.entry;
        let words: SmallVec<[&[u8]; 16]> = self.arguments.iter().collect();
        let found = key_specs::find(command, key_specs, &words);
        let are_certain = found.is_some() && !key_specs.iter().any(KeySpec::is_movable);
        let mut mentions: Mentions<'_> = found
            .into_iter()
            .flatten()
            .filter(|(_, spec)| spec.is_of_key())
            .map(|(place, spec)| {
                let need = Need::Key(access(spec.flags_in(command, &words)));
                Mention { place, name: words[place], need }
            })
            .collect();
        if are_certain {
            return mentions;
        }
        let Ok((_, keys)) = (command.keys)(self.arguments) else { return mentions };
        if command.name == "migrate" {
            // The empty word in place of a key is none, nor is a password that reads KEYS the word before them.
            mentions.retain(|mention| keys.iter().any(|key| std::ptr::eq(key.bytes, mention.name)));
        }
        let by_specifications = mentions.len();
        for key in keys {
            let is_known =
                mentions[..by_specifications].iter().any(|known| std::ptr::eq(known.name, key.bytes));
            if !is_known {
                let place = words.iter().position(|word| std::ptr::eq(*word, key.bytes)).unwrap_or_default();
                mentions.push(Mention { place, name: key.bytes, need: Need::Key(Access::FULL) });
            }
        }
        mentions
    }

    fn channels(&self) -> Mentions<'_> {
        let (count, need) = match self.entry.command.name {
            "publish" | "spublish" => (1, Need::Channel),
            "subscribe" | "ssubscribe" => (usize::MAX, Need::Channel),
            "psubscribe" => (usize::MAX, Need::Pattern),
            _ => (0, Need::Channel),
        };
        let words = self.arguments.iter().enumerate().skip(1).take(count);
        words.map(|(place, name)| Mention { place, name, need }).collect()
    }
}

/// What a key with these flags is used for.
fn access(flags: &str) -> Access {
    let has = |names: &[&str]| flags.split(' ').any(|flag| names.contains(&flag));
    Access { reads: has(&["ACCESS"]), writes: has(&["INSERT", "DELETE", "UPDATE"]) }
}

/// The first option of a SORT that looks up keys by a pattern: `BY` or `GET`.
pub(super) fn pattern_of_sort(arguments: Arguments<'_>) -> Option<&'static str> {
    let mut place = 2;
    while let Some(word) = arguments.get(place) {
        let next = arguments.get(place + 1);
        match word.to_ascii_lowercase().as_slice() {
            b"limit" => place += 2,
            b"store" => place += 1,
            b"by" if next.is_some_and(|pattern| pattern.contains(&b'*')) => return Some("BY"),
            b"get" if next.is_some() => return Some("GET"),
            b"by" | b"get" => place += 1,
            _ => {}
        }
        place += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use resp::OwnedArguments;

    use super::*;
    use crate::table::Table;

    fn mentions(request: &str) -> Vec<String> {
        let table = Table::new(&[]).unwrap();
        let owned = OwnedArguments::from_line(request.as_bytes()).unwrap();
        let arguments = owned.as_arguments();
        let entry = table.find(&arguments[0]).unwrap();
        let entry = match arguments.get(1) {
            Some(word) if !entry.command.subcommands.is_empty() => {
                table.find_subcommand(entry, word).unwrap()
            }
            _ => entry,
        };
        let named = Named { entry, arguments };
        let show = |mention: &Mention<'_>| {
            let need = match mention.need {
                Need::Key(Access { reads: true, writes: true }) => "rw",
                Need::Key(Access { reads: true, writes: false }) => "r",
                Need::Key(Access { reads: false, writes: true }) => "w",
                Need::Key(Access { reads: false, writes: false }) => "-",
                Need::Channel => "channel",
                Need::Pattern => "pattern",
            };
            format!("{need}:{}@{}", String::from_utf8_lossy(mention.name), mention.place)
        };
        named.mentions().iter().map(show).collect()
    }

    #[test]
    fn keys_are_named_with_what_is_done_with_them() {
        for (request, expected) in [
            ("GET a", &["r:a@1"][..]),
            ("SET a b", &["w:a@1"]),
            ("SET a b GET", &["rw:a@1"]),
            ("BITFIELD a GET u8 0", &["r:a@1"]),
            ("BITFIELD a SET u8 0 1", &["rw:a@1"]),
            ("BITFIELD a OVERFLOW SAT GET u8 0", &["r:a@1"]),
            ("BITFIELD a GET u8 0 nosuch", &["rw:a@1"]),
            ("EXISTS a b", &["-:a@1", "-:b@2"]),
            ("MSET a 1 b 2", &["w:a@1", "w:b@3"]),
            ("COPY a b", &["r:a@1", "w:b@2"]),
            ("MIGRATE host 1 a 0 1", &["rw:a@3"]),
            ("MIGRATE host 1 '' 0 1 KEYS a b", &["rw:a@7", "rw:b@8"]),
            ("MIGRATE host 1 '' 0 1 AUTH2 user KEYS KEYS a", &["rw:a@10"]),
            ("LMOVE a b LEFT LEFT", &["rw:a@1", "w:b@2"]),
            ("ZUNIONSTORE d 2 a b", &["w:d@1", "r:a@3", "r:b@4"]),
            ("XREAD STREAMS a b 0 0", &["r:a@2", "r:b@3"]),
            ("OBJECT ENCODING a", &["-:a@2"]),
            ("MEMORY USAGE a", &["-:a@2"]),
            ("SORT a STORE b", &["r:a@1", "w:b@3"]),
            ("PING a", &[]),
            ("SUBSCRIBE a b", &["channel:a@1", "channel:b@2"]),
            ("PSUBSCRIBE a*", &["pattern:a*@1"]),
            ("UNSUBSCRIBE a", &[]),
            ("PUBLISH a b", &["channel:a@1"]),
            ("SPUBLISH a b", &["channel:a@1"]),
            ("PUBSUB NUMSUB a", &[]),
        ] {
            assert_eq!(mentions(request), expected, "{request}");
        }
    }

    /// The command takes the last of several options; the specifications find the first.
    #[test]
    fn no_key_is_hidden_behind_an_option_that_comes_twice() {
        assert_eq!(mentions("GEORADIUS a 0 0 1 m STORE b STORE c"), ["r:a@1", "w:b@7", "rw:c@9"]);
        assert_eq!(mentions("GEORADIUS a 0 0 1 m STORE b STORE a"), ["r:a@1", "w:b@7", "rw:a@9"]);
        assert_eq!(mentions("SORT a STORE b STORE c"), ["r:a@1", "w:c@5"]);
    }

    /// Requests of all commands, made of their own tokens, numbers and keys: where the command reads them, each key that
    /// it takes is named.
    #[test]
    fn no_key_that_a_command_takes_goes_unnamed() {
        fn tokens(specs: &[commands::args::Spec], found: &mut Vec<&'static str>) {
            for spec in specs {
                found.extend(spec.token);
                tokens(spec.parts, found);
            }
        }
        let table = Table::new(&[]).unwrap();
        let mut random = base::random::Random::from_seed(5);
        let mut keys_seen = 0;
        for entry in table.entries() {
            let mut pool = vec!["1", "2", "0", "a", "b", "a*", "0", "1"];
            tokens(entry.command.arguments, &mut pool);
            for _ in 0..1000 {
                let mut words: Vec<&str> = entry.command.name.split('|').collect();
                let arguments = entry.command.arity().unsigned_abs() as usize + random.below(6) as usize;
                words
                    .extend((words.len()..arguments).map(|_| pool[random.below(pool.len() as u64) as usize]));
                let owned = OwnedArguments::from_parts(&words);
                let named = Named { entry, arguments: owned.as_arguments() };
                let Ok((_, keys)) = (entry.command.keys)(named.arguments) else { continue };
                let mentions = named.keys();
                for key in keys {
                    keys_seen += 1;
                    let is_named = mentions.iter().any(|mention| std::ptr::eq(mention.name, key.bytes));
                    assert!(is_named, "{words:?} hides {}", key.bytes.escape_ascii());
                }
            }
        }
        assert!(keys_seen > 10_000, "{keys_seen}");
    }

    #[test]
    fn the_options_of_sort() {
        let option = |request: &str| {
            pattern_of_sort(OwnedArguments::from_line(request.as_bytes()).unwrap().as_arguments())
        };
        for (request, expected) in [
            ("SORT a", None),
            ("SORT a BY nosort", None),
            ("SORT a BY b*", Some("BY")),
            ("SORT a BY nosort GET b*", Some("GET")),
            ("SORT a GET #", Some("GET")),
            ("SORT a STORE get ASC", None),
            ("SORT a LIMIT get by ASC", None),
            ("SORT a STORE by GET b", Some("GET")),
            ("SORT a GET", None),
        ] {
            assert_eq!(option(request), expected, "{request}");
        }
    }
}
