//! XINFO HELP: see its summary.

use crate::prelude::*;

command! {
    name: "xinfo|help",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Returns helpful text about the different subcommands.",
    handler: Read(run),
    flags: [Loading, Stale],
    examples: r#"
        > XINFO HELP
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

fn run(_: &ReadView<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    crate::help::reply_help(&super::COMMAND, reply);
    Ok(())
}
