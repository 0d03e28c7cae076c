//! The two keyspaces: what is done to the one is done to the other.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use commands::{Access, Call, Command, Error, Handler, Scope};
use disk::{Disk, OpenError, Options};
use keyspace::engine::{Engine, Store as _, StoreSettings, SyncPolicy};
use keyspace::{Context, Keyspace, Needs, Tally, WriteTxn};
use memory::Memory;
use resp::{Arguments, OwnedArguments, Reply, Version};
use values::limits::Limits;

use crate::equivalence::Judge;
use crate::grammar::Bytes;
use crate::harness::{Rng, TemporaryDirectory, Value, eventually, temporary_directory};

/// Which databases of the second keyspace are on disk.
pub const ON_DISK: [bool; 6] = [true, true, false, true, false, true];

/// How many commands a failure shows.
const HISTORY: usize = 40;

/// Two keyspaces that must not differ.
pub struct Pair {
    /// In memory.
    reference: Keyspace,
    /// On disk for the most part; away only while its store is opened again.
    subject: Option<(Keyspace, Arc<Disk>)>,
    directory: TemporaryDirectory,
    context: Context,
    judge: Judge,
    seed: u64,
    history: Vec<String>,
}

fn options(directory: &TemporaryDirectory) -> Options {
    Options {
        dir: directory.path().join("disk"),
        settings: StoreSettings {
            sync: SyncPolicy::EverySecond,
            cache_bytes: 8 << 10,
            free_bytes_min: 0,
            stream_bytes_max: 1 << 20,
        },
        journal_bytes_max: 128 << 20,
        compresses: true,
        threads: 1,
        hand_over: None,
    }
}

/// What is to be known of the store by this name.
#[track_caller]
pub fn figure(disk: &Disk, name: &str) -> u64 {
    disk.figures().iter().find(|figure| figure.name == name).expect("there is one").value
}

/// Has what is stored of `database` lie in tables, as few as there can be.
pub fn compact(keyspace: &Keyspace, disk: &Disk, database: u16) {
    keyspace.engine(database).compact(database).expect("the disk works");
    let is_done = || figure(disk, "disk_compact_running") == 0;
    eventually("compaction is done", is_done);
}

/// The databases in `directory`, and the store of those that are on disk.
pub fn open(directory: &TemporaryDirectory) -> (Keyspace, Arc<Disk>) {
    try_open(directory).expect("the store opens")
}

/// The same, where the store may not open.
pub fn try_open(directory: &TemporaryDirectory) -> Result<(Keyspace, Arc<Disk>), OpenError> {
    let on_disk: Vec<u16> =
        (0..).zip(ON_DISK).filter_map(|(number, is_on_disk)| is_on_disk.then_some(number)).collect();
    let (disk, engines) = Disk::open(options(directory), &on_disk)?;
    let mut engines = engines.into_iter();
    let by_database: Vec<Arc<dyn Engine>> = ON_DISK
        .iter()
        .map(|is_on_disk| match is_on_disk {
            true => engines.next().expect("an engine for each"),
            false => Arc::new(Memory),
        })
        .collect();
    Ok((Keyspace::new(by_database, Some(Arc::clone(&disk) as _)).0, disk))
}

/// Limits that small collections exceed.
pub fn small_limits() -> Limits {
    Limits {
        hash_packed_entries_max: 6,
        hash_packed_value_bytes_max: 12,
        list_packed_size_max: 6,
        set_integers_max: 6,
        set_packed_entries_max: 8,
        set_packed_value_bytes_max: 12,
        zset_packed_entries_max: 6,
        zset_packed_value_bytes_max: 12,
        stream_block_entries_max: 4,
        ..Limits::default()
    }
}

/// What a command of a sequence knows of the world.
pub fn context(database: u16, seed: u64, now_ms: u64) -> Context {
    Context {
        database,
        now_ms,
        is_copy: false,
        limits: small_limits(),
        seed,
        touch: true,
        counting: None,
        has_old_payloads: false,
    }
}

impl Pair {
    /// Both empty. `seed` decides what the commands themselves leave to chance.
    pub fn new(seed: u64) -> Pair {
        let directory = temporary_directory();
        let memory: Vec<Arc<dyn Engine>> = ON_DISK.iter().map(|_| Arc::new(Memory) as _).collect();
        Pair {
            reference: Keyspace::new(memory, None).0,
            subject: Some(open(&directory)),
            directory,
            context: context(0, seed, 1_700_000_000_000),
            judge: Judge { reference_is_before_72: false, may_be_skiplists: HashSet::new() },
            seed,
            history: Vec::new(),
        }
    }

    fn subject(&self) -> &Keyspace {
        &self.subject.as_ref().expect("it is open").0
    }

    fn note(&mut self, what: String) {
        self.history.push(what);
    }

    #[track_caller]
    fn differ(&self, what: &str, subject: &dyn std::fmt::Debug, reference: &dyn std::fmt::Debug) -> ! {
        let begin = self.history.len().saturating_sub(HISTORY);
        panic!(
            "ESKER_TEST_SEED={}: they differ in {what}\n  disk:   {subject:?}\n  memory: {reference:?}\nafter {} steps, \
             the last:\n  {}",
            self.seed,
            self.history.len(),
            self.history[begin..].join("\n  ")
        );
    }

    /// Goes on in another database.
    pub fn select(&mut self, rng: &mut Rng) {
        self.context.database = rng.below(ON_DISK.len()) as u16;
        self.note(format!("SELECT {}", self.context.database));
    }

    /// Time goes by: mostly little, now and then so much that keys expire.
    pub fn pass_time(&mut self, rng: &mut Rng) {
        let passed_ms = match rng.chance(30) {
            true => rng.below(4_000_000),
            false => rng.below(50),
        };
        self.context.now_ms += passed_ms as u64;
        self.note(format!("{passed_ms} ms go by"));
        if rng.chance(30) {
            self.sweep();
        }
    }

    /// Removes what has expired.
    fn sweep(&mut self) {
        self.note("active expiry".to_owned());
        for database in 0..self.reference.databases() {
            let removed = [&self.reference, self.subject()].map(|keyspace| {
                let expired = keyspace.expire(database, self.context.now_ms);
                (expired.keys, expired.elements, keyspace.timed(database))
            });
            if removed[0] != removed[1] {
                self.differ(&format!("what expires in {database}"), &removed[1], &removed[0]);
            }
        }
    }

    /// Has everything on disk lie in tables, as few as there can be.
    pub fn compact(&mut self) {
        self.note("compaction".to_owned());
        for database in 0..self.reference.databases() {
            let (keyspace, disk) = self.subject.as_ref().expect("it is open");
            compact(keyspace, disk, database);
        }
    }

    /// Closes the store and opens it again. What was in memory only is gone.
    pub fn reopen(&mut self) {
        self.note("restart".to_owned());
        for database in 0..self.reference.databases() {
            if !ON_DISK[usize::from(database)] {
                let context = Context { database, ..self.context };
                let mut txn = self.reference.write(&Needs::All, context);
                txn.flush(database).expect("memory does not fail");
                txn.commit().expect("memory does not fail");
            }
        }
        let (_, disk) = self.subject.take().expect("it is open");
        disk.close().expect("the disk works");
        self.subject = Some(open(&self.directory));
    }

    /// Has the keyspace let go of the store and take it up again, as after a failure of the disk.
    pub fn renew(&mut self) {
        self.note("renewal".to_owned());
        let (keyspace, disk) = self.subject.as_ref().expect("it is open");
        keyspace.flush().expect("the disk works");
        keyspace.renew(&**disk).expect("the disk works");
    }

    /// Runs one command on both.
    pub fn run(&mut self, command: &[Bytes]) {
        if !is_to_be_sent(command) {
            return;
        }
        self.begin(command);
        let [subject, reference] = [self.subject(), &self.reference]
            .map(|keyspace| execute(command, Access::Own(keyspace, &self.context)));
        if is_named(command, "SPOP") {
            // The choice is the engine's own. What the one chose, the other loses.
            self.follow_choice(command, &subject, &reference);
            return;
        }
        self.compare(command, &subject, &reference);
    }

    fn begin(&mut self, command: &[Bytes]) {
        self.context.seed = self.context.seed.wrapping_add(1);
        self.judge.follow(command);
        let line: Vec<String> =
            command.iter().map(|word| format!("{:.60}", word.escape_ascii().to_string())).collect();
        let shown = if line.len() > 40 {
            format!("{} … ({} words)", line[..40].join(" "), line.len())
        } else {
            line.join(" ")
        };
        self.note(shown);
    }

    fn follow_choice(&mut self, command: &[Bytes], subject: &Value, reference: &Value) {
        let chosen = |value: &Value| match value {
            Value::Array(members) => {
                members.iter().filter_map(|member| Some(member.bytes()?.to_vec())).collect()
            }
            Value::Bulk(member) => vec![member.clone()],
            _ => Vec::new(),
        };
        let (by_subject, by_reference): (Vec<Bytes>, Vec<Bytes>) = (chosen(subject), chosen(reference));
        if by_subject.len() != by_reference.len() {
            self.differ("SPOP", subject, reference);
        }
        if by_subject.is_empty() {
            return;
        }
        // Both get back what only they have lost, and lose what the other has.
        let key = &command[1];
        let with =
            |name: &str, members: &[Bytes]| [&[name.as_bytes().to_vec(), key.clone()], members].concat();
        let union: BTreeSet<Bytes> = by_subject.iter().chain(&by_reference).cloned().collect();
        let union: Vec<Bytes> = union.into_iter().collect();
        for keyspace in [self.subject(), &self.reference] {
            execute(&with("SREM", &union), Access::Own(keyspace, &self.context));
        }
        self.note(format!("so both lose {} members", union.len()));
    }

    /// Runs several commands on both, as one transaction on each.
    pub fn transact(&mut self, commands: &[Vec<Bytes>]) {
        let commands: Vec<&Vec<Bytes>> =
            commands.iter().filter(|command| is_to_be_sent(command) && !is_named(command, "SPOP")).collect();
        self.note(format!("a transaction of {}", commands.len()));
        let context = self.context;
        for command in &commands {
            self.begin(command);
        }
        let [subject, reference] = [self.subject(), &self.reference].map(|keyspace| {
            let mut txn = keyspace.write(&Needs::All, context);
            let replies: Vec<Value> =
                commands.iter().map(|command| execute_within(command, &mut txn)).collect();
            txn.commit().expect("the engine works");
            replies
        });
        for ((command, subject), reference) in commands.iter().zip(&subject).zip(&reference) {
            self.compare(command, subject, reference);
        }
    }

    fn compare(&self, command: &[Bytes], subject: &Value, reference: &Value) {
        let encoding = || {
            let key = command.get(1).cloned().unwrap_or_default();
            self.ask(&self.reference, self.context.database, &[b"OBJECT", b"ENCODING", &key])
        };
        if !self.judge.accepts(command, subject, reference, encoding) {
            let shown: Vec<String> = command.iter().map(|word| word.escape_ascii().to_string()).collect();
            self.differ(&format!("{:.300}", shown.join(" ")), subject, reference);
        }
    }

    fn ask(&self, keyspace: &Keyspace, database: u16, words: &[&[u8]]) -> Value {
        let words: Vec<Bytes> = words.iter().map(|word| word.to_vec()).collect();
        let context = Context { database, touch: false, ..self.context };
        execute(&words, Access::Own(keyspace, &context))
    }

    /// Compares everything there is.
    pub fn compare_all(&mut self) {
        self.sweep();
        self.note("comparison".to_owned());
        for database in 0..self.reference.databases() {
            let [subject, reference] =
                [self.subject(), &self.reference].map(|keyspace| self.names(keyspace, database));
            if subject != reference {
                self.differ(&format!("the keys of {database}"), &subject, &reference);
            }
            for name in &reference {
                let [subject, reference] =
                    [self.subject(), &self.reference].map(|keyspace| self.describe(keyspace, database, name));
                if subject != reference {
                    let key = name.escape_ascii();
                    self.differ(&format!("the key {key} of {database}"), &subject, &reference);
                }
            }
        }
    }

    /// The names of all keys, after looking whether the engine agrees with itself about them.
    fn names(&self, keyspace: &Keyspace, database: u16) -> BTreeSet<Bytes> {
        let names = members(&self.ask(keyspace, database, &[b"KEYS", b"*"]));
        let count = self.ask(keyspace, database, &[b"DBSIZE"]);
        if count != names.len() as i64 {
            self.differ(&format!("DBSIZE and KEYS of {database}"), &count, &names);
        }
        let scanned = self.scan(keyspace, database, &[b"SCAN"], 1);
        if scanned != names {
            self.differ(&format!("SCAN and KEYS of {database}"), &scanned, &names);
        }
        names
    }

    /// What a whole scan finds; of `stride` elements each, the first.
    fn scan(&self, keyspace: &Keyspace, database: u16, command: &[&[u8]], stride: usize) -> BTreeSet<Bytes> {
        let mut found = BTreeSet::new();
        let mut cursor = b"0".to_vec();
        loop {
            let words = [command, &[&cursor, b"COUNT", b"7"]].concat();
            let reply = self.ask(keyspace, database, &words);
            let [next, elements] = reply.elements() else { panic!("{reply:?}") };
            found.extend(
                elements.elements().iter().step_by(stride).filter_map(|name| Some(name.bytes()?.to_vec())),
            );
            cursor = next.bytes().unwrap_or_default().to_vec();
            if cursor == b"0" {
                return found;
            }
        }
    }

    /// All that can be asked about a key.
    fn describe(&self, keyspace: &Keyspace, database: u16, name: &[u8]) -> Vec<Value> {
        let ask = |words: &[&[u8]]| self.ask(keyspace, database, words);
        let kind = ask(&[b"TYPE", name]);
        let mut known = vec![kind.clone(), ask(&[b"PEXPIRETIME", name])];
        let (len, mut elements, scan, stride): (_, _, &[u8], _) = match kind.text().as_str() {
            "string" => {
                known.extend([ask(&[b"GET", name]), ask(&[b"STRLEN", name])]);
                return known;
            }
            "list" => (ask(&[b"LLEN", name]), ask(&[b"LRANGE", name, b"0", b"-1"]), b"", 1),
            "set" => (ask(&[b"SCARD", name]), ask(&[b"SMEMBERS", name]), b"SSCAN", 1),
            "hash" => (ask(&[b"HLEN", name]), ask(&[b"HGETALL", name]), b"HSCAN", 2),
            _ => (ask(&[b"ZCARD", name]), ask(&[b"ZRANGE", name, b"0", b"-1", b"WITHSCORES"]), b"ZSCAN", 2),
        };
        if stride == 2 && scan == b"HSCAN" || scan == b"SSCAN" {
            elements = sorted(&elements, stride);
        }
        let names: Vec<Bytes> = elements
            .elements()
            .iter()
            .step_by(stride)
            .map(|name| name.bytes().unwrap_or_default().to_vec())
            .collect();
        if len != names.len() as i64 {
            self.differ(&format!("the length of {}", name.escape_ascii()), &len, &elements);
        }
        if !scan.is_empty() {
            let scanned = self.scan(keyspace, database, &[scan, name], stride);
            let all: BTreeSet<Bytes> = names.iter().cloned().collect();
            if scanned != all {
                self.differ(&format!("a scan of {}", name.escape_ascii()), &scanned, &all);
            }
        }
        if kind == *"hash" {
            let count = names.len().to_string();
            let mut command: Vec<&[u8]> = vec![b"HPEXPIRETIME", name, b"FIELDS", count.as_bytes()];
            command.extend(names.iter().map(Vec::as_slice));
            known.push(ask(&command));
        }
        if kind == *"zset" {
            for (rank, member) in names.iter().enumerate() {
                let found = ask(&[b"ZRANK", name, member]);
                if found != rank as i64 {
                    self.differ(&format!("a rank in {}", name.escape_ascii()), &found, &rank);
                }
            }
        }
        if kind == *"list" {
            for (index, element) in names.iter().enumerate().step_by(7) {
                let found = ask(&[b"LINDEX", name, index.to_string().as_bytes()]);
                if found.bytes() != Some(element) {
                    self.differ(&format!("an element of {}", name.escape_ascii()), &found, &index);
                }
            }
        }
        known.extend([len, elements]);
        known
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if let Some((_, disk)) = self.subject.take() {
            // Nothing is to be written any more when the directory goes; how it went does not matter then.
            let _ = disk.close();
        }
    }
}

fn members(value: &Value) -> BTreeSet<Bytes> {
    value.elements().iter().filter_map(|name| Some(name.bytes()?.to_vec())).collect()
}

fn sorted(elements: &Value, stride: usize) -> Value {
    let mut groups: Vec<_> = elements.elements().chunks(stride).map(<[Value]>::to_vec).collect();
    groups.sort();
    Value::Array(groups.concat())
}

fn is_named(command: &[Bytes], name: &str) -> bool {
    command[0].eq_ignore_ascii_case(name.as_bytes())
}

fn has_word(command: &[Bytes], word: &str) -> bool {
    command.iter().any(|argument| argument.eq_ignore_ascii_case(word.as_bytes()))
}

/// Whether both can be expected to do the same.
pub fn is_to_be_sent(command: &[Bytes]) -> bool {
    // Databases of different engines are not exchanged, and that is as it should be.
    let kind = |word: &Bytes| {
        let number: Option<usize> = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
        number.and_then(|number| ON_DISK.get(number))
    };
    if is_named(command, "SWAPDB") {
        return command.len() == 3 && kind(&command[1]) == kind(&command[2]);
    }
    // What is not sorted, or by something that many share, comes in the engine's own order, which STORE would keep.
    !(is_named(command, "SORT") && has_word(command, "STORE") && has_word(command, "BY"))
        // As does what ANY or a count chooses among equals.
        && !(has_word(command, "ANY") && (has_word(command, "STORE") || has_word(command, "STOREDIST")))
}

fn find(arguments: Arguments<'_>) -> Option<&'static Command> {
    let name = arguments.get(0)?.to_ascii_lowercase();
    let command = commands::data_commands().find(|command| command.name.as_bytes() == name)?;
    Some(arguments.get(1).and_then(|word| command.subcommand(word)).unwrap_or(command))
}

pub fn execute_within(command: &[Bytes], txn: &mut WriteTxn<'_>) -> Value {
    let words = OwnedArguments::from_parts(command);
    let found = find(words.as_arguments());
    let looks_at_all = found.is_some_and(|command| {
        (command.keys)(words.as_arguments()).is_ok_and(|(scope, _)| scope != Scope::Keys)
    });
    if looks_at_all {
        txn.publish();
    }
    execute(command, Access::Within(txn))
}

/// The reply to `command`.
pub fn execute(command: &[Bytes], access: Access<'_, '_>) -> Value {
    let words = OwnedArguments::from_parts(command);
    let reply = reply_to(words.as_arguments(), access);
    let (value, _) = resp::decode(reply.as_bytes()).expect("a well-formed reply").expect("a whole reply");
    converted(value)
}

/// The reply to a command in words.
pub fn reply_to(arguments: Arguments<'_>, access: Access<'_, '_>) -> Reply {
    let mut reply = Reply::new(Version::Resp2);
    let Some(command) = find(arguments) else {
        reply.error(b"ERR unknown command");
        return reply;
    };
    let mut call = Call {
        arguments,
        first_key: None,
        reply: &mut reply,
        access,
        tally: Tally::default(),
        reader: None,
        waiting_room: None,
    };
    let result = match command.handler {
        _ if !commands::accepts(command.arity(), arguments.len()) => Err(Error::WrongArity),
        Handler::Read(run) | Handler::Write(run) | Handler::Blocking(run) | Handler::BlockingRead(run) => {
            run(&mut call)
        }
        _ => Err(Error::WrongArity),
    };
    if let Err(error) = result {
        call.reply.clear();
        call.reply.error(error.text(command.name).as_bytes());
    }
    reply
}

fn converted(value: resp::Value) -> Value {
    match value {
        resp::Value::Simple(text) => Value::Simple(text.into_bytes()),
        resp::Value::Error(text) => Value::Error(text),
        resp::Value::Integer(number) => Value::Int(number),
        resp::Value::Bulk(bytes) => Value::Bulk(bytes),
        resp::Value::Null => Value::NullBulk,
        resp::Value::NullArray => Value::NullArray,
        resp::Value::Array(elements) => Value::Array(elements.into_iter().map(converted).collect()),
        other => panic!("RESP2 has no {other:?}"),
    }
}
