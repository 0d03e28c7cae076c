//! OBJECT HELP: what OBJECT can do.

use crate::prelude::*;

command! {
    name: "object|help",
    group: Generic,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns helpful text about the different subcommands.",
    handler: Read(run),
    flags: [Loading, Stale],
    examples: r#"
        > OBJECT HELP
        *
    "#,
}

#[derive(Args)]
pub struct Args {}

fn run(_: &ReadView<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    crate::help::reply_help(&super::COMMAND, reply);
    Ok(())
}
