//! FUNCTION RESTORE: see its summary.

use commands::prelude::*;

use crate::scripting::Registry;
use crate::session::Session;

command! {
    name: "function|restore",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(N) where N is the number of functions on the payload",
    summary: "Restores all libraries from a payload.",
    handler: Session,
    flags: [NoScript, DenyOom, Write],
    examples: r##"
        > FUNCTION RESTORE nonsense
        (error) ERR DUMP payload version or checksum are wrong
    "##,
}

#[derive(Args)]
pub struct Args<'a> {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<2>,
    #[arg(name = "serialized-value")]
    payload: &'a [u8],
    #[arg(name = "policy")]
    policy: Option<&'a [u8]>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let policy = args.policy.unwrap_or(b"append").to_ascii_lowercase();
    if !matches!(policy.as_slice(), b"append" | b"replace" | b"flush") {
        return Err(Error::new(
            "Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.",
        ));
    }
    let server = &session.server;
    // Those of the payload must not be in each other's way, whatever is there already.
    let mut restored = Registry::default();
    for code in rdb::dump::decode_functions(args.payload).map_err(error_of)? {
        let library = crate::scripting::make_library(server, &code)?;
        restored.add(library.into(), false)?;
    }
    // As with LOAD, what is added may be there already.
    let lasting = if policy == b"flush" { b"FLUSH".as_slice() } else { b"REPLACE" };
    let words =
        resp::OwnedArguments::from_parts(&[b"FUNCTION", b"RESTORE".as_slice(), args.payload, lasting]);
    session.change_libraries(words.as_arguments(), |registry| {
        if policy == b"flush" {
            *registry = Registry::default();
        }
        for library in restored.libraries.values() {
            if policy == b"append" && registry.libraries.contains_key(&library.name) {
                return Err(Error::new(format_args!("Library {} already exists", library.name)));
            }
            registry.add(std::sync::Arc::clone(library), true)?;
        }
        Ok(())
    })?;
    reply.ok();
    Ok(())
}

/// What Redis says of such a payload.
fn error_of(error: rdb::dump::Error) -> Error {
    match error {
        rdb::dump::Error::Damaged(_) => Error::fixed("ERR failed loading the given functions payload"),
        other => Error::new(other),
    }
}
