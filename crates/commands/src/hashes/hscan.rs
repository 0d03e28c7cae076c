//! HSCAN: walks a hash a few fields at a time.

use crate::scan_options::{Count, Cursor, ScanOptions, reply_no_page, reply_page};
use crate::prelude::*;

command! {
    name: "hscan",
    group: Hash,
    since: "2.8.0",
    complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
    summary: "Iterates over fields and values of a hash.",
    handler: Read(hscan),
    examples: r#"
        > HSET user:1 name Ann age 31 nick annie
        (integer) 3
        > HSCAN user:1 0
        1) "0"
        2) 1) "name"
           2) "Ann"
           3) "age"
           4) "31"
           5) "nick"
           6) "annie"
        > HSCAN user:1 0 MATCH n* COUNT 100
        1) "0"
        2) 1) "name"
           2) "Ann"
           3) "nick"
           4) "annie"
        > HSCAN user:1 0 NOVALUES MATCH n*
        1) "0"
        2) 1) "name"
           2) "nick"
        > HSCAN nobody 0
        1) "0"
        2) (empty array)
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
    #[arg(token = "NOVALUES", repeats)]
    novalues: bool,
}

fn hscan(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(hash) = view.hash(&args.key)? else {
        reply_no_page(reply);
        return Ok(());
    };
    let Options { pattern, count, novalues } = args.options.read()?;
    let options = ScanOptions { pattern, count };
    reply_page(reply, |page| {
        hash.scan(args.cursor.0, options.count(), &mut |field, value| {
            if options.matches(field) {
                page.push(field);
                if !novalues {
                    page.push(value);
                }
            }
        })
    });
    Ok(())
}
