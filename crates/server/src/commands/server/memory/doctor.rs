//! MEMORY DOCTOR: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "memory|doctor",
    group: Server,
    since: "4.0.0",
    complexity: "O(1)",
    summary: "Outputs a memory problems report.",
    handler: Session,
    flags: [],
    examples: r#"
        > MEMORY DOCTOR
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

/// With less memory than this, nothing can be said of how it is used.
const JUDGED_BYTES_MIN: u64 = 5 << 20;

/// Pages hold this much more than what was asked for when they are fragmented.
const FRAGMENTED: f64 = 1.4;

/// What was once needed is this much more than what is needed now.
const PEAK: f64 = 1.5;

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let figures = (session.server.allocator.figures)();
    let used = figures.used_bytes;
    let peak = session.server.memory_peak(used);
    let exceeds = |bytes: u64, factor: f64| bytes as f64 > used as f64 * factor;
    let report = if used < JUDGED_BYTES_MIN {
        "This instance is empty or uses very little memory: there is nothing to diagnose yet.".to_owned()
    } else {
        let mut found = Vec::new();
        if exceeds(peak, PEAK) {
            found.push(format!(
                "At its peak the server used {peak} bytes, much more than the {used} bytes of now. Memory that \
                 was needed then may not all have gone back to the system: MEMORY PURGE gives it back."
            ));
        }
        if exceeds(figures.active_bytes, FRAGMENTED) {
            found.push(format!(
                "The pages in use hold {} bytes for {used} bytes of data: memory is fragmented. Deleting many \
                 keys of one size has this effect; it goes away as keys of that size are written again.",
                figures.active_bytes
            ));
        }
        if found.is_empty() { "No memory problem was found.".to_owned() } else { found.join("\n") }
    };
    reply.verbatim("txt", report.as_bytes());
    Ok(())
}
