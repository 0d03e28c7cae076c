//! CLIENT SETINFO: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "client|setinfo",
    group: Connection,
    since: "7.2.0",
    complexity: "O(1)",
    summary: "Sets information specific to the client or connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT SETINFO LIB-NAME my-client
        OK
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    attribute: &'a [u8],
    value: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let is_name = args.attribute.eq_ignore_ascii_case(b"LIB-NAME");
    if !is_name && !args.attribute.eq_ignore_ascii_case(b"LIB-VER") {
        let attribute = shown(args.attribute);
        return Err(Error::new(format_args!("Unrecognized option '{attribute}'")));
    }
    if !super::is_word(args.value) {
        let attribute = shown(args.attribute);
        return Err(Error::new(format_args!("{attribute} cannot contain spaces, newlines or special characters.")));
    }
    let mut about = session.client.about.lock();
    let field = if is_name { &mut about.library_name } else { &mut about.library_version };
    *field = args.value.to_vec();
    drop(about);
    reply.ok();
    Ok(())
}
