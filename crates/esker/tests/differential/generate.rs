//! Draws whole sequences: which families, which connection, where a transaction, what is spoilt.

use crate::arguments;
use crate::equivalence;
use crate::grammar::{Bytes, Family, Line};
use crate::harness::{Client, Rng, Value};
use std::collections::{BTreeSet, HashSet};

/// The connections of one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Sends most commands.
    Main,
    /// Interferes, so that a WATCH has something to see.
    Other,
    /// Subscribes, and does nothing else of note.
    Subscriber,
}

/// One command and who sends it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The sender.
    pub connection: Connection,
    /// Name and arguments.
    pub command: Vec<Bytes>,
}

/// What is sent to both servers, from an empty data set.
#[derive(Clone, Debug)]
pub struct Sequence {
    /// Whether the thresholds of encodings are laid low.
    pub small_limits: bool,
    /// The protocol of each connection: 2 or 3.
    pub protocols: [u8; 3],
    /// The commands.
    pub steps: Vec<Step>,
}

/// Commands that wait; with a spoilt argument they might do so for ever.
const BLOCKING: &[&str] =
    &["BLMOVE", "BLMPOP", "BLPOP", "BRPOP", "BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN"];

/// How often a command is spoilt, written in small letters, or only asked for its keys.
const SPOILT_PERCENT: usize = 6;
const LOWER_CASE_PERCENT: usize = 5;
const GETKEYS_PERCENT: usize = 1;

/// How many steps a sequence has: enough for data to build up, few enough to begin afresh often.
const STEPS: std::ops::Range<usize> = 150..400;

/// Draws sequences from the lines of the grammar.
pub struct Generator {
    families: Vec<Family>,
    seldom: Family,
}

impl Generator {
    /// A generator over the families of `commands.txt`.
    pub fn new(mut families: Vec<Family>) -> Self {
        let seldom = families.iter().position(|family| family.name == "seldom").expect("a [seldom] family");
        let seldom = families.remove(seldom);
        Self { families, seldom }
    }

    /// The commands that a server does not know, such as those of later versions.
    pub fn unknown_to(&self, server: &mut Client) -> HashSet<String> {
        let lines = self.families.iter().chain([&self.seldom]).flat_map(|family| &family.lines);
        let names: BTreeSet<&String> = lines.map(|line| &line.command).collect();
        let mut is_known = |name: &str| {
            !matches!(
                server.call(&format!("COMMAND INFO {name}")).elements(),
                [Value::NullArray | Value::Null | Value::NullBulk]
            )
        };
        names.into_iter().filter(|name| !is_known(name)).cloned().collect()
    }

    /// The sequence that `seed` decides, without the commands in `left_out`.
    pub fn sequence(&self, seed: u64, left_out: &HashSet<String>) -> Sequence {
        let mut rng = Rng::new(seed);
        let small_limits = rng.chance(60);
        let protocols = std::array::from_fn(|_| *rng.pick(&[2, 3]));
        let favourites = [rng.pick(&self.families), rng.pick(&self.families)];
        let steps = STEPS.start + rng.below(STEPS.len());
        let mut draft = Draft { generator: self, rng, favourites, left_out, steps: Vec::new() };
        while draft.steps.len() < steps {
            draft.add();
        }
        Sequence { small_limits, protocols, steps: draft.steps }
    }
}

/// A sequence in the making.
struct Draft<'a> {
    generator: &'a Generator,
    rng: Rng,
    favourites: [&'a Family; 2],
    left_out: &'a HashSet<String>,
    steps: Vec<Step>,
}

impl<'a> Draft<'a> {
    fn add(&mut self) {
        match self.rng.below(100) {
            0..3 => self.add_transaction(),
            3..15 => self.add_command(Connection::Other),
            _ => self.add_command(Connection::Main),
        }
    }

    fn add_command(&mut self, sender: Connection) {
        let family = self.family();
        let sender = if family.name == "subscriber" { Connection::Subscriber } else { sender };
        if let Some(line) = self.line(family) {
            let command = self.command(line);
            self.steps.push(Step { connection: sender, command });
        }
    }

    /// WATCH perhaps, MULTI, some commands with the other connection's between them, and an end.
    fn add_transaction(&mut self) {
        if self.rng.chance(50) {
            let mut command = vec![b"WATCH".to_vec()];
            arguments::draw("key", &mut self.rng, &mut command);
            arguments::draw("key", &mut self.rng, &mut command);
            self.steps.push(Step { connection: Connection::Main, command });
        }
        self.add_word("MULTI");
        for _ in 0..self.rng.below(7) {
            let family = self.family();
            let Some(line) = self.line(family) else { continue };
            if family.name == "subscriber" || !equivalence::is_comparable_in_transaction(&line.command) {
                continue;
            }
            let command = self.command(line);
            // Within EXEC nothing can come between such a number and a SORT.
            if command.iter().any(|argument| arguments::is_out_of_range(argument)) {
                continue;
            }
            let connection = if self.rng.chance(10) { Connection::Other } else { Connection::Main };
            self.steps.push(Step { connection, command });
        }
        let end = if self.rng.chance(88) { "EXEC" } else { "DISCARD" };
        self.add_word(end);
    }

    fn add_word(&mut self, word: &str) {
        self.steps.push(Step { connection: Connection::Main, command: vec![word.as_bytes().to_vec()] });
    }

    fn family(&mut self) -> &'a Family {
        match self.rng.below(1000) {
            0..10 => &self.generator.seldom,
            10..300 => self.favourites[0],
            300..550 => self.favourites[1],
            _ => self.rng.pick(&self.generator.families),
        }
    }

    /// One of the family's lines by weight; `None` when it is left out.
    fn line(&mut self, family: &'a Family) -> Option<&'a Line> {
        let total = family.lines.iter().map(|line| line.weight).sum();
        let mut chosen = self.rng.below(total);
        let line = family.lines.iter().find(|line| match chosen.checked_sub(line.weight) {
            Some(rest) => {
                chosen = rest;
                false
            }
            None => true,
        });
        line.filter(|line| !self.left_out.contains(&line.command))
    }

    fn command(&mut self, line: &Line) -> Vec<Bytes> {
        let mut command = line.expand(&mut self.rng);
        if line.is_fixed {
            return command;
        }
        if self.rng.chance(SPOILT_PERCENT) {
            self.spoil(&mut command);
        }
        if self.rng.chance(LOWER_CASE_PERCENT) {
            let some = self.rng.below(2);
            command.iter_mut().take(1 + 100 * some).for_each(|word| {
                if word.iter().all(|letter| letter.is_ascii_uppercase()) {
                    word.make_ascii_lowercase();
                }
            });
        }
        if command.len() > 1 && self.rng.chance(GETKEYS_PERCENT) {
            command.splice(0..0, [b"COMMAND".to_vec(), b"GETKEYS".to_vec()]);
        }
        command
    }

    /// One argument fewer, one too many, or a strange one.
    fn spoil(&mut self, command: &mut Vec<Bytes>) {
        let may_replace = !BLOCKING.iter().any(|name| name.as_bytes() == command[0]);
        match self.rng.below(4) {
            0 if command.len() > 1 => {
                command.pop();
            }
            1 if command.len() > 1 => {
                command.remove(1 + self.rng.below(command.len() - 1));
            }
            2 if command.len() > 1 && may_replace => {
                let place = 1 + self.rng.below(command.len() - 1);
                command[place] = arguments::spoilt(&mut self.rng);
            }
            _ => command.push(b"extra".to_vec()),
        }
    }
}
