//! LATENCY GRAPH: see its summary.

use commands::prelude::*;

use crate::clock::unix_ms;
use crate::latency::Sample;
use crate::session::Session;

command! {
    name: "latency|graph",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Returns a latency graph for an event.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY GRAPH nothing
        (error) ERR No samples available for event 'nothing'
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    event: &'a [u8],
}

/// Columns at most.
const COLUMNS_MAX: usize = 80;
const ROWS: u64 = 4;
/// What tops a column, by how far it reaches into its topmost row, and what is below that.
const TOPS: [u8; 3] = *b"_o#";
const BELOW: u8 = b'|';

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(event) = session.server.latency.event(args.event) else {
        let name = shown(args.event);
        return Err(Error::new(format_args!("No samples available for event '{name}'")));
    };
    let now_s = unix_ms() / 1000;
    let first = event.samples.len().saturating_sub(COLUMNS_MAX);
    let samples: Vec<Sample> = event.samples.iter().skip(first).copied().collect();
    let durations = || samples.iter().map(|sample| sample.took_ms);
    let (high, low) = (durations().max().unwrap_or(0), durations().min().unwrap_or(0));
    let name = String::from_utf8_lossy(args.event);
    let mut text = format!(
        "{name} - high {high} ms, low {low} ms (all time high {} ms)\n{}\n",
        event.longest_ms,
        "-".repeat(COLUMNS_MAX)
    );
    text += &graph(&samples, now_s);
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// A column for each sample, and below it how long ago that was, to be read downwards.
fn graph(samples: &[Sample], now_s: u64) -> String {
    let durations = || samples.iter().map(|sample| sample.took_ms);
    let (high, low) = (durations().max().unwrap_or(0), durations().min().unwrap_or(0));
    let (steps, range) = (ROWS * TOPS.len() as u64, (high - low).max(1));
    let heights: Vec<u64> =
        durations().map(|took_ms| ((took_ms - low) * steps / range).min(steps - 1)).collect();
    let bars = (0..ROWS).rev().map(|row| {
        let of_column = |height: &u64| match height.checked_sub(row * TOPS.len() as u64) {
            None => ' ',
            Some(step) => char::from(TOPS.get(step as usize).copied().unwrap_or(BELOW)),
        };
        heights.iter().map(of_column).collect::<String>()
    });
    let ages: Vec<String> = samples.iter().map(|sample| age(now_s.saturating_sub(sample.at_s))).collect();
    let longest = ages.iter().map(String::len).max().unwrap_or(0);
    let labels = (0..longest).map(|place| {
        let of_column = |age: &String| age.as_bytes().get(place).map_or(' ', |byte| char::from(*byte));
        ages.iter().map(of_column).collect::<String>()
    });
    bars.chain([String::new()]).chain(labels).map(|row| row + "\n").collect()
}

/// A time in its largest unit, rounded down.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_high_as_samples_took_long_and_say_when_that_was() {
        let now_s = 1_000_000;
        let sample = |ago_s: u64, took_ms| Sample { at_s: now_s - ago_s, took_ms };
        let samples =
            [sample(90_000, 100), sample(7_300, 200), sample(130, 325), sample(59, 500), sample(5, 480)];
        let expected = "   ##\n  _||\n _|||\n_||||\n\n12255\ndhm9s\n   s \n";
        assert_eq!(graph(&samples, now_s), expected);
        assert_eq!(graph(&[sample(0, 7)], now_s), " \n \n \n_\n\n0\ns\n");
    }
}
