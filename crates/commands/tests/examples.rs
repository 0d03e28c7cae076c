//! Every command's examples, run as they stand in its file, on every engine.
//!
//! A line that begins with `> ` is executed; the lines up to the next one are what a prompt would print of the
//! reply. A single `*` stands for a reply that is not the same every time.

mod common;

use commands::{Command, Handler};
use common::Prompt;

fn with_subcommands() -> impl Iterator<Item = &'static Command> {
    commands::data_commands().flat_map(|command| std::iter::once(command).chain(command.subcommands))
}

#[test]
fn examples_say_what_happens() {
    for command in with_subcommands().filter(|command| !matches!(command.handler, Handler::Container)) {
        assert!(command.examples.contains("> "), "{} has no examples", command.name);
        println!("{}", command.name);
        Prompt::new().check(command.examples);
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
