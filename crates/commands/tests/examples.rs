//! Every command's examples, run as they stand in its file, on every engine.
//!
//! A line that begins with `> ` is executed; the lines up to the next one are what a prompt would print of the
//! reply. A single `*` stands for a reply that is not the same every time.

use std::sync::Arc;

use commands::{Access, Call, Command, Error, Handler};
use keyspace::{Context, Keyspace, Tally};
use resp::{Arguments, OwnedArguments, Reply, Version};
use values::limits::Limits;

/// A prompt without a server: it knows the commands that work on the keyspace.
struct Prompt {
    keyspace: Keyspace,
    database: u16,
    seed: u64,
}

impl Prompt {
    fn new() -> Prompt {
        let (keyspace, _) = Keyspace::new((0..16).map(|_| Arc::new(memory::Memory) as _).collect());
        Prompt { keyspace, database: 0, seed: 1 }
    }

    fn find(arguments: Arguments<'_>) -> Option<&'static Command> {
        let name = arguments.get(0)?.to_ascii_lowercase();
        let command = commands::data_commands().find(|command| command.name.as_bytes() == name)?;
        match arguments.get(1).and_then(|word| command.subcommand(word)) {
            Some(subcommand) => Some(subcommand),
            None => Some(command),
        }
    }

    fn type_in(&mut self, line: &str) -> String {
        let words = OwnedArguments::from_line(line.as_bytes()).expect("the example has balanced quotes");
        let mut reply = Reply::new(Version::Resp2);
        match Prompt::find(words.as_arguments()) {
            Some(command) => self.run(command, words.as_arguments(), &mut reply),
            None => panic!("unknown command in an example: {line}"),
        }
        let (value, _) = resp::decode(reply.as_bytes()).expect("a well-formed reply").expect("a whole reply");
        resp::display::render(&value)
    }

    fn run(&mut self, command: &Command, arguments: Arguments<'_>, reply: &mut Reply) {
        let context = Context {
            database: self.database,
            now_ms: 1_700_000_000_000,
            limits: Limits::default(),
            seed: self.seed,
            touch: true,
        };
        self.seed += 1;
        let mut call = Call {
            arguments,
            reply,
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
            reply.clear();
            reply.error(error.text(command.name).as_bytes());
        }
    }
}

fn check(command: &Command) {
    let mut prompt = Prompt::new();
    let mut lines = command.examples.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let mut typed = 0;
    while let Some(line) = lines.next() {
        let input =
            line.strip_prefix("> ").unwrap_or_else(|| panic!("{}: stray line {line:?}", command.name));
        let mut expected = Vec::new();
        while let Some(next) = lines.next_if(|line| !line.starts_with("> ")) {
            expected.push(next);
        }
        let printed = prompt.type_in(input);
        let printed: Vec<&str> = printed.lines().map(str::trim).collect();
        assert!(expected == ["*"] || printed == expected, "{}: > {input}\n{printed:#?}", command.name);
        typed += 1;
    }
    assert!(typed > 0, "{} has no examples", command.name);
}

fn with_subcommands() -> impl Iterator<Item = &'static Command> {
    commands::data_commands().flat_map(|command| std::iter::once(command).chain(command.subcommands))
}

#[test]
fn examples_say_what_happens() {
    for command in with_subcommands().filter(|command| !matches!(command.handler, Handler::Container)) {
        check(command);
    }
}

#[test]
fn the_table_is_sound() {
    let mut names: Vec<&str> = with_subcommands().map(|command| command.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "a name stands twice");
    for command in with_subcommands() {
        assert_eq!(command.name, command.name.to_lowercase());
        assert!(command.summary.ends_with('.'), "{}: a summary is a sentence", command.name);
        assert!(!command.complexity.is_empty() && !command.since.is_empty(), "{}", command.name);
    }
}
