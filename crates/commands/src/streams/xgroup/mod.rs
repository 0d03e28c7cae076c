//! XGROUP: makes and changes consumer groups.

mod create;
mod createconsumer;
mod delconsumer;
mod destroy;
mod help;
mod setid;

use values::stream::StreamId;

use super::group::unknown_option;
use crate::prelude::*;

command! {
    name: "xgroup",
    group: Stream,
    since: "5.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for consumer groups commands.",
    handler: Container,
    subcommands: [
        create::COMMAND, createconsumer::COMMAND, delconsumer::COMMAND, destroy::COMMAND, help::COMMAND, setid::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}

const NO_STREAM: Error = Error::fixed(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option \
     to create an empty stream automatically.",
);

/// What stands behind the name from which a group is to read on.
#[derive(Clone, Copy, Default)]
struct Options {
    makes_stream: bool,
    /// How many entries the group has read.
    entries_read: Option<u64>,
}

impl Options {
    /// Reads what is left of the request, of CREATE where `creates`.
    fn parse(parser: &mut Parser<'_>, creates: bool) -> Result<Options> {
        const NEGATIVE: Error = Error::fixed("ERR value for ENTRIESREAD must be positive or -1");
        let subcommand = shown(parser.subcommand());
        let words = parser.remaining();
        let mut options = Options::default();
        while let Ok(word) = parser.next() {
            if creates && word.eq_ignore_ascii_case(b"MKSTREAM") {
                options.makes_stream = true;
            } else if word.eq_ignore_ascii_case(b"ENTRIESREAD") && parser.remaining() > 0 {
                options.entries_read = match i64::parse(parser)? {
                    -1 => None,
                    entries => Some(u64::try_from(entries).map_err(|_| NEGATIVE)?),
                };
            } else {
                return Err(unknown_option("XGROUP", &subcommand));
            }
        }
        if words > if creates { 3 } else { 2 } {
            return Err(unknown_option("XGROUP", &subcommand));
        }
        Ok(options)
    }
}

/// Where a group begins to read: behind this entry, or behind the last one.
fn start(word: &[u8], last_id: StreamId, parse: impl FnOnce(&[u8]) -> Result<StreamId>) -> Result<StreamId> {
    if word == b"$" { Ok(last_id) } else { parse(word) }
}
