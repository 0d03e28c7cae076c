//! The commands by name, for a person who types them.

use std::sync::LazyLock;

use commands::Command;

/// All commands, by name; subcommands are in their containers.
static COMMANDS: LazyLock<Vec<&'static Command>> = LazyLock::new(|| {
    let mut commands: Vec<_> = commands::data_commands().chain(server::commands::all()).collect();
    commands.sort_unstable_by_key(|command| command.name);
    commands
});

/// What the prompt itself does, beside the commands of servers.
pub const BUILT_IN: &[&str] = &["clear", "exit", "help", "quit"];

/// All commands, by name.
pub fn commands() -> &'static [&'static Command] {
    &COMMANDS
}

/// The command, or the subcommand, that `words` begin with, and how many of them are its name.
pub fn find(words: &[impl AsRef<[u8]>]) -> Option<(&'static Command, usize)> {
    let name = words.first()?.as_ref();
    let command = COMMANDS.iter().find(|command| command.name.as_bytes().eq_ignore_ascii_case(name))?;
    let subcommand = words.get(1).and_then(|word| command.subcommand(word.as_ref()));
    Some(subcommand.map_or((*command, 1), |subcommand| (subcommand, 2)))
}

/// The last word of a command's name.
pub fn last_word(command: &Command) -> &'static str {
    command.name.rsplit('|').next().unwrap_or(command.name)
}

/// The families that have commands, each once.
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<_> = COMMANDS.iter().map(|command| command.group.name()).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}
