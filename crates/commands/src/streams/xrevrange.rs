//! XREVRANGE: the entries of a stream between two names, the newest first.

use super::range::{Options, reply_range};
use crate::prelude::*;

command! {
    name: "xrevrange",
    group: Stream,
    since: "5.0.0",
    complexity: "O(N) with N being the number of elements returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1).",
    summary: "Returns the messages from a stream within a range of IDs in reverse order.",
    handler: Read(xrevrange),
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XADD readings 2-1 celsius 22
        "2-1"
        > XREVRANGE readings + - COUNT 1
        1) 1) "2-1"
           2) 1) "celsius"
              2) "22"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    end: &'a [u8],
    start: &'a [u8],
    #[arg(name = "")]
    options: Rest<'a, Options>,
}

fn xrevrange(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    reply_range(view, &args.key, [args.start, args.end], true, args.options, reply)
}
