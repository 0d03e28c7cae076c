//! FUNCTION LOAD: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "function|load",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(1) (considering compilation time is redundant)",
    summary: "Creates a library.",
    handler: Session,
    arity: -3,
    flags: [NoScript, DenyOom, Write],
    examples: r##"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('one', function() return 1 end)"
        "shop"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('one', function() return 1 end)"
        (error) ERR Library 'shop' already exists
        > FUNCTION LOAD REPLACE "#!lua name=shop\nredis.register_function('two', function() return 2 end)"
        "shop"
        > FCALL two 0
        (integer) 2
    "##,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "replace")]
    replace: Option<Replace>,
    #[arg(name = "function-code")]
    words: Option<Many<&'a [u8]>>,
}

/// Takes the place of the library of the same name.
#[derive(Args)]
enum Replace {
    #[arg(token = "REPLACE")]
    Replace,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let code = match args.words.as_deref() {
        None | Some([]) => return Err(Error::new("Function code is missing")),
        Some([code]) => code,
        Some([option, ..]) => {
            return Err(Error::new(format_args!("Unknown option given: {}", commands::shown(option))));
        }
    };
    let server = &session.server;
    let library = crate::scripting::make_library(server, code)?;
    let name = library.name.clone();
    // In place of one of the same name: a base may have it already.
    let words = resp::OwnedArguments::from_parts(&[b"FUNCTION", b"LOAD".as_slice(), b"REPLACE", code]);
    session.change_libraries(words.as_arguments(), |registry| {
        registry.add(library.into(), args.replace.is_some())
    })?;
    reply.bulk(name.as_bytes());
    Ok(())
}
