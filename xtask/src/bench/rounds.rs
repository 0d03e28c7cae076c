//! Interleaved rounds: every row is measured on every server before any is measured again, so that a
//! noisy minute falls on all of them alike.

use std::io;

/// What was measured, or why it was not.
pub type Outcome<T> = Result<T, String>;

/// Measures `rows` by `columns` in `rounds` rounds and returns all samples, rows first.
///
/// `measure` gets row and column. Once it fails, that row and column count as failed and are not tried
/// again. The column that begins changes from round to round.
pub fn interleave<T: Clone>(
    rounds: usize,
    rows: usize,
    columns: usize,
    mut measure: impl FnMut(usize, usize) -> io::Result<T>,
) -> Vec<Vec<Outcome<Vec<T>>>> {
    let mut samples = vec![vec![Ok(Vec::new()); columns]; rows];
    for round in 0..rounds {
        for (row, samples) in samples.iter_mut().enumerate() {
            for turn in 0..columns {
                let column = (round + turn) % columns;
                let cell: &mut Outcome<Vec<T>> = &mut samples[column];
                let Ok(earlier) = cell else { continue };
                match measure(row, column) {
                    Ok(sample) => earlier.push(sample),
                    Err(error) => *cell = Err(error.to_string()),
                }
            }
        }
    }
    samples
}

/// The middle of `figures`, the upper one of two. Panics when there are none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_through_all_rows_and_the_beginner_changes() {
        let mut calls = Vec::new();
        let samples = interleave(2, 2, 2, |row, column| {
            calls.push((row, column));
            Ok((row, column))
        });
        assert_eq!(calls, [(0, 0), (0, 1), (1, 0), (1, 1), (0, 1), (0, 0), (1, 1), (1, 0)]);
        assert_eq!(samples[1][0], Ok(vec![(1, 0), (1, 0)]));
    }

    #[test]
    fn a_failure_stays_and_is_not_repeated() {
        let mut calls = 0;
        let samples = interleave(3, 1, 2, |_, column| {
            calls += 1;
            if column == 0 { Err(io::Error::other("refused")) } else { Ok(1) }
        });
        assert_eq!(samples, [[Err("refused".to_owned()), Ok(vec![1; 3])]]);
        assert_eq!(calls, 4);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![2.0, 1.0]), 2.0);
    }
}
