//! MEMORY USAGE: see its summary.

use commands::prelude::*;

command! {
    name: "memory|usage",
    group: Server,
    since: "4.0.0",
    complexity: "O(N) where N is the number of samples.",
    summary: "Estimates the memory usage of a key.",
    handler: Read(run),
    flags: [],
    examples: r#"
        > SET greeting hello
        OK
        > MEMORY USAGE greeting
        *
        > MEMORY USAGE missing
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO")]
    key: Key<'a>,
    /// Nothing is sampled: collections know their size.
    #[arg(token = "SAMPLES", name = "count")]
    samples: Option<i64>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.samples.is_some_and(|samples| samples < 0) {
        return Err(Error::Syntax);
    }
    match view.peek(&args.key) {
        Some(entry) => reply.integer(entry.memory_bytes() as i64),
        None => reply.null(),
    }
    Ok(())
}
