//! `database`: the databases whose engine is not that of all others.

use base::number::parse_i64;

use super::choice::{Choice, choices, named, not_among};
use super::number::{INT_MAX, within};
use super::{Kind, Prior, Problem, RewriteLine, WRONG_NUMBER_OF_ARGUMENTS};
use crate::directive::{Arguments, Syntax};

choices! {
    /// What serves a database (`engine`, `database`).
    EngineKind {
        /// Memory: every key and value lies there.
        Memory = "memory",
        /// Disk: keys and values lie in files, with a cache in memory in front of them.
        Disk = "disk",
    }
}

/// The databases that have an engine of their own, each once, in the order in which they were first named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseEngines(Vec<(u32, EngineKind)>);

impl DatabaseEngines {
    /// The engine that database `number` was given, if it was named.
    pub fn get(&self, number: u32) -> Option<EngineKind> {
        self.iter().find(|(named, _)| *named == number).map(|(_, engine)| engine)
    }

    /// The number of each database that was named, and its engine.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, EngineKind)> {
        self.0.iter().copied()
    }

    fn add(&mut self, number: u32, engine: EngineKind) -> Result<(), Problem> {
        match self.get(number) {
            None => self.0.push((number, engine)),
            Some(before) if before == engine => {}
            Some(_) => return Err(format!("database {number} was given another engine before").into()),
        }
        Ok(())
    }
}

/// Pairs of a number and an engine. Each line adds to those before it. Whether the databases exist is
/// judged when everything has been read: `databases` may come later.
pub(crate) struct EnginesByNumber;

impl Kind for EnginesByNumber {
    type Value = DatabaseEngines;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<number> (memory | disk) …")
    }

    fn parse(
        &self,
        arguments: &[Vec<u8>],
        prior: Prior<'_, DatabaseEngines>,
    ) -> Result<DatabaseEngines, Problem> {
        let (pairs @ [_, ..], []) = arguments.as_chunks::<2>() else {
            return Err(WRONG_NUMBER_OF_ARGUMENTS.into());
        };
        let mut engines = prior.value.clone();
        for [number, engine] in pairs {
            let engine = named(engine).ok_or_else(not_among::<EngineKind>)?;
            engines.add(database_number(number)?, engine)?;
        }
        Ok(engines)
    }

    fn render(&self, value: &DatabaseEngines) -> Vec<u8> {
        super::join(value.iter().map(pair))
    }

    fn rewrite(&self, name: &str, value: &DatabaseEngines, _: &DatabaseEngines) -> Vec<RewriteLine> {
        value.iter().map(|database| RewriteLine::new(name, pair(database), true)).collect()
    }
}

/// A number that some value of `databases` has room for.
fn database_number(word: &[u8]) -> Result<u32, Problem> {
    let number = parse_i64(word).ok_or("argument couldn't be parsed into an integer")?;
    within(i128::from(number), 0, INT_MAX - 1)
}

fn pair((number, engine): (u32, EngineKind)) -> String {
    format!("{number} {}", engine.name())
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    fn engines(databases: &[(u32, EngineKind)]) -> DatabaseEngines {
        DatabaseEngines(databases.to_vec())
    }

    #[test]
    fn lines_add_up() {
        let none = DatabaseEngines::default();
        let one = parse_new(&EnginesByNumber, &none, "3 Disk").unwrap();
        assert_eq!(one, engines(&[(3, EngineKind::Disk)]));
        let both = parse_new(&EnginesByNumber, &one, "0 memory").unwrap();
        assert_eq!(both, engines(&[(3, EngineKind::Disk), (0, EngineKind::Memory)]));
        assert_eq!(parse_new(&EnginesByNumber, &none, "3 disk 0 memory"), Ok(both.clone()));
        assert_eq!(parse_new(&EnginesByNumber, &both, "0 memory 3 disk"), Ok(both.clone()));
        assert_eq!(both.get(0), Some(EngineKind::Memory));
        assert_eq!((both.get(3), both.get(1)), (Some(EngineKind::Disk), None));
    }

    #[test]
    fn rendered() {
        let value = engines(&[(3, EngineKind::Disk), (0, EngineKind::Memory)]);
        assert_eq!(EnginesByNumber.render(&value), b"3 disk 0 memory");
        let lines =
            [RewriteLine::new("database", "3 disk", true), RewriteLine::new("database", "0 memory", true)];
        assert_eq!(EnginesByNumber.rewrite("database", &value, &DatabaseEngines::default()), lines);
        assert_eq!(EnginesByNumber.rewrite("database", &engines(&[]), &engines(&[])), []);
    }

    #[test]
    fn problems() {
        let prior = engines(&[(3, EngineKind::Disk)]);
        let check =
            |line, expected| assert_eq!(parse_new(&EnginesByNumber, &prior, line).unwrap_err(), expected);
        for line in ["", "''", "1", "1 disk 2"] {
            check(line, "wrong number of arguments");
        }
        for line in ["1 ram", "1 ''", "1 2"] {
            check(line, "argument(s) must be one of the following: memory, disk");
        }
        check("x disk", "argument couldn't be parsed into an integer");
        for line in ["-1 disk", "2147483647 disk", "4294967299 disk"] {
            check(line, "argument must be between 0 and 2147483646 inclusive");
        }
        check("3 memory", "database 3 was given another engine before");
        check("1 disk 1 memory", "database 1 was given another engine before");
    }
}
