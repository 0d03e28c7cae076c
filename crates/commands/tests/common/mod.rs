//! A prompt without a server: it knows the commands that work on the keyspace.
#![allow(dead_code)] // each test uses its part of it

use std::sync::Arc;

use commands::{Access, Call, Command, Error, Handler};
use keyspace::engine::{StoreSettings, SyncPolicy};
use keyspace::{Context, Eviction, EvictionPolicy, Evictor, Key, Keyspace, Needs, Tally};
use resp::{Arguments, OwnedArguments, Reply, Version};
use values::limits::Limits;
use values::list::End;

/// Sixteen empty databases and someone who types.
pub struct Prompt {
    keyspace: Keyspace,
    seed: u64,
    /// What each command knows of the world; its random choices differ from one to the next.
    pub context: Context,
    /// What came of the last command, beside its reply.
    pub tally: Tally,
    /// Where its databases are, if they are on disk.
    _directory: Option<tempfile::TempDir>,
}

/// Databases on disk, and the directory that they are in.
fn on_disk() -> (Keyspace, Option<tempfile::TempDir>) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let options = disk::Options {
        dir: directory.path().to_owned(),
        settings: StoreSettings {
            sync: SyncPolicy::Never,
            cache_bytes: 1 << 20,
            free_bytes_min: 0,
            stream_bytes_max: 1 << 20,
        },
        journal_bytes_max: 128 << 20,
        compresses: true,
        threads: 1,
        hand_over: None,
    };
    let databases: Vec<u16> = (0..16).collect();
    let (disk, engines) = disk::Disk::open(options, &databases).expect("the databases can be made");
    (Keyspace::new(engines, Some(disk)).0, Some(directory))
}

impl Prompt {
    pub fn new() -> Prompt {
        let (keyspace, directory) = match std::env::var("ESKER_TEST_ENGINE").as_deref() {
            Ok("disk") => on_disk(),
            _ => (Keyspace::new((0..16).map(|_| Arc::new(memory::Memory) as _).collect(), None).0, None),
        };
        let context = Context {
            database: 0,
            now_ms: 1_700_000_000_000,
            is_copy: false,
            limits: Limits::default(),
            seed: 0,
            touch: true,
            counting: None,
            has_old_payloads: false,
        };
        Prompt { keyspace, seed: 1, context, tally: Tally::default(), _directory: directory }
    }

    /// Has what is done go to `log`.
    pub fn log_to(&self, log: Arc<dyn keyspace::Log>) {
        self.keyspace.log_to(log);
        self.keyspace.record_effects(true);
    }

    /// The names of all keys, by database, in order.
    pub fn keys(&self) -> Vec<(u16, Vec<u8>)> {
        let mut keys = Vec::new();
        for database in 0..self.keyspace.databases() {
            let view = self.keyspace.read(&Needs::All, Context { database, ..self.context });
            view.scan_all(&mut |entry| keys.push((database, entry.key().to_vec())));
        }
        keys.sort();
        keys
    }

    /// Removes what has expired.
    pub fn expire(&self) {
        (0..self.keyspace.databases())
            .for_each(|database| _ = self.keyspace.expire(database, self.context.now_ms));
    }

    /// Evicts a key.
    pub fn evict(&mut self, evictor: &mut Evictor, policy: &EvictionPolicy) -> Eviction {
        self.seed += 1;
        self.keyspace.evict(evictor, policy, Context { seed: self.seed, touch: false, ..self.context })
    }

    fn find(arguments: Arguments<'_>) -> Option<&'static Command> {
        let name = arguments.get(0)?.to_ascii_lowercase();
        let command = commands::data_commands().find(|command| command.name.as_bytes() == name)?;
        match arguments.get(1).and_then(|word| command.subcommand(word)) {
            Some(subcommand) => Some(subcommand),
            None => Some(command),
        }
    }

    /// Makes `key` a list of one element, without a command.
    pub fn make_list(&mut self, key: &str) {
        let key = Key::new(key.as_bytes());
        let mut txn = self.keyspace.write(&Needs::of_slots([key.slot].into_iter().collect()), self.context);
        txn.list_or_new(&key).expect("no other type is there").push(End::Back, ["element"]);
        txn.commit().expect("the list can be stored");
    }

    /// What a prompt prints of the reply to `line`.
    pub fn type_in(&mut self, line: &str) -> String {
        let words = OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
        let reply = self.run(words.as_arguments(), Version::Resp2);
        let (value, _) = resp::decode(reply.as_bytes()).expect("a well-formed reply").expect("a whole reply");
        resp::display::render(&value)
    }

    /// The reply to `line` as it goes over the wire in RESP3.
    pub fn resp3(&mut self, line: &str) -> String {
        let words = OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
        let reply = self.run(words.as_arguments(), Version::Resp3);
        String::from_utf8_lossy(reply.as_bytes()).into_owned()
    }

    /// Types in a transcript in the manner of the examples, and compares what is printed.
    #[track_caller]
    pub fn check(&mut self, transcript: &str) {
        let mut lines = transcript.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            let input = line.strip_prefix("> ").unwrap_or_else(|| panic!("stray line {line:?}"));
            let mut expected = Vec::new();
            while let Some(next) = lines.next_if(|line| !line.starts_with("> ")) {
                expected.push(next);
            }
            let printed = self.type_in(input);
            let printed: Vec<&str> = printed.lines().map(str::trim).collect();
            assert!(expected == ["*"] || printed == expected, "> {input}\n{printed:#?}");
        }
    }

    /// The reply to `arguments` as it goes over the wire.
    pub fn run(&mut self, arguments: Arguments<'_>, version: Version) -> Reply {
        let Some(command) = Prompt::find(arguments) else { panic!("unknown command: {arguments:?}") };
        let context = Context { seed: self.seed, ..self.context };
        self.seed += 1;
        let mut reply = Reply::new(version);
        let mut call = Call {
            arguments,
            first_key: None,
            reply: &mut reply,
            access: Access::Own(&self.keyspace, &context),
            tally: Tally::default(),
            reader: None,
            waiting_room: None,
        };
        let result = match command.handler {
            _ if !commands::accepts(command.arity(), arguments.len()) => Err(Error::WrongArity),
            Handler::Read(run)
            | Handler::Write(run)
            | Handler::Blocking(run)
            | Handler::BlockingRead(run) => run(&mut call),
            _ => panic!("{} does not work on the keyspace alone", command.name),
        };
        if let Err(error) = result {
            call.reply.clear();
            call.reply.error(error.text(command.name).as_bytes());
        }
        self.tally = call.tally;
        reply
    }
}
