//! The commands that rules are about, by number and by name.

use std::collections::HashMap;

use crate::Categories;

/// All commands and subcommands, numbered from 0, under the names that they were made with: whoever renames a command
/// changes nothing about who may run it.
#[derive(Debug)]
pub struct Catalogue {
    commands: Vec<Known>,
    numbers: HashMap<&'static str, usize>,
}

#[derive(Debug)]
struct Known {
    name: &'static str,
    categories: Categories,
    subcommands: Vec<usize>,
}

impl Catalogue {
    /// The commands in the order of their numbers; a subcommand is called `container|subcommand`.
    pub fn new(commands: impl IntoIterator<Item = (&'static str, Categories)>) -> Catalogue {
        let mut commands: Vec<Known> = commands
            .into_iter()
            .map(|(name, categories)| Known { name, categories, subcommands: Vec::new() })
            .collect();
        let numbers: HashMap<&'static str, usize> =
            commands.iter().enumerate().map(|(number, command)| (command.name, number)).collect();
        for number in 0..commands.len() {
            let container = container_of(commands[number].name).and_then(|name| numbers.get(name));
            if let Some(&container) = container {
                commands[container].subcommands.push(number);
            }
        }
        Catalogue { commands, numbers }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.commands.len()
    }

    /// The number of the command of this name, in any case.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        let name = std::str::from_utf8(name).ok()?;
        self.numbers.get(name).or_else(|| self.numbers.get(name.to_ascii_lowercase().as_str())).copied()
    }

    /// The name of the command with this number.
    pub(crate) fn name(&self, number: usize) -> &'static str {
        self.commands[number].name
    }

    /// The command with this number and its subcommands.
    pub(crate) fn family(&self, number: usize) -> impl Iterator<Item = usize> {
        std::iter::once(number).chain(self.commands[number].subcommands.iter().copied())
    }

    pub(crate) fn is_container(&self, number: usize) -> bool {
        !self.commands[number].subcommands.is_empty()
    }

    pub(crate) fn is_subcommand(&self, number: usize) -> bool {
        container_of(self.commands[number].name).is_some()
    }

    /// The numbers of the commands in any of `categories`.
    pub(crate) fn numbers_in(&self, categories: Categories) -> impl Iterator<Item = usize> {
        let is_in = move |(_, command): &(usize, &Known)| command.categories.meet(categories);
        self.commands.iter().enumerate().filter(is_in).map(|(number, _)| number)
    }

    /// The names of the commands in any of `categories`.
    pub fn names_in(&self, categories: Categories) -> impl Iterator<Item = &'static str> {
        self.numbers_in(categories).map(|number| self.name(number))
    }
}

fn container_of(name: &'static str) -> Option<&'static str> {
    name.split_once('|').map(|(container, _)| container)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A few commands, as a server has them.
    pub(crate) fn some_commands() -> Catalogue {
        let in_all = |names: &str| {
            names.split(' ').fold(Categories::default(), |all, name| {
                all.and(Categories::named(name.as_bytes()).expect("a category"))
            })
        };
        Catalogue::new([
            ("get", in_all("read string fast")),
            ("set", in_all("write string slow")),
            ("mget", in_all("read string fast")),
            ("hget", in_all("read hash fast")),
            ("hset", in_all("write hash fast")),
            ("copy", in_all("write keyspace slow")),
            ("ping", in_all("connection fast")),
            ("select", in_all("connection fast")),
            ("debug", in_all("admin dangerous slow")),
            ("config", in_all("slow")),
            ("config|get", in_all("admin dangerous slow")),
            ("config|set", in_all("admin dangerous slow")),
            ("client", in_all("slow")),
            ("client|list", in_all("connection slow")),
            ("publish", in_all("pubsub fast")),
            ("psubscribe", in_all("pubsub slow")),
            ("auth", in_all("connection fast")),
        ])
    }

    #[test]
    fn commands_are_found_in_any_case_with_their_subcommands() {
        let catalogue = some_commands();
        let config = catalogue.find(b"CONFIG").unwrap();
        let family: Vec<_> = catalogue.family(config).map(|number| catalogue.name(number)).collect();
        assert_eq!(family, ["config", "config|get", "config|set"]);
        assert!(catalogue.is_container(config) && !catalogue.is_subcommand(config));
        assert!(catalogue.is_subcommand(catalogue.find(b"Config|Get").unwrap()));
        assert_eq!((catalogue.find(b"nosuch"), catalogue.find(b"\xff")), (None, None));
        let of_hashes = Categories::named(b"hash").unwrap();
        assert_eq!(catalogue.names_in(of_hashes).collect::<Vec<_>>(), ["hget", "hset"]);
    }
}
