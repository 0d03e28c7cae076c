//! MODULE LIST: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "module|list",
    group: Server,
    since: "4.0.0",
    complexity: "O(1)",
    summary: "Returns all loaded modules: none, since there are no modules.",
    handler: Session,
    flags: [Admin, NoScript],
    examples: r#"
        > MODULE LIST
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    reply.array(0);
    Ok(())
}
