//! `save`: when to save by itself.

use super::number::lenient_integer;
use super::{Kind, Prior, Problem, RewriteLine, is_emptied};
use crate::directive::{Arguments, Syntax};

/// Save once this many changes have happened and this much time has passed since the last save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SaveRule {
    /// Seconds since the last save, at least 1.
    pub seconds: u64,
    /// Changes since the last save.
    pub changes: u64,
}

/// Rules as pairs of seconds and changes. The first line of a configuration replaces the defaults, each
/// further line adds to it, and `save ""` empties the list.
pub(crate) struct SaveRules;

impl Kind for SaveRules {
    type Value = Vec<SaveRule>;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<seconds> <changes> … | \"\"")
    }

    fn parse(
        &self,
        arguments: &[Vec<u8>],
        prior: Prior<'_, Vec<SaveRule>>,
    ) -> Result<Vec<SaveRule>, Problem> {
        if is_emptied(arguments) {
            return Ok(Vec::new());
        }
        let (pairs, []) = arguments.as_chunks::<2>() else { return Err(INVALID.into()) };
        let mut rules = if prior.repeated { prior.value.clone() } else { Vec::new() };
        for [seconds, changes] in pairs {
            rules.push(SaveRule { seconds: at_least(seconds, 1)?, changes: at_least(changes, 0)? });
        }
        Ok(rules)
    }

    fn render(&self, value: &Vec<SaveRule>) -> Vec<u8> {
        super::join(value.iter().flat_map(|rule| [rule.seconds, rule.changes]))
    }

    /// Always written: a file without a line would stand for the defaults.
    fn rewrite(&self, name: &str, value: &Vec<SaveRule>, _: &Vec<SaveRule>) -> Vec<RewriteLine> {
        if value.is_empty() {
            return vec![RewriteLine::new(name, "\"\"", true)];
        }
        let line =
            |rule: &SaveRule| RewriteLine::new(name, format!("{} {}", rule.seconds, rule.changes), true);
        value.iter().map(line).collect()
    }
}

const INVALID: &str = "Invalid save parameters";

fn at_least(word: &[u8], least: u64) -> Result<u64, Problem> {
    let number = lenient_integer(word).and_then(|number| u64::try_from(number).ok());
    number.filter(|number| *number >= least).ok_or(INVALID.into())
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    const HOURLY: SaveRule = SaveRule { seconds: 3600, changes: 1 };
    const OFTEN: SaveRule = SaveRule { seconds: 60, changes: 10000 };

    #[test]
    fn pairs() {
        assert_eq!(parse_new(&SaveRules, &vec![], "3600 1 60 10000"), Ok(vec![HOURLY, OFTEN]));
        assert_eq!(parse_new(&SaveRules, &vec![HOURLY], "''"), Ok(vec![]));
        assert_eq!(parse_new(&SaveRules, &vec![HOURLY], ""), Ok(vec![]));
        for wrong in ["1", "0 1", "1 -1", "a 1", "1 a", "1 2 3"] {
            assert_eq!(parse_new(&SaveRules, &vec![], wrong).unwrap_err(), INVALID, "{wrong}");
        }
    }

    #[test]
    fn lines_add_up() {
        let parse = |repeated| {
            let prior = Prior { value: &vec![HOURLY], repeated };
            SaveRules.parse(&[b"60".to_vec(), b"10000".to_vec()], prior)
        };
        assert_eq!(parse(false), Ok(vec![OFTEN]));
        assert_eq!(parse(true), Ok(vec![HOURLY, OFTEN]));
    }

    #[test]
    fn always_rewritten() {
        let rules = vec![HOURLY, OFTEN];
        let lines = [RewriteLine::new("save", "3600 1", true), RewriteLine::new("save", "60 10000", true)];
        assert_eq!(SaveRules.rewrite("save", &rules, &rules), lines);
        assert_eq!(SaveRules.rewrite("save", &vec![], &rules), [RewriteLine::new("save", "\"\"", true)]);
        assert_eq!(SaveRules.render(&rules), b"3600 1 60 10000");
    }
}
