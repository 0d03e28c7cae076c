//! Sends a sequence to both servers and finds the first thing that they do not agree on: a reply,
//! or, at the end, the data themselves.

use crate::arguments::{BASELINE, SMALL_LIMITS, is_out_of_range};
use crate::equivalence::Judge;
use crate::generate::{Connection, Sequence, Step};
use crate::grammar::Bytes;
use crate::harness::{Client, Server, Value, encode, eventually};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Duration;

/// Both servers are started with so many databases.
pub const DATABASES: usize = 4;

/// How long a reply may take. Nothing here waits for longer than a few milliseconds.
const REPLY_TIMEOUT: Duration = Duration::from_secs(3);

/// A server under test beside the one that knows.
pub struct Pair {
    /// Must do what the reference does.
    pub subject: Server,
    /// Does what Redis does.
    pub reference: Server,
    /// Knows what may differ.
    pub judge: Judge,
}

/// Something that the servers do not agree on.
#[derive(Debug)]
pub struct Mismatch {
    /// The step whose replies differ; the number of steps when it is the data at the end.
    pub step: usize,
    /// The command of that step, for the report.
    pub command: String,
    /// What the server under test said or holds, and what the reference did.
    pub subject: String,
    /// See `subject`.
    pub reference: String,
}

/// How often each command was answered, and how often with an error.
#[derive(Debug, Default)]
pub struct Tally {
    /// By command name in upper case: answers, and errors among them.
    pub by_command: HashMap<String, (usize, usize)>,
}

impl Tally {
    /// What was compared, in one paragraph.
    pub fn summary(&self, sequences: u64) -> String {
        let answers: usize = self.by_command.values().map(|(answers, _)| answers).sum();
        let errors: usize = self.by_command.values().map(|(_, errors)| errors).sum();
        let mut only_errors: Vec<_> = self
            .by_command
            .iter()
            .filter(|(_, (answers, errors))| answers == errors)
            .map(|(name, _)| name.as_str())
            .collect();
        only_errors.sort_unstable();
        format!(
            "{answers} replies to {} commands in {sequences} sequences compared, {errors} of them errors; \
             nothing but errors from {only_errors:?}",
            self.by_command.len(),
        )
    }
}

impl Pair {
    /// Replays `sequence` from an empty data set.
    pub fn replay(&self, sequence: &Sequence, tally: &mut Tally) -> Result<(), Mismatch> {
        let mut replay = Replay {
            judge: self.judge.clone(),
            reference_server: &self.reference,
            subject: Connections::open(&self.subject, sequence),
            reference: Connections::open(&self.reference, sequence),
            queued: Vec::new(),
            open_transaction: [false; 3],
        };
        for (number, step) in sequence.steps.iter().enumerate() {
            let reply = replay.step(step).map_err(|(subject, reference)| Mismatch {
                step: number,
                command: shown(&step.command),
                subject,
                reference,
            })?;
            let name = String::from_utf8_lossy(&step.command[0]).to_ascii_uppercase();
            let (answers, errors) = tally.by_command.entry(name).or_default();
            *answers += 1;
            *errors += usize::from(reply.is_error());
        }
        replay.compare_data().map_err(|(command, subject, reference)| Mismatch {
            step: sequence.steps.len(),
            command,
            subject,
            reference,
        })
    }
}

/// A command line for the report, which redis-cli understands.
pub fn shown(command: &[Bytes]) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"'\\".contains(byte);
    let quoted = |argument: &Bytes| match !argument.is_empty() && argument.iter().all(is_plain) {
        true => String::from_utf8_lossy(argument).into_owned(),
        false => format!("\"{}\"", argument.escape_ascii()),
    };
    command.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// One server's side of a replay.
struct Connections {
    /// By [`Connection`].
    clients: [Client; 3],
    /// Looks at the data from outside.
    inspector: Client,
}

impl Connections {
    fn open(server: &Server, sequence: &Sequence) -> Self {
        let mut inspector = server.connect();
        // Nobody else uses the server: what earlier connections left behind goes with them, once it has seen that
        // they are gone. Esker may learn of a new one first.
        eventually("earlier connections are gone", || {
            inspector.call("CLIENT LIST").text().lines().count() == 1
        });
        assert_eq!(inspector.call("FLUSHALL"), Value::ok());
        let limits = if sequence.small_limits { SMALL_LIMITS } else { &[] };
        let settings: Vec<_> =
            BASELINE.iter().chain(limits).map(|&(name, value)| vec!["CONFIG", "SET", name, value]).collect();
        // A parameter that this version does not have yet is refused, and needs no reset.
        inspector.pipeline(&settings);
        let clients = sequence.protocols.map(|protocol| {
            let mut client = if protocol == 2 { server.connect() } else { server.connect_resp3() };
            client.set_timeout(Some(REPLY_TIMEOUT));
            client
        });
        Self { clients, inspector }
    }
}

struct Replay<'a> {
    judge: Judge,
    reference_server: &'a Server,
    subject: Connections,
    reference: Connections,
    /// What the main connection has queued since MULTI.
    queued: Vec<Vec<Bytes>>,
    open_transaction: [bool; 3],
}

/// What the two servers said, as text for the report.
type Difference = (String, String);

impl Replay<'_> {
    /// Performs one step; the reference's reply when the subject agrees.
    fn step(&mut self, step: &Step) -> Result<Value, Difference> {
        let command = &step.command;
        let connection = step.connection as usize;
        if step.connection == Connection::Subscriber {
            return self.subscriber_step(command);
        }
        self.judge.follow(command);
        let name = String::from_utf8_lossy(&command[0]).to_ascii_uppercase();
        let is_queued = self.open_transaction[connection];
        let (subject, reference) = match name.as_str() {
            "SCAN" | "HSCAN" | "SSCAN" | "ZSCAN" if !is_queued => self.scan(connection, command)?,
            "SPOP" if !is_queued => return self.pop_random(connection, command),
            _ => self.ask(connection, command)?,
        };
        self.judge_reply(connection, command, &subject, &reference, is_queued)?;
        if !is_queued {
            self.check_choice(connection, &name, command, &subject)?;
        }
        if command.iter().any(|argument| is_out_of_range(argument)) {
            // A connection that is taken in leaves another `errno`, so that the next SORT finds no fault of ours.
            self.reference_server.connect().call("PING");
        }
        self.follow_transaction(connection, &name, command, &reference);
        Ok(reference)
    }

    fn judge_reply(
        &mut self,
        connection: usize,
        command: &[Bytes],
        subject: &Value,
        reference: &Value,
        in_transaction: bool,
    ) -> Result<(), Difference> {
        let differ = || Err((format!("{subject:?}"), format!("{reference:?}")));
        // EXEC answers for every queued command: each is judged by its own rules.
        if in_transaction
            && command[0].eq_ignore_ascii_case(b"EXEC")
            && let (Value::Array(subjects), Value::Array(references)) = (subject, reference)
        {
            if subjects.len() != references.len() || references.len() != self.queued.len() {
                return differ();
            }
            for ((command, subject), reference) in self.queued.iter().zip(subjects).zip(references) {
                if !self.judge.accepts(command, subject, reference, || Value::Null) {
                    let of = shown(command);
                    return Err((format!("{of}: {subject:?}"), format!("{of}: {reference:?}")));
                }
            }
            return Ok(());
        }
        let asker = &mut self.reference.clients[connection];
        match self
            .judge
            .accepts(command, subject, reference, || encoding_of(asker, command.get(1), in_transaction))
        {
            true => Ok(()),
            false => differ(),
        }
    }

    fn follow_transaction(&mut self, connection: usize, name: &str, command: &[Bytes], reference: &Value) {
        if *reference == *"QUEUED" {
            self.queued.push(command.to_vec());
        } else if name == "MULTI" && *reference == Value::ok() {
            self.open_transaction[connection] = true;
            self.queued.clear();
        } else if matches!(name, "EXEC" | "DISCARD" | "RESET") {
            // Refused for its arguments, EXEC leaves the transaction open.
            let refused = matches!(reference, Value::Error(text) if text.contains("wrong number"));
            self.open_transaction[connection] &= refused;
        }
    }

    /// Sends to both, then reads both: they work at the same time.
    fn ask(&mut self, connection: usize, command: &[Bytes]) -> Result<(Value, Value), Difference> {
        let request = encode(command);
        let [subject, reference] = [&mut self.subject, &mut self.reference]
            .map(|side| side.clients[connection].send_raw(&request).map(|()| &mut side.clients[connection]))
            .map(|client| client.and_then(Client::read));
        both(subject, reference)
    }

    /// A step of the subscriber: everything that arrives up to the answer to a PING of our own.
    fn subscriber_step(&mut self, command: &[Bytes]) -> Result<Value, Difference> {
        const END: &[u8] = b"end of step";
        let mut request = encode(command);
        request.extend(encode(&[b"PING".as_slice(), END]));
        let [subject, reference] = [&mut self.subject, &mut self.reference].map(|side| {
            let client = &mut side.clients[Connection::Subscriber as usize];
            client.send_raw(&request)?;
            let mut arrived = Vec::new();
            loop {
                let value = client.read()?;
                let is_end = match &value {
                    Value::Array(pong) => {
                        pong.len() == 2 && pong[0] == *"pong" && pong[1] == Value::bulk(END)
                    }
                    other => *other == Value::bulk(END),
                };
                if is_end {
                    return Ok(Value::Array(arrived));
                }
                arrived.push(value);
            }
        });
        let (subject, reference) = both(subject, reference)?;
        match self.judge.accepts(command, &subject, &reference, || Value::Null) {
            true => Ok(reference),
            false => Err((format!("{subject:?}"), format!("{reference:?}"))),
        }
    }

    /// A scan from cursor 0 to its end: the cursors and the portions are the server's own affair,
    /// the elements found are not.
    fn scan(&mut self, connection: usize, command: &[Bytes]) -> Result<(Value, Value), Difference> {
        let [subject, reference] = [&mut self.subject, &mut self.reference]
            .map(|side| full_scan(&mut side.clients[connection], command));
        both(subject, reference)
    }

    /// SPOP chooses by chance: the reference removes what the server under test has chosen.
    fn pop_random(&mut self, connection: usize, command: &[Bytes]) -> Result<Value, Difference> {
        let subject = self.subject.clients[connection].try_call(command).map_err(ended)?;
        let reference = &mut self.reference.clients[connection];
        let chosen = match &subject {
            Value::Bulk(member) => vec![member.clone()],
            Value::Array(members) | Value::Set(members) => {
                members.iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect()
            }
            _ => Vec::new(),
        };
        if chosen.is_empty() {
            let reference = reference.try_call(command).map_err(ended)?;
            self.judge_reply(connection, command, &subject, &reference, false)?;
            return Ok(reference);
        }
        let held = reference.call_with(&[b"SCARD".as_slice(), &command[1]]).int();
        let asked = command.get(2).map_or(1, |count| String::from_utf8_lossy(count).parse().unwrap_or(0));
        let mut removal = vec![b"SREM".to_vec(), command[1].clone()];
        removal.extend(chosen.iter().cloned());
        let removed = reference.call_with(&removal).int();
        let expected = held.min(asked);
        // The type of the reply depends on the protocol and on whether a count was given.
        let shape_fits = matches!(&subject, Value::Bulk(_)) == (command.len() == 2);
        match removed == expected && chosen.len() as i64 == expected && shape_fits {
            true => Ok(subject),
            false => Err((format!("{subject:?}"), format!("{expected} of the {held} members of the set"))),
        }
    }

    /// What was chosen by chance must be there at the reference, and once where it says so.
    fn check_choice(
        &mut self,
        connection: usize,
        name: &str,
        command: &[Bytes],
        subject: &Value,
    ) -> Result<(), Difference> {
        let question = match name {
            "SRANDMEMBER" => "SMISMEMBER",
            "HRANDFIELD" => "HMGET",
            "ZRANDMEMBER" => "ZMSCORE",
            _ => return Ok(()),
        };
        let has_pairs = command.len() == 4;
        let chosen: Vec<&Value> = match subject {
            Value::Bulk(_) => vec![subject],
            // With values: pairs of their own in RESP3, one flat array in RESP2.
            Value::Array(elements) if has_pairs && matches!(elements.first(), Some(Value::Array(_))) => {
                elements.iter().map(|pair| &pair.elements()[0]).collect()
            }
            Value::Array(elements) if has_pairs => elements.iter().step_by(2).collect(),
            Value::Array(elements) | Value::Set(elements) => elements.iter().collect(),
            _ => return Ok(()),
        };
        let mut names: Vec<&[u8]> = chosen.iter().filter_map(|value| value.bytes()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let mut check = vec![question.as_bytes(), &command[1]];
        check.extend(&names);
        let known = self.reference.clients[connection].call_with(&check);
        let all_known = known.elements().iter().all(|answer| !answer.is_null() && *answer != 0);
        let may_repeat = command.get(2).is_some_and(|count| count.starts_with(b"-"));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        match all_known && (may_repeat || names.len() == count) {
            true => Ok(()),
            false => Err((format!("{subject:?}"), format!("{question}: {known:?}, each once"))),
        }
    }

    /// Walks all keys of all databases of both servers.
    fn compare_data(&mut self) -> Result<(), (String, String, String)> {
        for database in 0..DATABASES {
            let subject = Contents::read(&mut self.subject.inspector, database);
            let reference = Contents::read(&mut self.reference.inspector, database);
            let [subject, reference] = [subject, reference]
                .map(|read| read.map_err(|error| ("the data".to_owned(), error.to_string(), String::new())));
            let (subject, reference) = (subject?, reference?);
            let keys = |contents: &Contents| Value::bulks(contents.by_key.keys());
            let (subject_keys, reference_keys) = (keys(&subject), keys(&reference));
            if subject_keys != reference_keys {
                let what = format!("KEYS * of database {database}");
                return Err((what, format!("{subject_keys:?}"), format!("{reference_keys:?}")));
            }
            for (key, reference) in &reference.by_key {
                let subject = &subject.by_key[key];
                for (property, accepted) in subject.agreement(key, reference, &self.judge) {
                    if !accepted {
                        let what = format!(
                            "{property} of {} in database {database}",
                            shown(std::slice::from_ref(key))
                        );
                        return Err((what, format!("{subject:?}"), format!("{reference:?}")));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The data of one database.
struct Contents {
    by_key: BTreeMap<Bytes, Entry>,
}

/// What can be seen of one key.
#[derive(Debug)]
struct Entry {
    kind: Value,
    encoding: Value,
    pttl: Value,
    read_by: &'static str,
    content: Value,
}

impl Contents {
    fn read(inspector: &mut Client, database: usize) -> io::Result<Self> {
        inspector.try_call(&["SELECT", &database.to_string()])?;
        let keys = inspector.try_call(&["KEYS", "*"])?;
        let keys: Vec<Bytes> = keys.elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect();
        let about = |words: &[&str], key: &Bytes| {
            words.iter().map(|word| word.as_bytes().to_vec()).chain([key.clone()]).collect::<Vec<_>>()
        };
        let questions: Vec<_> = keys
            .iter()
            .flat_map(|key| {
                [about(&["TYPE"], key), about(&["OBJECT", "ENCODING"], key), about(&["PTTL"], key)]
            })
            .collect();
        let properties = inspector.pipeline(&questions);
        let mut reads = Vec::new();
        for (key, kind) in keys.iter().zip(properties.iter().step_by(3)) {
            let (read_by, rest): (_, &[&str]) = match kind.text().as_str() {
                "string" => ("GET", &[]),
                "list" => ("LRANGE", &["0", "-1"]),
                "set" => ("SMEMBERS", &[]),
                "hash" => ("HGETALL", &[]),
                _ => ("ZRANGE", &["0", "-1", "WITHSCORES"]),
            };
            let mut command = about(&[read_by], key);
            command.extend(rest.iter().map(|word| word.as_bytes().to_vec()));
            reads.push((read_by, command));
        }
        let commands: Vec<_> = reads.iter().map(|(_, command)| command.clone()).collect();
        let contents = inspector.pipeline(&commands);
        let entries =
            properties.chunks(3).zip(reads).zip(contents).map(|((properties, (read_by, _)), content)| {
                Entry {
                    kind: properties[0].clone(),
                    encoding: properties[1].clone(),
                    pttl: properties[2].clone(),
                    read_by,
                    content,
                }
            });
        Ok(Self { by_key: keys.iter().cloned().zip(entries).collect() })
    }
}

impl Entry {
    /// Each property, and whether it is as good as the reference's.
    fn agreement(&self, key: &Bytes, reference: &Self, judge: &Judge) -> [(&'static str, bool); 4] {
        let encoding = || reference.encoding.clone();
        let read_by = [self.read_by.as_bytes().to_vec(), key.clone()];
        let encoding_question = [b"OBJECT".to_vec(), b"ENCODING".to_vec(), key.clone()];
        [
            ("TYPE", self.kind == reference.kind),
            ("the content", judge.accepts(&read_by, &self.content, &reference.content, encoding)),
            (
                "OBJECT ENCODING",
                judge.accepts(&encoding_question, &self.encoding, &reference.encoding, encoding),
            ),
            ("PTTL", judge.accepts(&[b"PTTL".to_vec()], &self.pttl, &reference.pttl, encoding)),
        ]
    }
}

/// OBJECT ENCODING of a key, or null where it cannot be asked for.
fn encoding_of(asker: &mut Client, key: Option<&Bytes>, in_transaction: bool) -> Value {
    match key {
        Some(key) if !in_transaction => asker.call_with(&[b"OBJECT", b"ENCODING".as_slice(), key]),
        _ => Value::Null,
    }
}

fn both(subject: io::Result<Value>, reference: io::Result<Value>) -> Result<(Value, Value), Difference> {
    match (subject, reference) {
        (Ok(subject), Ok(reference)) => Ok((subject, reference)),
        (subject, reference) => Err((format!("{subject:?}"), format!("{reference:?}"))),
    }
}

fn ended(error: io::Error) -> Difference {
    (error.to_string(), "a reply".to_owned())
}

/// Follows a scan's cursor from 0 back to 0. The reply is what one call that returns everything
/// would have answered, its elements sorted and each once. What a cursor from elsewhere leads to is
/// the server's own affair, only not whether it is one.
fn full_scan(client: &mut Client, command: &[Bytes]) -> io::Result<Value> {
    /// A guard against a cursor that never ends, far above what any data set here needs.
    const CALLS_MAX: usize = 10_000;
    let name = command[0].to_ascii_uppercase();
    let cursor_place = if name == b"SCAN" { 1 } else { 2 };
    let width = if matches!(name.as_slice(), b"HSCAN" | b"ZSCAN") { 2 } else { 1 };
    let starts_at_zero = command.get(cursor_place).is_some_and(|cursor| cursor == b"0");
    let mut command = command.to_vec();
    let mut found: Vec<Vec<Value>> = Vec::new();
    for _ in 0..CALLS_MAX {
        let reply = client.try_call(&command)?;
        match &reply {
            Value::Array(parts) if parts.len() == 2 && starts_at_zero => {
                found.extend(parts[1].elements().chunks(width).map(<[Value]>::to_vec));
                let cursor = parts[0].bytes().unwrap_or_default().to_vec();
                if cursor == b"0" {
                    found.sort();
                    found.dedup();
                    return Ok(Value::Array(found.concat()));
                }
                command[cursor_place] = cursor;
            }
            Value::Array(parts) if parts.len() == 2 => return Ok(Value::Array(Vec::new())),
            _ => return Ok(reply),
        }
    }
    Err(io::Error::other("the scan does not end"))
}
