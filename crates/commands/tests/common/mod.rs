//! A prompt without a server: it knows the commands that work on the keyspace.
#![allow(dead_code)] // each test uses its part of it

use std::sync::Arc;

use commands::{Access, Call, Command, Error, Handler};
use keyspace::{Context, Keyspace, Tally};
use resp::{Arguments, OwnedArguments, Reply, Version};
use values::limits::Limits;

/// Sixteen empty databases and someone who types.
pub struct Prompt {
    keyspace: Keyspace,
    seed: u64,
    /// What each command knows of the world; its random choices differ from one to the next.
    pub context: Context,
    /// What came of the last command, beside its reply.
    pub tally: Tally,
}

impl Prompt {
    pub fn new() -> Prompt {
        let (keyspace, _) = Keyspace::new((0..16).map(|_| Arc::new(memory::Memory) as _).collect());
        let context = Context {
            database: 0,
            now_ms: 1_700_000_000_000,
            limits: Limits::default(),
            seed: 0,
            touch: true,
        };
        Prompt { keyspace, seed: 1, context, tally: Tally::default() }
    }

    fn find(arguments: Arguments<'_>) -> Option<&'static Command> {
        let name = arguments.get(0)?.to_ascii_lowercase();
        let command = commands::data_commands().find(|command| command.name.as_bytes() == name)?;
        match arguments.get(1).and_then(|word| command.subcommand(word)) {
            Some(subcommand) => Some(subcommand),
            None => Some(command),
        }
    }

    /// What a prompt prints of the reply to `line`.
    pub fn type_in(&mut self, line: &str) -> String {
        let words = OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
        let reply = self.run(words.as_arguments(), Version::Resp2);
        let (value, _) = resp::decode(reply.as_bytes()).expect("a well-formed reply").expect("a whole reply");
        resp::display::render(&value)
    }

    /// The reply to `arguments` as it goes over the wire.
    pub fn run(&mut self, arguments: Arguments<'_>, version: Version) -> Reply {
        let Some(command) = Prompt::find(arguments) else { panic!("unknown command: {arguments:?}") };
        let context = Context { seed: self.seed, ..self.context };
        self.seed += 1;
        let mut reply = Reply::new(version);
        let mut call = Call {
            arguments,
            reply: &mut reply,
            access: Access::Own(&self.keyspace, context),
            tally: Tally::default(),
            waiting_room: None,
        };
        let result = match command.handler {
            _ if !command.accepts(arguments.len()) => Err(Error::WrongArity),
            Handler::Read(run) | Handler::Write(run) | Handler::Blocking(run) => run(&mut call),
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
