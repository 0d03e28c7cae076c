//! SCAN: the keys, some at a time.

use crate::scan_options::{Count, Cursor, ScanOptions, reply_page};

use crate::prelude::*;

command! {
    name: "scan",
    group: Generic,
    since: "2.8.0",
    complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
    summary: "Iterates over the key names in the database.",
    handler: Read(run),
    scope: |_| Scope::BySlot,
    examples: r#"
        > SET only 1
        OK
        > SCAN 0 MATCH o* COUNT 100
        1) "0"
        2) 1) "only"
        > SCAN 0 TYPE hash
        1) "0"
        2) (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    cursor: Cursor,
    options: Options<'a>,
}

/// The options of all scans, and one more.
#[derive(Args)]
struct Options<'a> {
    #[arg(token = "MATCH", repeats)]
    pattern: Option<Pattern<'a>>,
    #[arg(token = "COUNT", repeats)]
    count: Option<Count>,
    #[arg(token = "TYPE", name = "type", repeats)]
    kind: Option<&'a [u8]>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Options { pattern, count, kind } = args.options;
    let options = ScanOptions { pattern, count };
    reply_page(reply, |page| {
        view.scan(args.cursor.0, options.count(), &mut |entry| {
            let is_kind = kind.is_none_or(|kind| kind.eq_ignore_ascii_case(entry.kind().name().as_bytes()));
            if is_kind && options.matches(entry.key()) {
                page.push(entry.key());
            }
        })
    });
    Ok(())
}
