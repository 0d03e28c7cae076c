//! Sparse registers: runs of equal ones.
//!
//! | bytes | registers |
//! |---|---|
//! | `00llllll` | 1 to 64 zeros: `l` and one more |
//! | `01llllll llllllll` | 1 to 16,384 zeros: `l`, high bits first, and one more |
//! | `1vvvvvll` | 1 to 4 registers with the rank 1 to 32: both one more than written |

use smallvec::SmallVec;

use super::{Corrupt, REGISTERS};
use crate::buffer::Buffer;

/// The highest rank that a run can have.
const RANK_MAX: u8 = 32;
/// How many registers with a rank one run can have.
const RANKED_LENGTH_MAX: usize = 4;
/// How many zeros fit a run of one byte.
const SHORT_ZEROS_MAX: usize = 64;

/// Registers next to each other with the same rank.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    rank: u8,
    length: usize,
    /// How many bytes it is written in.
    bytes: usize,
}

/// The run that `bytes` begins with; `None` if it is cut off.
fn first_run(bytes: &[u8]) -> Option<Run> {
    let first = *bytes.first()?;
    let low_bits = usize::from(first & 0x3f);
    Some(match first >> 6 {
        0 => Run { rank: 0, length: low_bits + 1, bytes: 1 },
        1 => Run { rank: 0, length: (low_bits << 8 | usize::from(*bytes.get(1)?)) + 1, bytes: 2 },
        _ => Run { rank: (first >> 2 & 0x1f) + 1, length: usize::from(first & 0x3) + 1, bytes: 1 },
    })
}

/// Appends a run. A rank and its length must fit one.
pub(super) fn push_run(out: &mut impl Extend<u8>, rank: u8, length: usize) {
    match (rank, length - 1) {
        (0, less @ 0..SHORT_ZEROS_MAX) => out.extend([less as u8]),
        (0, less) => out.extend([0x40 | (less >> 8) as u8, less as u8]),
        _ => out.extend([ranked_run(rank, length)]),
    }
}

fn ranked_run(rank: u8, length: usize) -> u8 {
    assert!((1..=RANK_MAX).contains(&rank) && (1..=RANKED_LENGTH_MAX).contains(&length), "fits a run");
    0x80 | (rank - 1) << 2 | (length - 1) as u8
}

/// Calls `visit` with the first register, the rank and the length of every run, which must be all registers.
pub(super) fn for_each_run(mut bytes: &[u8], mut visit: impl FnMut(usize, u8, usize)) -> Result<(), Corrupt> {
    let mut index = 0;
    while !bytes.is_empty() {
        let run = first_run(bytes).ok_or(Corrupt)?;
        if index + run.length > REGISTERS {
            return Err(Corrupt);
        }
        visit(index, run.rank, run.length);
        index += run.length;
        bytes = &bytes[run.bytes..];
    }
    if index == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// What became of raising a register.
#[derive(Debug, PartialEq)]
pub(super) enum Raised {
    /// It has that rank or a higher one already.
    Not,
    InPlace,
    /// It has to be raised, but the runs cannot hold that.
    NeedsDense,
}

/// Raises register `index` to `rank` in the runs that begin at `start` of `buffer`, which may grow to `bytes_max`.
/// The runs come out as Redis would write them, which need not be the shortest way.
pub(super) fn raise(
    buffer: &mut (impl Buffer + ?Sized),
    start: usize,
    index: usize,
    rank: u8,
    bytes_max: usize,
) -> Result<Raised, Corrupt> {
    if rank > RANK_MAX {
        return Ok(Raised::NeedsDense);
    }
    // The run that the register is in, where that begins, and where the one before it does.
    let (mut at, mut first, mut previous) = (start, 0, start);
    let run = loop {
        let run = first_run(&buffer.bytes()[at..]).ok_or(Corrupt)?;
        if index < first + run.length {
            break run;
        }
        previous = at;
        at += run.bytes;
        first += run.length;
    };
    if run.rank >= rank {
        return Ok(Raised::Not);
    }

    let mut replacement = SmallVec::<[u8; 8]>::new();
    let (before, after) = (index - first, first + run.length - index - 1);
    if before > 0 {
        push_run(&mut replacement, run.rank, before);
    }
    push_run(&mut replacement, rank, 1);
    if after > 0 {
        push_run(&mut replacement, run.rank, after);
    }
    if replacement.len() > run.bytes && buffer.bytes().len() + replacement.len() - run.bytes > bytes_max {
        return Ok(Raised::NeedsDense);
    }
    buffer.splice(at, run.bytes, replacement.len()).copy_from_slice(&replacement);
    join_runs(buffer, previous);
    Ok(Raised::InPlace)
}

/// Joins neighbouring runs of one rank where the result fits a run, in the five runs from `at` on.
fn join_runs(buffer: &mut (impl Buffer + ?Sized), mut at: usize) {
    for _ in 0..5 {
        let bytes = buffer.bytes_mut();
        let Some(run) = bytes.get(at..).and_then(first_run) else { return };
        match first_run(&bytes[at + run.bytes..]) {
            Some(next)
                if run.rank != 0
                    && next.rank == run.rank
                    && run.length + next.length <= RANKED_LENGTH_MAX =>
            {
                bytes[at] = ranked_run(run.rank, run.length + next.length);
                buffer.splice(at + 1, 1, 0);
            }
            _ => at += run.bytes,
        }
    }
}

/// The runs in words; see [`describe_runs`](super::describe_runs).
pub(super) fn describe(mut bytes: &[u8]) -> Result<String, Corrupt> {
    let mut words = Vec::new();
    while !bytes.is_empty() {
        let Run { rank, length, bytes: taken } = first_run(bytes).ok_or(Corrupt)?;
        words.push(match (rank, taken) {
            (0, 1) => format!("z:{length}"),
            (0, _) => format!("Z:{length}"),
            _ => format!("v:{rank},{length}"),
        });
        bytes = &bytes[taken..];
    }
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(runs: &[(u8, usize)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &(rank, length) in runs {
            push_run(&mut bytes, rank, length);
        }
        bytes
    }

    #[test]
    fn runs_as_the_format_has_them() {
        assert_eq!(runs(&[(0, 1)]), [0x00]);
        assert_eq!(runs(&[(0, 64)]), [0x3f]);
        assert_eq!(runs(&[(0, 65)]), [0x40, 0x40]);
        assert_eq!(runs(&[(0, 16_384)]), [0x7f, 0xff]);
        assert_eq!(runs(&[(1, 1)]), [0x80]);
        assert_eq!(runs(&[(32, 4)]), [0xff]);
        for first in 0..=0xff {
            let bytes = [first, 0x12];
            let run = first_run(&bytes).expect("complete");
            // Zeros may also be written longer than they need.
            if run.bytes == 1 || run.length > SHORT_ZEROS_MAX {
                assert_eq!(runs(&[(run.rank, run.length)]), bytes[..run.bytes]);
            }
        }
        assert_eq!(first_run(&[0x40]), None);
        assert_eq!(first_run(&[]), None);
    }

    #[track_caller]
    fn check_raise(before: &[(u8, usize)], index: usize, rank: u8, after: &str) {
        let mut bytes = runs(before);
        assert_eq!(raise(&mut bytes, 0, index, rank, usize::MAX), Ok(Raised::InPlace));
        assert_eq!(describe(&bytes).as_deref(), Ok(after));
    }

    #[test]
    fn runs_are_split_and_joined() {
        check_raise(&[(0, 16_384)], 0, 3, "v:3,1 Z:16383");
        check_raise(&[(0, 16_384)], 16_383, 3, "Z:16383 v:3,1");
        check_raise(&[(0, 16_384)], 50, 3, "z:50 v:3,1 Z:16333");
        check_raise(&[(0, 3)], 1, 32, "z:1 v:32,1 z:1");
        check_raise(&[(0, 1)], 0, 1, "v:1,1");
        check_raise(&[(2, 1)], 0, 5, "v:5,1");
        check_raise(&[(2, 4)], 1, 5, "v:2,1 v:5,1 v:2,2");
        check_raise(&[(2, 4)], 3, 5, "v:2,3 v:5,1");
        check_raise(&[(2, 2), (0, 1), (2, 1), (0, 9)], 2, 2, "v:2,4 z:9");
        check_raise(&[(2, 4), (0, 1), (2, 4)], 4, 2, "v:2,4 v:2,1 v:2,4");
    }

    #[test]
    fn what_needs_no_change_or_more_room() {
        let mut bytes = runs(&[(7, 2), (0, 100)]);
        let before = bytes.clone();
        assert_eq!(raise(&mut bytes, 0, 1, 7, 0), Ok(Raised::Not));
        assert_eq!(raise(&mut bytes, 0, 1, 33, 1_000), Ok(Raised::NeedsDense));
        assert_eq!(raise(&mut bytes, 0, 50, 1, 3), Ok(Raised::NeedsDense));
        assert_eq!(raise(&mut bytes, 0, 102, 1, 1_000), Err(Corrupt));
        assert_eq!(bytes, before);
        assert_eq!(raise(&mut bytes, 0, 50, 1, 4), Ok(Raised::InPlace));
    }
}
