//! LATENCY DOCTOR: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "latency|doctor",
    group: Server,
    since: "2.8.13",
    complexity: "O(1)",
    summary: "Returns a human-readable latency analysis report.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > LATENCY DOCTOR
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let threshold_ms = session.server.settings().observability.latency_monitor_threshold_ms;
    let events = session.server.latency.events();
    let mut report = String::new();
    if threshold_ms == 0 {
        report.push_str(
            "Latency monitoring is off. CONFIG SET latency-monitor-threshold <milliseconds> turns it on.\n",
        );
    } else if events.is_empty() {
        report.push_str("No latency spike was observed since the server started or LATENCY RESET was called.\n");
    }
    for (name, event) in events {
        let samples = event.samples.len().max(1) as u64;
        let mean_ms = event.samples.iter().map(|sample| sample.took_ms).sum::<u64>() / samples;
        report.push_str(&format!(
            "{name}: {samples} latency spikes (average {mean_ms} ms, worst {} ms). SLOWLOG GET shows which \
             commands were slow.\n",
            event.longest_ms
        ));
    }
    reply.verbatim("txt", report.as_bytes());
    Ok(())
}
