//! FUNCTION STATS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "function|stats",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Returns information about a function during execution.",
    handler: Session,
    flags: [NoScript, AllowBusy],
    examples: r##"
        > FUNCTION STATS
        1) "running_script"
        2) (nil)
        3) "engines"
        4) 1) "LUA"
           2) 1) "libraries_count"
              2) (integer) 0
              3) "functions_count"
              4) (integer) 0
    "##,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let scripting = &session.server.scripting;
    let report = scripting.running.report()?;
    reply.map(2);
    reply.bulk(b"running_script");
    match report {
        None => reply.null(),
        Some(report) => {
            reply.map(3);
            reply.bulk(b"name");
            reply.bulk(report.name.as_bytes());
            reply.bulk(b"command");
            let words = report.command.as_arguments();
            reply.array(words.len());
            words.iter().for_each(|word| reply.bulk(word));
            reply.bulk(b"duration_ms");
            reply.integer(report.elapsed_ms as i64);
        }
    }
    let registry = scripting.functions.now();
    reply.bulk(b"engines");
    reply.map(1);
    reply.bulk(b"LUA");
    reply.map(2);
    reply.bulk(b"libraries_count");
    reply.integer(registry.libraries.len() as i64);
    reply.bulk(b"functions_count");
    reply.integer(registry.functions() as i64);
    Ok(())
}
