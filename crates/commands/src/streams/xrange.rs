//! XRANGE: the entries of a stream between two names.

use super::range::{Options, reply_range};
use crate::prelude::*;

command! {
    name: "xrange",
    group: Stream,
    since: "5.0.0",
    complexity: "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
    summary: "Returns the messages from a stream within a range of IDs.",
    handler: Read(xrange),
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XADD readings 2-1 celsius 22
        "2-1"
        > XADD readings 2-2 celsius 23
        "2-2"
        > XRANGE readings - + COUNT 2
        1) 1) "1-1"
           2) 1) "celsius"
              2) "21"
        2) 1) "2-1"
           2) 1) "celsius"
              2) "22"
        > XRANGE readings (2-1 2
        1) 1) "2-2"
           2) 1) "celsius"
              2) "23"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    start: &'a [u8],
    end: &'a [u8],
    #[arg(name = "")]
    options: Rest<'a, Options>,
}

fn xrange(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_range(view, &args.key, [args.start, args.end], false, args.options, reply)
}
