//! FUNCTION DELETE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "function|delete",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(1)",
    summary: "Deletes a library and its functions.",
    handler: Session,
    flags: [NoScript, Write],
    examples: r##"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('one', function() return 1 end)"
        "shop"
        > FUNCTION DELETE shop
        OK
        > FUNCTION DELETE shop
        (error) ERR Library not found
    "##,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "library-name")]
    name: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let words = resp::OwnedArguments::from_parts(&[b"FUNCTION", b"DELETE".as_slice(), args.name]);
    let name = String::from_utf8_lossy(args.name);
    session.change_libraries(words.as_arguments(), |registry| {
        if registry.remove(&name) { Ok(()) } else { Err(Error::new("Library not found")) }
    })?;
    reply.ok();
    Ok(())
}
