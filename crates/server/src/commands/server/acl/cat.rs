//! ACL CAT: see its summary.

use acl::Categories;
use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|cat",
    group: Server,
    since: "6.0.0",
    complexity: "O(1) since the categories and commands are a fixed set.",
    summary: "Lists the ACL categories, or the commands inside a category.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL CAT transaction
        1) "discard"
        2) "exec"
        3) "multi"
        4) "unwatch"
        5) "watch"
        > ACL CAT nosuch
        (error) ERR Unknown category 'nosuch'
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<1>,
    category: Option<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(name) = args.category else {
        let names = Categories::names();
        reply.array(names.len());
        names.for_each(|name| reply.bulk(name.as_bytes()));
        return Ok(());
    };
    let category = Categories::named(name)
        .ok_or_else(|| Error::new(format_args!("Unknown category '{:.128}'", shown(name))))?;
    let names: Vec<&str> = session.server.users.catalogue().names_in(category).collect();
    reply.array(names.len());
    names.iter().for_each(|name| reply.bulk(name.as_bytes()));
    Ok(())
}
