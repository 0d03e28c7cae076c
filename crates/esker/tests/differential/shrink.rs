//! Finds what matters in a sequence that fails: Zeller and Hildebrandt's ddmin ("Simplifying and
//! Isolating Failure-Inducing Input", 2002), which drops ever smaller pieces as long as it fails.

use crate::equivalence;
use crate::generate::{Sequence, Step};
use std::time::Instant;

/// The smallest failing part of `sequence` that is found before `deadline`.
pub fn shrink(sequence: &Sequence, deadline: Instant, fails: impl Fn(&Sequence) -> bool) -> Sequence {
    let mut smallest = sequence.clone();
    let mut piece = smallest.steps.len().div_ceil(2);
    while piece > 0 && !smallest.steps.is_empty() {
        let mut start = 0;
        let mut dropped_any = false;
        while start < smallest.steps.len() {
            if Instant::now() > deadline {
                return smallest;
            }
            let mut candidate = smallest.clone();
            candidate.steps.drain(start..(start + piece).min(smallest.steps.len()));
            if is_comparable(&candidate.steps) && fails(&candidate) {
                smallest = candidate;
                dropped_any = true;
            } else {
                start += piece;
            }
        }
        piece = match (piece, dropped_any) {
            (1, true) => 1,
            (piece, _) => piece / 2,
        };
    }
    smallest
}

/// Dropping the end of a transaction must not pull commands into it that cannot be judged there.
fn is_comparable(steps: &[Step]) -> bool {
    let mut inside = false;
    steps.iter().all(|step| {
        let name = String::from_utf8_lossy(&step.command[0]).to_ascii_uppercase();
        match name.as_str() {
            "MULTI" => inside = true,
            "EXEC" | "DISCARD" | "RESET" => inside = false,
            _ => {}
        }
        !inside || equivalence::is_comparable_in_transaction(&name)
    })
}
