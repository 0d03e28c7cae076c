//! LATENCY HISTOGRAM: see its summary.

use commands::prelude::*;

use crate::CommandReport;
use crate::session::Session;

command! {
    name: "latency|histogram",
    group: Server,
    since: "7.0.0",
    complexity: "O(N) where N is the number of commands with latency information being retrieved.",
    summary: "Returns the cumulative distribution of latencies of a subset or all commands.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY HISTOGRAM nothing
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command")]
    commands: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    // A container stands for its subcommands.
    let is_tracked = server.settings().observability.latency_tracking;
    let is_asked = |name: &str| {
        is_tracked && args.commands.as_ref().is_none_or(|asked| {
            let container = name.split('|').next().unwrap_or(name);
            asked.iter().any(|asked| {
                asked.eq_ignore_ascii_case(name.as_bytes()) || asked.eq_ignore_ascii_case(container.as_bytes())
            })
        })
    };
    let mark = reply.begin();
    let mut len = 0;
    for entry in server.table.entries().iter().filter(|entry| is_asked(entry.command.name)) {
        let report = server.statistics.command(entry.index);
        if report.calls > 0 {
            reply.bulk(entry.command.name.as_bytes());
            reply_histogram(&report, reply);
            len += 1;
        }
    }
    reply.end_map(mark, len);
    Ok(())
}

/// How many calls took no more than so many microseconds, where that number changes.
fn reply_histogram(report: &CommandReport, reply: &mut Reply) {
    // What takes less than a microsecond shares the first bucket, as in Redis.
    let mut buckets: Vec<(i64, u64)> = Vec::new();
    let mut total = 0;
    for (power, count) in report.durations.iter().enumerate().filter(|(_, count)| **count > 0) {
        total += count;
        let up_to_us = ((1_i64 << (power + 1)) / 1000).max(1);
        match buckets.last_mut() {
            Some(last) if last.0 == up_to_us => last.1 = total,
            _ => buckets.push((up_to_us, total)),
        }
    }
    reply.map(2);
    reply.bulk(b"calls");
    reply.integer(report.calls as i64);
    reply.bulk(b"histogram_usec");
    reply.map(buckets.len());
    for (up_to_us, calls) in buckets {
        reply.integer(up_to_us);
        reply.integer(calls as i64);
    }
}
