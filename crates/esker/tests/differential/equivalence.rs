//! What may differ between two servers that both do what Redis does, each with its reason.
//! Whatever stands in none of these tables must be the same to the byte.

use crate::grammar::Bytes;
use crate::harness::Value;
use std::collections::HashSet;

/// How far the replies to a command may lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freedom {
    /// The order of an array's elements, or of a map's entries.
    Order,
    /// The order of name and value pairs that RESP2 sends as one flat array.
    PairOrder,
    /// The order of each column of an array of arrays: who is named in which row.
    ColumnOrder,
    /// The order of `pmessage`s next to each other.
    PatternOrder,
    /// Like `Order`, unless the reference keeps the key in this encoding, which has an order.
    OrderUnless(&'static str),
    /// Like `PairOrder`, unless the reference keeps the key in this encoding.
    PairOrderUnless(&'static str),
    /// The text of numbers that are the same to fourteen digits.
    NumberText,
    /// Numbers above zero may be apart by so much.
    Distance(i64),
    /// Everything.
    Anything,
    /// Everything but the type of the reply.
    Content,
    /// Everything but the type of the reply and the number of its elements.
    Elements,
    /// The values of these entries of a map.
    Entries(&'static [&'static str]),
}

/// One row of the table below.
struct Allowance {
    commands: &'static [&'static str],
    freedom: Freedom,
    /// For which arguments it holds.
    only_if: fn(&[Bytes]) -> bool,
    /// Holds only against a reference whose behaviour 7.2 changed.
    only_before_72: bool,
}

const fn allow(commands: &'static [&'static str], freedom: Freedom) -> Allowance {
    Allowance { commands, freedom, only_if: |_| true, only_before_72: false }
}

const ALLOWANCES: &[Allowance] = &[
    // A hash table has no order. A packed hash has that of insertion, an intset that of numbers.
    allow(&["HKEYS", "HVALS"], Freedom::OrderUnless("listpack")),
    allow(&["HGETALL"], Freedom::PairOrderUnless("listpack")),
    allow(&["SMEMBERS"], Freedom::OrderUnless("intset")),
    // The reply is a set.
    allow(&["SDIFF", "SINTER", "SUNION", "KEYS", "PUBSUB CHANNELS", "PUBSUB SHARDCHANNELS"], Freedom::Order),
    // The reply is a map.
    allow(&["CONFIG GET", "PUBSUB NUMSUB", "PUBSUB SHARDNUMSUB"], Freedom::PairOrder),
    // The choice is random. That it is a possible one is checked apart.
    allow(&["SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "RANDOMKEY"], Freedom::Elements),
    // Without ASC or DESC the order is that in which the cells were searched.
    Allowance {
        only_if: |command| !["ASC", "DESC", "COUNT"].iter().any(|option| has_option(command, option)),
        ..allow(GEO_SEARCHES, Freedom::Order)
    },
    // ANY leaves the choice to the server.
    Allowance { only_if: |command| has_option(command, "ANY"), ..allow(GEO_SEARCHES, Freedom::Elements) },
    // Elements with the same BY text, and those of a set that is not sorted, come in any order.
    Allowance {
        only_if: |command| {
            has_option(command, "BY") && (has_option(command, "ALPHA") || is_not_sorted(command))
        },
        ..allow(&["SORT", "SORT_RO"], Freedom::Elements)
    },
    // Without arguments all channels are left, in any order.
    Allowance {
        only_if: |command| command.len() == 1,
        ..allow(&["UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"], Freedom::ColumnOrder)
    },
    // A message that fits several patterns is sent for each, in any order; and it arrives before
    // the answer to whatever the subscriber sends next.
    allow(SUBSCRIBER_COMMANDS, Freedom::PatternOrder),
    // 7.0 takes the smallest integer for a rank, and overflows when it negates it.
    Allowance {
        only_if: |command| command.iter().any(|argument| argument == b"-9223372036854775808"),
        only_before_72: true,
        ..allow(&["LPOS"], Freedom::Anything)
    },
    // 7.0 looks at the range only where there is a string, and knows no start without an end.
    Allowance {
        only_if: has_bad_range,
        only_before_72: true,
        ..allow(&["BITCOUNT", "BITPOS"], Freedom::Anything)
    },
    // The servers are not asked at the same moment.
    allow(&["TTL", "EXPIRETIME", "HTTL", "HEXPIRETIME"], Freedom::Distance(1)),
    allow(&["PTTL", "PEXPIRETIME", "HPTTL", "HPEXPIRETIME"], Freedom::Distance(2000)),
    // 7.0 prints a double with 17 digits, 7.2 with the fewest that mean the same.
    Allowance { only_before_72: true, ..allow(SCORE_COMMANDS, Freedom::NumberText) },
    // The sum of three doubles depends on the order of adding them.
    allow(&["ZUNION", "ZINTER"], Freedom::NumberText),
    // When something was delivered, and how long ago.
    allow(&["XPENDING"], Freedom::Distance(2000)),
    // A payload says the version of its format, and 7.0 writes an older one. Whether each side restores what the other one
    // has dumped is tested apart.
    allow(&["DUMP"], Freedom::Content),
    // How the entries are held is the server's own affair.
    allow(&["XINFO STREAM"], Freedom::Entries(&["radix-tree-keys", "radix-tree-nodes"])),
    Allowance { only_if: |command| command.len() > 3, ..allow(&["XINFO STREAM"], Freedom::Content) },
    allow(&["XINFO CONSUMERS"], Freedom::Elements),
    // 7.0 knows less of how far a group is, and has XCLAIM and XAUTOCLAIM make a consumer only for what they claim.
    Allowance { only_before_72: true, ..allow(&["XINFO GROUPS"], Freedom::Elements) },
    Allowance {
        only_before_72: true,
        ..allow(&["XINFO CONSUMERS", "XGROUP CREATECONSUMER"], Freedom::Anything)
    },
    // The last entry, since 7.4; before that it was not known.
    Allowance {
        only_if: |command| command.iter().any(|argument| argument == b"+"),
        only_before_72: true,
        ..allow(&["XREAD", "XREADGROUP"], Freedom::Anything)
    },
    // They tell the servers apart.
    allow(&["HELLO"], Freedom::Entries(&["id", "version"])),
    // Time and chance.
    allow(
        &["CLIENT ID", "LASTSAVE", "OBJECT IDLETIME", "OBJECT FREQ", "SLOWLOG LEN", "SLOWLOG GET", "TIME"],
        Freedom::Content,
    ),
    // Which objects are shared is the server's own affair.
    allow(&["OBJECT REFCOUNT"], Freedom::Content),
    // They describe the server itself.
    allow(&["CLIENT INFO", "CLIENT LIST", "COMMAND COUNT", "INFO", "LOLWUT"], Freedom::Content),
    allow(&["MEMORY DOCTOR", "MEMORY STATS", "MEMORY USAGE"], Freedom::Content),
    Allowance { only_if: |command| command.len() == 1, ..allow(&["COMMAND"], Freedom::Content) },
    // The wording of help.
    allow(&["CLIENT HELP", "CONFIG HELP", "LATENCY HELP", "MEMORY HELP"], Freedom::Content),
    allow(&["OBJECT HELP", "PUBSUB HELP", "SLOWLOG HELP", "XGROUP HELP", "XINFO HELP"], Freedom::Content),
    allow(&["FUNCTION HELP", "SCRIPT HELP"], Freedom::Content),
];

const SUBSCRIBER_COMMANDS: &[&str] = &[
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
    "PING",
    "GET",
    "SET",
    "COMMAND",
];

/// Whether the range of a BITCOUNT or BITPOS is malformed, or a BITCOUNT has a start alone.
fn has_bad_range(command: &[Bytes]) -> bool {
    let counts = command[0].eq_ignore_ascii_case(b"BITCOUNT");
    let range = command.get(if counts { 2 } else { 3 }..).unwrap_or_default();
    let is_index = |word: &Bytes| {
        let text = std::str::from_utf8(word).unwrap_or_default();
        text.parse::<i64>().is_ok_and(|index| index.to_string() == text)
    };
    let is_unit = |word: &Bytes| word.eq_ignore_ascii_case(b"BYTE") || word.eq_ignore_ascii_case(b"BIT");
    !range.iter().take(2).all(is_index)
        || !range.iter().skip(2).all(is_unit)
        || range.len() > 3
        || counts && range.len() == 1
}

const GEO_SEARCHES: &[&str] =
    &["GEOSEARCH", "GEORADIUS", "GEORADIUSBYMEMBER", "GEORADIUS_RO", "GEORADIUSBYMEMBER_RO"];

/// The commands whose replies hold doubles.
const SCORE_COMMANDS: &[&str] = &[
    "ZADD",
    "ZDIFF",
    "ZINCRBY",
    "ZINTER",
    "ZMPOP",
    "ZMSCORE",
    "ZPOPMAX",
    "ZPOPMIN",
    "ZRANDMEMBER",
    "ZRANGE",
    "ZRANGEBYSCORE",
    "ZREVRANGE",
    "ZREVRANGEBYSCORE",
    "ZSCAN",
    "ZSCORE",
    "ZUNION",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "GEOSEARCH",
    "GEORADIUS",
    "GEORADIUSBYMEMBER",
    "GEORADIUS_RO",
    "GEORADIUSBYMEMBER_RO",
    "DEBUG PROTOCOL",
];

/// Error texts of 7.0 and what 7.2 says instead.
const ERROR_TEXTS_BEFORE_72: &[(&str, &str)] = &[
    ("ERR timeout is negative", "ERR timeout is out of range"),
    (
        "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
    ),
    (
        "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
        "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.",
    ),
];

/// What Redis says within errors of scripts, and what Valkey's suite wants to hear instead.
const SCRIPT_ERROR_TEXTS: &[(&str, &str)] = &[
    ("Unknown Redis command called from script", "Unknown command called from script"),
    ("Lua redis lib command arguments must be", "Command arguments must be"),
];

/// Encodings of 7.0 and what 7.2 may use instead.
const ENCODINGS_BEFORE_72: &[(&str, &str)] = &[
    // 7.2 keeps a small list in one listpack without a quicklist around it,
    ("quicklist", "listpack"),
    // and a small set of strings in a listpack.
    ("hashtable", "listpack"),
];

/// Commands whose replies can only be compared by more than one question, which a transaction
/// does not allow.
const NOT_IN_TRANSACTIONS: &[&str] = &["SCAN", "HSCAN", "SSCAN", "ZSCAN", "SPOP", "AUTH"];

/// Whether the reply to `name` can be judged when it comes out of EXEC.
pub fn is_comparable_in_transaction(name: &str) -> bool {
    !NOT_IN_TRANSACTIONS.contains(&name)
}

/// The judge of two replies.
#[derive(Clone, Debug)]
pub struct Judge {
    /// The reference is a server of 7.0 or before.
    pub reference_is_before_72: bool,
    /// Keys of which a small sorted set may be a skiplist: ZRANGESTORE has stored a range of scores or
    /// names there, whose size 7.2 does not know beforehand, or SORT has read it, for which Redis makes
    /// it one. Esker's SORT changes nothing, as a command that only reads: for SORT_RO it could not.
    pub may_be_skiplists: HashSet<Bytes>,
}

impl Judge {
    /// Whether `subject` is as good an answer to `command` as `reference`. `encoding`
    /// finds how the reference keeps the command's first key.
    pub fn accepts(
        &self,
        command: &[Bytes],
        subject: &Value,
        reference: &Value,
        mut encoding: impl FnMut() -> Value,
    ) -> bool {
        if subject == reference {
            return true;
        }
        if let (Value::Error(subject), Value::Error(reference)) = (subject, reference)
            && self.accepts_error(subject, reference)
        {
            return true;
        }
        if is_named(command, "OBJECT ENCODING") {
            return self.accepts_encoding(command, subject, reference);
        }
        let names_keys =
            ["COMMAND GETKEYS", "COMMAND GETKEYSANDFLAGS"].iter().any(|name| is_named(command, name));
        if let (true, Value::Error(text), Value::Array(_)) = (names_keys, subject, reference)
            && text.starts_with("ERR Invalid arguments")
        {
            // Redis reads a number of keys such as 1e3 as far as it goes, where the command itself would refuse it.
            return true;
        }
        let (mut subject, mut reference) = (subject.clone(), reference.clone());
        if self.may_be_of_skiplist(command) {
            // A listpack keeps a score of -0 as 0, a skiplist does not.
            [&mut subject, &mut reference].into_iter().for_each(drop_sign_of_zero);
        }
        for freedom in self.freedoms(command) {
            let freedom = match freedom {
                Freedom::OrderUnless(ordered) | Freedom::PairOrderUnless(ordered)
                    if encoding() == *ordered =>
                {
                    continue;
                }
                freedom => freedom,
            };
            level(freedom, &mut subject, &mut reference);
        }
        subject == reference
    }

    fn accepts_error(&self, subject: &str, reference: &str) -> bool {
        SCRIPT_ERROR_TEXTS
            .iter()
            .any(|&(old, new)| reference.contains(old) && subject == reference.replace(old, new))
            || self.reference_is_before_72
                && ERROR_TEXTS_BEFORE_72.iter().any(|&(old, new)| reference == old && subject == new)
    }

    /// Whether two values of OBJECT ENCODING mean the same.
    fn accepts_encoding(&self, command: &[Bytes], subject: &Value, reference: &Value) -> bool {
        if *subject == Value::bulk("listpack") && *reference == Value::bulk("listpackex") {
            // A packed hash with deadlines has a name of its own since 7.4.
            return true;
        }
        let is_one_of = |value: &Value, names: [&str; 2]| names.iter().any(|name| value == name);
        subject == reference
            || self.reference_is_before_72
                && ENCODINGS_BEFORE_72.iter().any(|&(old, new)| *reference == old && *subject == new)
            || self.may_be_of_skiplist(command)
                && [subject, reference].iter().all(|value| is_one_of(value, ["listpack", "skiplist"]))
    }

    /// Takes note of a command that is sent.
    pub fn follow(&mut self, command: &[Bytes]) {
        let is_range = has_option(command, "BYSCORE") || has_option(command, "BYLEX");
        let makes_skiplist = has_option(command, "ZRANGESTORE") && is_range
            || ["SORT", "SORT_RO"].iter().any(|name| has_option(command, name));
        // They take it, or the zeros with a sign that it has, to another key.
        let carries = command.iter().any(|word| {
            let word = word.to_ascii_uppercase();
            word.ends_with(b"STORE") || [&b"RENAME"[..], b"RENAMENX", b"COPY"].contains(&word.as_slice())
        });
        if makes_skiplist || carries && self.may_be_of_skiplist(command) {
            self.may_be_skiplists.extend(command.iter().skip(1).cloned());
        }
    }

    fn may_be_of_skiplist(&self, command: &[Bytes]) -> bool {
        command.iter().any(|argument| self.may_be_skiplists.contains(argument))
    }

    fn freedoms(&self, command: &[Bytes]) -> impl Iterator<Item = Freedom> {
        ALLOWANCES
            .iter()
            .filter(move |allowance| self.reference_is_before_72 || !allowance.only_before_72)
            .filter(move |allowance| allowance.commands.iter().any(|name| is_named(command, name)))
            .filter(move |allowance| (allowance.only_if)(command))
            .map(|allowance| allowance.freedom)
    }
}

fn drop_sign_of_zero(value: &mut Value) {
    match value {
        Value::Array(elements) | Value::Set(elements) => elements.iter_mut().for_each(drop_sign_of_zero),
        Value::Bulk(bytes) if bytes == b"-0" => *bytes = b"0".to_vec(),
        Value::Double(score) if *score == "-0" => *score = "0".into(),
        _ => {}
    }
}

/// Removes from both replies what may differ between them.
fn level(freedom: Freedom, subject: &mut Value, reference: &mut Value) {
    match freedom {
        Freedom::Order | Freedom::OrderUnless(_) => [subject, reference].into_iter().for_each(sort),
        Freedom::PairOrder | Freedom::PairOrderUnless(_) => {
            [subject, reference].into_iter().for_each(sort_pairs);
        }
        Freedom::ColumnOrder => [subject, reference].into_iter().for_each(sort_columns),
        Freedom::PatternOrder => [subject, reference].into_iter().for_each(sort_pattern_messages),
        Freedom::NumberText => [subject, reference].into_iter().for_each(round_numbers),
        Freedom::Distance(limit) => match (subject, reference) {
            (Value::Int(subject), Value::Int(reference))
                if *subject > 0 && *reference > 0 && subject.abs_diff(*reference) <= limit.unsigned_abs() =>
            {
                *subject = *reference;
            }
            (Value::Array(subject), Value::Array(reference)) => {
                for (subject, reference) in subject.iter_mut().zip(reference) {
                    level(freedom, subject, reference);
                }
            }
            _ => {}
        },
        Freedom::Anything => *subject = reference.clone(),
        Freedom::Content => {
            if std::mem::discriminant(subject) == std::mem::discriminant(reference) {
                *subject = reference.clone();
            }
        }
        Freedom::Elements => {
            let same = match (&*subject, &*reference) {
                (Value::Array(subject), Value::Array(reference)) => subject.len() == reference.len(),
                (subject, reference) => std::mem::discriminant(subject) == std::mem::discriminant(reference),
            };
            if same {
                *subject = reference.clone();
            }
        }
        Freedom::Entries(names) => {
            [subject, reference].into_iter().for_each(|value| clear_entries(value, names));
        }
    }
}

fn sort(value: &mut Value) {
    match value {
        Value::Array(elements) | Value::Set(elements) => elements.sort(),
        Value::Map(pairs) => pairs.sort(),
        _ => {}
    }
}

fn sort_pairs(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            let mut pairs: Vec<_> = elements.chunks(2).map(<[Value]>::to_vec).collect();
            pairs.sort();
            *elements = pairs.concat();
        }
        other => sort(other),
    }
}

fn sort_columns(value: &mut Value) {
    let Value::Array(rows) = value else { return };
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for row in rows.iter() {
        let (Value::Array(row) | Value::Push(row)) = row else { return };
        columns.resize(columns.len().max(row.len()), Vec::new());
        columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell.clone()));
    }
    columns.iter_mut().for_each(|column| column.sort());
    *rows = columns.into_iter().map(Value::Array).collect();
}

fn sort_pattern_messages(value: &mut Value) {
    let is_pattern_message = |value: &Value| match value {
        Value::Array(parts) | Value::Push(parts) => parts.first().is_some_and(|kind| *kind == *"pmessage"),
        _ => false,
    };
    if let Value::Array(arrived) = value {
        arrived
            .chunk_by_mut(|before, after| is_pattern_message(before) && is_pattern_message(after))
            .for_each(<[Value]>::sort);
    }
}

/// Rewrites every text that is a number with fourteen digits.
fn round_numbers(value: &mut Value) {
    match value {
        Value::Bulk(text) => {
            if let Some(rounded) = rounded(&String::from_utf8_lossy(text)) {
                *text = rounded.into_bytes();
            }
        }
        Value::Double(text) => {
            if let Some(rounded) = rounded(text) {
                *text = rounded;
            }
        }
        Value::Array(elements) | Value::Set(elements) => elements.iter_mut().for_each(round_numbers),
        Value::Map(pairs) => pairs.iter_mut().for_each(|(_, value)| round_numbers(value)),
        _ => {}
    }
}

fn rounded(text: &str) -> Option<String> {
    text.parse::<f64>().ok().map(|number| format!("{number:.13e}"))
}

fn clear_entries(value: &mut Value, names: &[&str]) {
    let is_cleared = |name: &Value| names.iter().any(|cleared| name == cleared);
    match value {
        Value::Map(pairs) => {
            pairs.iter_mut().filter(|(name, _)| is_cleared(name)).for_each(|(_, value)| *value = Value::Null);
        }
        Value::Array(elements) => {
            elements.chunks_mut(2).filter(|pair| is_cleared(&pair[0])).for_each(|pair| {
                pair[1..].iter_mut().for_each(|value| *value = Value::Null);
            });
        }
        _ => {}
    }
}

/// Whether `command` is the one called `name`, or its subcommand where `name` has two words.
fn is_named(command: &[Bytes], name: &str) -> bool {
    name.split(' ').enumerate().all(|(place, word)| {
        command.get(place).is_some_and(|argument| argument.eq_ignore_ascii_case(word.as_bytes()))
    })
}

fn has_option(command: &[Bytes], option: &str) -> bool {
    command.iter().any(|argument| argument.eq_ignore_ascii_case(option.as_bytes()))
}

/// BY a pattern without an asterisk tells SORT not to sort.
fn is_not_sorted(command: &[Bytes]) -> bool {
    command.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(b"BY") && !pair[1].contains(&b'*'))
}
