//! `oom-score-adj-values`: how willingly the kernel ends the process when memory runs out.

use super::number::lenient_integer;
use super::{Kind, Prior, Problem, WRONG_NUMBER_OF_ARGUMENTS};
use crate::directive::{Arguments, Syntax};

/// Three adjustments: of a primary, a replica and a saving child.
pub(crate) struct OomScores;

impl Kind for OomScores {
    type Value = [i32; 3];

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<primary> <replica> <child>, each -2000..2000")
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, [i32; 3]>) -> Result<[i32; 3], Problem> {
        let [primary, replica, child] = arguments else { return Err(WRONG_NUMBER_OF_ARGUMENTS.into()) };
        Ok([score(primary)?, score(replica)?, score(child)?])
    }

    fn render(&self, value: &[i32; 3]) -> Vec<u8> {
        super::join(value)
    }
}

fn score(word: &[u8]) -> Result<i32, Problem> {
    lenient_integer(word)
        .and_then(|score| i32::try_from(score).ok())
        .filter(|score| (-2000..=2000).contains(score))
        .ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.".into())
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn three_scores() {
        let parse = |line| parse_new(&OomScores, &[0, 200, 800], line);
        assert_eq!(parse("-2000 0 2000"), Ok([-2000, 0, 2000]));
        assert_eq!(OomScores.render(&[0, 200, 800]), b"0 200 800");
        for line in ["", "1 2", "1 2 3 4"] {
            assert_eq!(parse(line).unwrap_err(), "wrong number of arguments");
        }
        for line in ["1 2 x", "1 2 2001", "-2001 1 2"] {
            let expected = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
            assert_eq!(parse(line).unwrap_err(), expected);
        }
    }
}
