//! ZSCAN: the members, some at a time.

use crate::scan_options::{Count, Cursor, ScanOptions, reply_no_page, reply_page};

use crate::prelude::*;

command! {
    name: "zscan",
    group: SortedSet,
    since: "2.8.0",
    complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0.",
    summary: "Iterates over members and scores of a sorted set.",
    handler: Read(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZSCAN board 0 MATCH a*
        1) "0"
        2) 1) "ann"
           2) "1"
        > ZSCAN board 0 NOSCORES MATCH a*
        1) "0"
        2) 1) "ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    cursor: Cursor,
    #[arg(name = "")]
    options: Rest<'a, Options<'a>>,
}

/// What is given.
#[derive(Args)]
pub struct Options<'a> {
    #[arg(token = "MATCH", repeats)]
    pattern: Option<Pattern<'a>>,
    #[arg(token = "COUNT", repeats)]
    count: Option<Count>,
    #[arg(token = "NOSCORES", repeats)]
    noscores: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(set) = view.zset(&args.key)? else {
        reply_no_page(reply);
        return Ok(());
    };
    let Options { pattern, count, noscores } = args.options.read()?;
    let options = ScanOptions { pattern, count };
    reply_page(reply, |page| {
        set.scan(args.cursor.0, options.count(), &mut |member, score| {
            if options.matches(member) {
                page.push(member);
                if !noscores {
                    page.push(&base::number::format_double(score));
                }
            }
        })
    });
    Ok(())
}
