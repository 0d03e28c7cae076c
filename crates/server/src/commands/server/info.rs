//! INFO: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "info",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Returns information and statistics about the server.",
    handler: Session,
    flags: [Loading, Stale, Dangerous],
    examples: r#"
        > INFO cpu
        *
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "section")]
    sections: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let sections = args.sections.unwrap_or_default();
    reply.verbatim("txt", crate::info::text(&session.server, &sections).as_bytes());
    Ok(())
}
