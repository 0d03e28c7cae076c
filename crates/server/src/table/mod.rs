//! The command table: every command by its name.

mod names;

use std::collections::HashMap;

use commands::{Command, Handler, Result};
use config::{LoadError, RenamedCommand};
use resp::{Arguments, Reply};

use crate::commands::key_specs::{self, KeySpec};
use crate::commands::traits;
use crate::session::Session;
use names::ShortNames;

/// The function of a command that concerns the session or the server.
pub type SessionFunction = fn(&mut Session, Arguments<'_>, &mut Reply) -> Result<()>;

/// A command in the table.
pub struct Entry {
    /// Its number, under which it is counted.
    pub index: usize,
    /// What it is.
    pub command: &'static Command,
    /// [`Command::arity`], computed once.
    arity: i32,
    /// [`Command::element_at`], computed once.
    pub element_at: Option<usize>,
    /// Where its keys are.
    pub(crate) key_specs: Vec<KeySpec>,
    /// Its function, where the command itself has none.
    pub run: Option<SessionFunction>,
    /// Whether it is called by its container's name and its own.
    pub(crate) is_subcommand: bool,
    /// Whether it may do what it does while the client only listens to channels (RESP2).
    pub is_allowed_while_subscribed: bool,
}

impl Entry {
    /// Whether a request of `words` words, the name included, has enough and not too many.
    #[inline]
    pub fn accepts(&self, words: usize) -> bool {
        commands::accepts(self.arity, words)
    }
}

/// All commands and subcommands.
pub struct Table {
    entries: Vec<Entry>,
    /// By name in lower case, `container|subcommand` for subcommands.
    names: HashMap<Vec<u8>, usize>,
    /// The short ones among them, which are nearly all.
    short_names: ShortNames,
}

impl Table {
    /// The table of all commands, with those in `renames` called otherwise, or removed where the new name is
    /// empty.
    pub fn new(renames: &[RenamedCommand]) -> std::result::Result<Table, LoadError> {
        let mut table = Table {
            entries: Vec::new(),
            names: HashMap::new(),
            short_names: ShortNames::new(std::iter::empty()),
        };
        for command in commands::data_commands() {
            table.add(command, None);
        }
        for (command, run) in crate::commands::session_commands() {
            table.add(command, *run);
        }
        for rename in renames {
            let old = rename.command.to_ascii_lowercase();
            let new = rename.new_name.to_ascii_lowercase();
            let Some(index) = table.names.remove(&old) else {
                return Err(LoadError::at(&rename.place, "No such command in rename-command"));
            };
            if !new.is_empty() && table.names.insert(new, index).is_some() {
                return Err(LoadError::at(&rename.place, "Target command name already exists"));
            }
        }
        let names = table.names.iter().map(|(name, index)| (name.as_slice(), *index));
        table.short_names = ShortNames::new(names);
        Ok(table)
    }

    fn add(&mut self, command: &'static Command, run: Option<SessionFunction>) {
        const ALLOWED_WHILE_SUBSCRIBED: [&str; 9] = [
            "ping",
            "quit",
            "reset",
            "subscribe",
            "unsubscribe",
            "psubscribe",
            "punsubscribe",
            "ssubscribe",
            "sunsubscribe",
        ];
        let index = self.entries.len();
        self.names.insert(command.name.as_bytes().to_vec(), index);
        self.entries.push(Entry {
            index,
            command,
            arity: command.arity(),
            element_at: command.element_at(),
            key_specs: key_specs::of(command),
            run,
            is_subcommand: command.name.contains('|'),
            is_allowed_while_subscribed: ALLOWED_WHILE_SUBSCRIBED.contains(&command.name),
        });
        // Subcommands that work on the keyspace come with their container; the server lists its own.
        let data = |command: &&Command| !matches!(command.handler, Handler::Session | Handler::Admin);
        for subcommand in command.subcommands.iter().filter(data) {
            self.add(subcommand, None);
        }
    }

    /// The command of this name, in any case.
    #[inline]
    pub fn find(&self, name: &[u8]) -> Option<&Entry> {
        let index = if name.len() <= names::BYTES_MAX {
            self.short_names.find(name)?
        } else {
            *self.names.get(&name.to_ascii_lowercase())?
        };
        Some(&self.entries[index])
    }

    /// The subcommand of `container` that is called `word`.
    pub fn find_subcommand(&self, container: &Entry, word: &[u8]) -> Option<&Entry> {
        self.find(&[container.command.name.as_bytes(), b"|", word].concat())
    }

    /// The command with this number.
    pub fn at(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// All entries, subcommands too.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The commands as access control knows them: under their numbers here, and under the names that they were made with.
    pub(crate) fn catalogue(&self) -> acl::Catalogue {
        let categories = |command: &Command| {
            let names = traits::categories(command).into_iter();
            names
                .filter_map(|name| acl::Categories::named(name.as_bytes()))
                .fold(acl::Categories::default(), acl::Categories::and)
        };
        acl::Catalogue::new(self.entries.iter().map(|entry| (entry.command.name, categories(entry.command))))
    }

    /// The commands that go by a name, with that name; subcommands not among them.
    pub fn named(&self) -> impl Iterator<Item = (&[u8], &Entry)> {
        let top = |name: &&[u8]| !name.contains(&b'|');
        self.names
            .iter()
            .map(|(name, index)| (name.as_slice(), &self.entries[*index]))
            .filter(move |(name, _)| top(name))
    }
}
