//! Where the keys of a command's requests are: Redis' key specifications, derived from the arguments.

use commands::args::{Kind, Spec};
use commands::{Command, Handler};
use resp::{Arguments, Reply};
use smallvec::SmallVec;

/// The flag of what is no key and yet has a slot.
const SHARD_CHANNEL: &str = "NOT_KEY";

/// Some of a command's keys.
pub(crate) struct KeySpec {
    /// How they are used, in words apart.
    flags: &'static str,
    begin: Begin,
    find: Find,
}

/// Where they begin.
enum Begin {
    /// At this word of the request.
    Index(i64),
    /// After this word, wherever it is.
    Keyword {
        keyword: &'static str,
        /// Where to begin to look for it.
        from: i64,
    },
    /// Nobody can tell without reading the whole request.
    Unknown,
}

/// Where they go on.
enum Find {
    /// To the word that is `last` words on, or if negative, so far from the end, every `step` words.
    Range { last: i64, step: i64 },
    /// Through the first half of the words that are left.
    Half,
    /// The first word says how many follow, every `step` words.
    Counted { step: i64 },
    /// Nobody can tell.
    Unknown,
}

/// Positions as clients knew them before there were specifications; all 0 without keys.
#[derive(Default)]
pub(super) struct LegacyRange {
    pub first: i64,
    pub last: i64,
    pub step: i64,
}

/// The command's key specifications.
pub(crate) fn of(command: &Command) -> Vec<KeySpec> {
    let flags = match command.handler {
        Handler::Read(_) | Handler::BlockingRead(_) => "RO ACCESS",
        _ => "RW UPDATE",
    };
    let mut specs = Vec::new();
    let begin = command.words() as i64;
    collect(command.arguments, flags, &mut Position { fixed: Some(begin), least: begin, keyword: None }, 0, &mut specs);
    let unknown = |flags| KeySpec { flags, begin: Begin::Unknown, find: Find::Unknown };
    // Patterns make keys of what the sorted elements hold, and the options come in any order.
    match command.name {
        "sort" => specs.splice(1.., [unknown("RO ACCESS"), unknown("OW UPDATE")]).for_each(drop),
        "sort_ro" => specs.push(unknown("RO ACCESS")),
        _ => {}
    }
    specs
}

/// Where the next argument begins.
#[derive(Clone, Copy)]
struct Position {
    /// As long as it is the same for all requests.
    fixed: Option<i64>,
    /// At the earliest.
    least: i64,
    /// The word right before it that is the same for all requests, and where to begin to look for that.
    keyword: Option<(&'static str, i64)>,
}

/// `behind` is how many words follow at least.
fn collect(
    arguments: &[Spec],
    flags: &'static str,
    position: &mut Position,
    behind: i64,
    specs: &mut Vec<KeySpec>,
) {
    for (index, argument) in arguments.iter().enumerate() {
        let after = &arguments[index + 1..];
        let behind = behind + after.iter().map(Spec::words_min).sum::<usize>() as i64;
        let words = argument.words_min() as i64;
        let step = argument.parts.iter().map(Spec::words_min).sum::<usize>().max(1) as i64;
        let repeated = argument.multiple && !argument.counted;
        let flags = argument.access.unwrap_or(flags);
        let first = match argument.kind {
            Kind::Block => argument.parts.first().filter(|_| repeated || argument.counted),
            _ => Some(argument),
        };
        match first {
            Some(key) if key.kind == Kind::Key || argument.access == Some(SHARD_CHANNEL) => {
                let keyword = argument.token.map(|keyword| (keyword, position.least)).or(position.keyword);
                let begin = match (keyword, position.fixed) {
                    (Some((keyword, from)), _) => Begin::Keyword { keyword, from },
                    (None, Some(position)) => Begin::Index(position),
                    (None, None) => Begin::Unknown,
                };
                let find = if argument.counted {
                    Find::Counted { step }
                } else if repeated && after.first().is_some_and(|next| next.multiple) {
                    Find::Half
                } else if repeated {
                    Find::Range { last: -1 - behind, step }
                } else {
                    Find::Range { last: 0, step: 1 }
                };
                add(KeySpec { flags: key.access.unwrap_or(flags), begin, find }, specs);
            }
            _ if !argument.parts.is_empty() => {
                for part in parts_in_turn(argument) {
                    let mut inside = *position;
                    inside.pass(i64::from(argument.token.is_some()), true);
                    inside.keyword = argument.token.map(|keyword| (keyword, position.least));
                    collect(part, flags, &mut inside, behind, specs);
                }
            }
            _ => {}
        }
        position.pass(words, argument.is_fixed());
    }
}

impl Position {
    /// Goes behind an argument of at least `words` words, or of exactly so many.
    fn pass(&mut self, words: i64, is_fixed: bool) {
        self.fixed = self.fixed.filter(|_| is_fixed).map(|position| position + words);
        self.least += words;
        self.keyword = None;
    }
}

/// What is read in a row: the parts of a block, or each choice by itself.
fn parts_in_turn(argument: &Spec) -> Vec<&'static [Spec]> {
    match argument.kind {
        Kind::OneOf => argument.parts.chunks(1).collect(),
        _ => vec![argument.parts],
    }
}

/// Adds a specification, or widens the one before where the key follows it and is used alike.
fn add(spec: KeySpec, specs: &mut Vec<KeySpec>) {
    if let (
        Some(KeySpec { flags, begin: Begin::Index(begin), find: Find::Range { last, step: 1 } }),
        Begin::Index(position),
        Find::Range { last: 0, step: 1 },
    ) = (specs.last_mut(), &spec.begin, &spec.find)
        && *flags == spec.flags
        && *last >= 0
        && *begin + *last + 1 == *position
    {
        *last += 1;
        return;
    }
    specs.push(spec);
}

/// The range that covers the keys whose positions are known from the start.
pub(super) fn legacy_range(specs: &[KeySpec]) -> LegacyRange {
    let mut range = LegacyRange::default();
    for spec in specs {
        let (&Begin::Index(begin), &Find::Range { last, step }) = (&spec.begin, &spec.find) else { continue };
        let last = if last >= 0 { begin + last } else { last };
        if range.first == 0 {
            range = LegacyRange { first: begin, last, step };
        } else if range.last >= 0 && range.last + 1 == begin {
            range.last = last;
        }
    }
    range
}

/// The keys of a request: each with the number of its word and the specification that names it. `None` when the
/// request does not have what the specifications look for.
pub(crate) fn find<'s>(
    command: &Command,
    specs: &'s [KeySpec],
    words: &[&[u8]],
) -> Option<SmallVec<[(usize, &'s KeySpec); 4]>> {
    let mut found = SmallVec::new();
    for spec in specs {
        match spec.find(words) {
            Ok(positions) => found.extend(positions.map(|position| (position, spec))),
            Err(Missing::Keyword) => {}
            // An option without its key.
            Err(Missing::Words) if matches!(spec.begin, Begin::Keyword { .. }) => {}
            // What follows is for those who know the command.
            Err(Missing::Specification) if command.name.starts_with("sort") => {
                let stored = specs.last().filter(|_| command.name == "sort");
                found.extend(stored.and_then(|spec| Some((stored_by_sort(command, words)?, spec))));
                break;
            }
            Err(Missing::Specification | Missing::Words) => return None,
        }
    }
    Some(found)
}

/// The slots of a request's keys, ascending, as far as the command's specifications tell its keys.
pub(crate) fn slots_of(command: &Command, arguments: Arguments<'_>) -> Vec<u16> {
    let words: Vec<&[u8]> = arguments.iter().collect();
    let specs = of(command);
    let keys = find(command, &specs, &words).unwrap_or_default();
    let mut slots: Vec<u16> = keys
        .into_iter()
        .filter(|(_, spec)| spec.is_of_key())
        .filter_map(|(position, _)| words.get(position).map(|key| base::slot::slot(key)))
        .collect();
    slots.sort_unstable();
    slots.dedup();
    slots
}

/// The word behind the last STORE among SORT's options.
fn stored_by_sort(command: &Command, words: &[&[u8]]) -> Option<usize> {
    let mut stored = None;
    let mut position = 2;
    while command.name == "sort" && position < words.len() {
        match words[position].to_ascii_lowercase().as_slice() {
            b"limit" => position += 2,
            b"get" | b"by" => position += 1,
            b"store" if position + 1 < words.len() => stored = Some(position + 1),
            _ => {}
        }
        position += 1;
    }
    stored
}

/// Whether a BITFIELD has no operation but GET; one that cannot be read might have.
fn only_reads_bits(words: &[&[u8]]) -> bool {
    let mut rest = words.get(2..).unwrap_or_default();
    while let Some((operation, after)) = rest.split_first() {
        rest = match operation.to_ascii_lowercase().as_slice() {
            b"get" if after.len() >= 2 => &after[2..],
            b"overflow" if !after.is_empty() => &after[1..],
            _ => return false,
        };
    }
    true
}

/// Why a specification finds nothing in a request.
enum Missing {
    /// The keyword, which is an option.
    Keyword,
    /// Words that have to be there.
    Words,
    /// It does not say how to find anything.
    Specification,
}

impl KeySpec {
    /// Whether what it names is a key.
    pub fn is_of_key(&self) -> bool {
        self.flags != SHARD_CHANNEL
    }

    /// The numbers of the words that it names.
    fn find(&self, words: &[&[u8]]) -> Result<impl Iterator<Item = usize>, Missing> {
        let begin = match self.begin {
            Begin::Index(index) => index,
            Begin::Keyword { keyword, from } => {
                let is_keyword = |word: &&[u8]| word.eq_ignore_ascii_case(keyword.as_bytes());
                let from = usize::try_from(from).unwrap_or(0);
                let position = words.iter().skip(from).position(is_keyword).ok_or(Missing::Keyword)?;
                (from + position + 1) as i64
            }
            Begin::Unknown => return Err(Missing::Specification),
        };
        let len = words.len() as i64;
        let (first, last, step) = match self.find {
            Find::Range { last, step } => (begin, if last >= 0 { begin + last } else { len + last }, step),
            Find::Half => (begin, begin + (len - begin) / 2 - 1, 1),
            Find::Counted { step } => {
                let count = words.get(begin as usize).and_then(|word| base::number::parse_i64(word));
                let last = count.and_then(|count| count.checked_sub(1)?.checked_mul(step)).ok_or(Missing::Words)?;
                (begin + 1, begin.saturating_add(last).saturating_add(1), step)
            }
            Find::Unknown => return Err(Missing::Specification),
        };
        if first >= len || last >= len || last < first {
            return Err(Missing::Words);
        }
        Ok((first as usize..=last as usize).step_by(step as usize))
    }

    /// Whether the positions depend on the request.
    pub fn is_movable(&self) -> bool {
        !matches!((&self.begin, &self.find), (Begin::Index(_), Find::Range { .. }))
    }

    /// The flags of the key in this request, which its options may decide.
    pub fn flags_in(&self, command: &Command, words: &[&[u8]]) -> &'static str {
        let has_from = |place, token: &str| {
            words.iter().skip(place).any(|word: &&[u8]| word.eq_ignore_ascii_case(token.as_bytes()))
        };
        match command.name {
            "set" if has_from(3, "GET") => "RW ACCESS UPDATE",
            "set" => "OW UPDATE",
            "bitfield" if only_reads_bits(words) => "RO ACCESS",
            "bitfield" => "RW ACCESS UPDATE",
            _ => self.flags,
        }
    }

    /// Replies with [`KeySpec::flags_in`].
    pub fn reply_flags_in(&self, command: &Command, words: &[&[u8]], reply: &mut Reply) {
        reply_flags(self.flags_in(command, words), reply);
    }

    /// Replies as `COMMAND INFO` does.
    pub fn reply(&self, reply: &mut Reply) {
        let integers = |pairs: &[(&str, i64)], reply: &mut Reply| {
            reply.map(pairs.len());
            for (name, value) in pairs {
                reply.bulk(name.as_bytes());
                reply.integer(*value);
            }
        };
        let begin_type = |name: &str, reply: &mut Reply| {
            reply.map(2);
            reply.bulk(b"type");
            reply.bulk(name.as_bytes());
            reply.bulk(b"spec");
        };
        reply.map(3);
        reply.bulk(b"flags");
        reply_flags(self.flags, reply);
        reply.bulk(b"begin_search");
        match self.begin {
            Begin::Index(index) => {
                begin_type("index", reply);
                integers(&[("index", index)], reply);
            }
            Begin::Keyword { keyword, from } => {
                begin_type("keyword", reply);
                reply.map(2);
                reply.bulk(b"keyword");
                reply.bulk(keyword.as_bytes());
                reply.bulk(b"startfrom");
                reply.integer(from);
            }
            Begin::Unknown => {
                begin_type("unknown", reply);
                reply.empty_map();
            }
        }
        reply.bulk(b"find_keys");
        match self.find {
            Find::Range { last, step } => {
                begin_type("range", reply);
                integers(&[("lastkey", last), ("keystep", step), ("limit", 0)], reply);
            }
            Find::Half => {
                begin_type("range", reply);
                integers(&[("lastkey", -1), ("keystep", 1), ("limit", 2)], reply);
            }
            Find::Counted { step } => {
                begin_type("keynum", reply);
                integers(&[("keynumidx", 0), ("firstkey", 1), ("keystep", step)], reply);
            }
            Find::Unknown => {
                begin_type("unknown", reply);
                reply.empty_map();
            }
        }
    }
}

/// Replies with flags alone: the one for the access in capitals, as clients know them.
fn reply_flags(flags: &str, reply: &mut Reply) {
    let flags: Vec<&str> = flags.split(' ').collect();
    reply.set(flags.len());
    for flag in flags {
        match flag {
            "RO" | "RW" | "OW" | "RM" => reply.simple(flag),
            flag => reply.simple(flag.to_lowercase()),
        }
    }
}
