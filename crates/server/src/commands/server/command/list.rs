//! COMMAND LIST: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "command|list",
    group: Server,
    since: "7.0.0",
    complexity: "O(N) where N is the total number of Redis commands",
    summary: "Returns a list of command names.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND LIST FILTERBY PATTERN getr*
        1) "getrange"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(token = "FILTERBY")]
    filterby: Option<Filter<'a>>,
}

/// Which commands.
#[derive(Args)]
pub enum Filter<'a> {
    /// Those of a module.
    #[arg(token = "MODULE", name = "module-name")]
    Module(&'a [u8]),
    /// Those in an ACL category.
    #[arg(token = "ACLCAT", name = "category")]
    Category(&'a [u8]),
    /// Those whose names match.
    #[arg(token = "PATTERN")]
    Pattern(Pattern<'a>),
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mark = reply.begin();
    let mut len = 0;
    for entry in session.server.table.entries() {
        let command = entry.command;
        let is_listed = match &args.filterby {
            None => true,
            Some(Filter::Module(_)) => false,
            Some(Filter::Category(category)) => super::traits::categories(command)
                .iter()
                .any(|name| name.as_bytes().eq_ignore_ascii_case(category)),
            Some(Filter::Pattern(Pattern(pattern))) => {
                base::glob::matches_ignore_case(pattern, command.name.as_bytes())
            }
        };
        if is_listed {
            reply.bulk(command.name.as_bytes());
            len += 1;
        }
    }
    reply.end_array(mark, len);
    Ok(())
}
