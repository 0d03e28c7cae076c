//! SSCAN: walks through a set, a few members at a time.

use crate::prelude::*;
use crate::scan_options::{Cursor, ScanOptions, reply_no_page, reply_page};

command! {
    name: "sscan",
    group: Set,
    since: "2.8.0",
    complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
    summary: "Iterates over members of a set.",
    handler: Read(sscan),
    examples: r#"
        > SADD fruit apple apricot banana
        (integer) 3
        > SSCAN fruit 0 MATCH ap*
        1) "0"
        2) 1) "apple"
           2) "apricot"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    cursor: Cursor,
    #[arg(name = "")]
    options: Rest<'a, ScanOptions<'a>>,
}

fn sscan(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(set) = view.set(&args.key)? else {
        reply_no_page(reply);
        return Ok(());
    };
    let options = args.options.read()?;
    reply_page(reply, |page| {
        set.scan(args.cursor.0, options.count(), &mut |member| {
            if options.matches(member) {
                page.push(member);
            }
        })
    });
    Ok(())
}
