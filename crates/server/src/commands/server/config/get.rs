//! CONFIG GET: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "config|get",
    group: Server,
    since: "2.0.0",
    complexity: "O(N) when N is the number of configuration parameters provided",
    summary: "Returns the effective values of configuration parameters.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CONFIG GET maxmemory-policy
        1) "maxmemory-policy"
        2) "noeviction"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "parameter")]
    parameters: Many<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let config = session.server.config.lock().clone();
    let found = config.get(&args.parameters);
    reply.map(found.len());
    for (name, value) in found {
        reply.bulk(&name);
        reply.bulk(&value);
    }
    Ok(())
}
