//! The command table: every command by its name.

use std::collections::HashMap;

use commands::{Command, Handler, Result};
use config::{LoadError, RenamedCommand};
use resp::{Arguments, Reply};

use crate::session::Session;

/// The function of a command that concerns the session or the server.
pub type SessionFunction = fn(&mut Session, Arguments<'_>, &mut Reply) -> Result<()>;

/// A command in the table.
pub struct Entry {
    /// Its number, under which it is counted.
    pub index: usize,
    /// What it is.
    pub command: &'static Command,
    /// Its function, where the command itself has none.
    pub run: Option<SessionFunction>,
    /// Whether it may do what it does while the client only listens to channels (RESP2).
    pub is_allowed_while_subscribed: bool,
}

/// All commands and subcommands.
pub struct Table {
    entries: Vec<Entry>,
    /// By name in lower case, `container|subcommand` for subcommands.
    names: HashMap<Vec<u8>, usize, foldhash::fast::FixedState>,
}

/// No command has a longer name.
const NAME_BYTES_MAX: usize = 32;

impl Table {
    /// The table of all commands, with those in `renames` called otherwise, or removed where the new name is
    /// empty.
    pub fn new(renames: &[RenamedCommand]) -> std::result::Result<Table, LoadError> {
        let mut table = Table { entries: Vec::new(), names: HashMap::default() };
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
            run,
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
        let mut lower = [0; NAME_BYTES_MAX];
        let lower = lower.get_mut(..name.len())?;
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        self.names.get(&*lower).map(|index| &self.entries[*index])
    }

    /// The subcommand of `container` that is called `word`.
    pub fn find_subcommand(&self, container: &Entry, word: &[u8]) -> Option<&Entry> {
        let mut name = container.command.name.as_bytes().to_vec();
        name.push(b'|');
        name.extend(word.to_ascii_lowercase());
        self.names.get(&name).map(|index| &self.entries[*index])
    }

    /// The command with this number.
    pub fn at(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    /// All entries, subcommands too.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
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
