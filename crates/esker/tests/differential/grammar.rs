//! Reads `commands.txt`, whose head explains the notation, and expands its lines into commands.

use crate::arguments;
use crate::harness::Rng;

/// One argument, or the command's name.
pub type Bytes = Vec<u8>;

/// The lines of one `[family]`.
#[derive(Debug)]
pub struct Family {
    /// The name between the brackets.
    pub name: String,
    /// Its command variants.
    pub lines: Vec<Line>,
}

/// One command variant.
#[derive(Debug)]
pub struct Line {
    /// How often it is drawn, against the other lines of its family.
    pub weight: usize,
    /// Must be sent exactly as generated.
    pub is_fixed: bool,
    /// The command's name.
    pub command: String,
    arguments: Vec<Term>,
}

#[derive(Clone, Debug)]
enum Term {
    /// Stands for itself.
    Word(Bytes),
    /// Drawn by the generator of this name.
    Drawn(String),
    /// One of the alternatives, each a list of terms.
    Choice(Vec<Vec<Term>>),
    /// So many times, from and to.
    Repeated(Box<Term>, usize, usize),
    /// Any of the alternatives, in any order.
    Options(Vec<Vec<Term>>),
    /// Repeated, after the count.
    Counted(Vec<Term>),
}

impl Line {
    /// One command of this variant: its name and arguments.
    pub fn expand(&self, rng: &mut Rng) -> Vec<Bytes> {
        let mut command = vec![self.command.clone().into_bytes()];
        expand_all(&self.arguments, rng, &mut command);
        command
    }
}

fn expand_all(terms: &[Term], rng: &mut Rng, command: &mut Vec<Bytes>) {
    terms.iter().for_each(|term| expand(term, rng, command));
}

fn expand(term: &Term, rng: &mut Rng, command: &mut Vec<Bytes>) {
    /// Likely enough that most options stand alone, often enough that they clash.
    const OPTION_PERCENT: usize = 30;
    /// How often a numkeys does not tell the number of keys.
    const WRONG_COUNT_PERCENT: usize = 4;
    match term {
        Term::Word(word) => command.push(word.clone()),
        Term::Drawn(generator) => arguments::draw(generator, rng, command),
        Term::Choice(alternatives) => expand_all(&alternatives[rng.below(alternatives.len())], rng, command),
        Term::Repeated(repeated, from, to) => {
            for _ in 0..from + rng.below(to - from + 1) {
                expand(repeated, rng, command);
            }
        }
        Term::Options(alternatives) => {
            let mut chosen: Vec<_> = alternatives.iter().filter(|_| rng.chance(OPTION_PERCENT)).collect();
            while !chosen.is_empty() {
                let option = chosen.swap_remove(rng.below(chosen.len()));
                expand_all(option, rng, command);
            }
        }
        Term::Counted(counted) => {
            let count = 1 + rng.below(3);
            if rng.chance(WRONG_COUNT_PERCENT) {
                command.push(rng.pick(&["0", "-1", "9", "abc"]).as_bytes().to_vec());
            } else {
                command.push(count.to_string().into_bytes());
            }
            for _ in 0..count {
                expand_all(counted, rng, command);
            }
        }
    }
}

/// Reads the whole grammar. Panics with the line that it cannot read: it is part of the test.
pub fn parse(text: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            families.push(Family { name: name.to_owned(), lines: Vec::new() });
        } else {
            families.last_mut().expect("a family comes first").lines.push(parse_line(line));
        }
    }
    families
}

fn parse_line(line: &str) -> Line {
    let (weight, rest) = match line.split_once(' ') {
        Some((number, rest)) if number.bytes().all(|digit| digit.is_ascii_digit()) => {
            (number.parse().expect("digits"), rest)
        }
        _ => (1, line),
    };
    let (is_fixed, rest) = match rest.strip_prefix("! ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (command, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut parser = Parser { line, rest: arguments };
    let arguments = parser.sequence();
    assert!(parser.rest.is_empty(), "{line}: what is {:?}?", parser.rest);
    Line { weight, is_fixed, command: command.to_owned(), arguments }
}

struct Parser<'a> {
    line: &'a str,
    rest: &'a str,
}

impl Parser<'_> {
    /// Terms up to the end or to something that closes or divides a group.
    fn sequence(&mut self) -> Vec<Term> {
        let mut terms = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.is_empty() || self.rest.starts_with(['|', ')', '}']) {
                return terms;
            }
            let term = self.atom();
            terms.push(self.repetition(term));
        }
    }

    fn atom(&mut self) -> Term {
        if self.take("#(") {
            let terms = self.sequence();
            self.close(")");
            Term::Counted(terms)
        } else if self.take("(") {
            Term::Choice(self.alternatives(")"))
        } else if self.take("{") {
            Term::Options(self.alternatives("}"))
        } else {
            let end = self
                .rest
                .find(|end: char| end.is_whitespace() || "|(){}?*+".contains(end))
                .unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            assert!(!word.is_empty(), "{}: what is {:?}?", self.line, self.rest);
            self.rest = rest;
            match arguments::is_known(word) {
                true => Term::Drawn(word.to_owned()),
                false => Term::Word(word.as_bytes().to_vec()),
            }
        }
    }

    fn repetition(&mut self, term: Term) -> Term {
        if self.take("?") {
            Term::Repeated(Box::new(term), 0, 1)
        } else if self.take("*") {
            Term::Repeated(Box::new(term), 0, 3)
        } else if self.take("+") {
            Term::Repeated(Box::new(term), 1, 4)
        } else {
            term
        }
    }

    fn alternatives(&mut self, end: &str) -> Vec<Vec<Term>> {
        let mut alternatives = vec![self.sequence()];
        while self.take("|") {
            alternatives.push(self.sequence());
        }
        self.close(end);
        alternatives
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn close(&mut self, end: &str) {
        assert!(self.take(end), "{}: {end:?} is missing before {:?}", self.line, self.rest);
    }
}
