//! LATENCY GRAPH: see its summary.

use commands::prelude::*;

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

/// Columns at most, and the steps of their heights.
const COLUMNS_MAX: usize = 80;
const HEIGHTS: [char; 4] = ['_', 'o', '#', '|'];

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(event) = session.server.latency.event(args.event) else {
        let name = shown(args.event);
        return Err(Error::new(format_args!("No samples available for event '{name}'")));
    };
    let samples: Vec<u64> = event.samples.iter().rev().take(COLUMNS_MAX).map(|sample| sample.took_ms).collect();
    let high = samples.iter().copied().max().unwrap_or(0);
    let low = samples.iter().copied().min().unwrap_or(0);
    let range = (high - low).max(1);
    let top = HEIGHTS.len() as u64 - 1;
    let columns = samples.iter().rev().map(|took_ms| HEIGHTS[((took_ms - low) * top / range) as usize]);
    let columns: String = columns.collect();
    let name = String::from_utf8_lossy(args.event);
    let text = format!(
        "{name} - high {high} ms, low {low} ms (all time high {} ms)\n{}\n{columns}\n",
        event.longest_ms,
        "-".repeat(COLUMNS_MAX)
    );
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}
