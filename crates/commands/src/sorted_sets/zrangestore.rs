//! ZRANGESTORE: a range of a sorted set as a sorted set of its own.

use super::combination::store;
use super::selection::{By, Limit, Selection};

use crate::prelude::*;

command! {
    name: "zrangestore",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned.",
    summary: "Stores a range of members from sorted set in a key.",
    handler: Write(run),
    flags: [DenyOom],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZRANGESTORE top board 0 1 REV
        (integer) 2
        > ZRANGE top 0 -1
        1) "bob"
        2) "cat"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "dst", access = "OW UPDATE")]
    destination: Key<'a>,
    #[arg(name = "src", access = "RO ACCESS")]
    source: Key<'a>,
    #[arg(name = "min")]
    start: &'a [u8],
    #[arg(name = "max")]
    stop: &'a [u8],
    #[arg(name = "sortby")]
    by: Option<By>,
    #[arg(token = "REV", name = "rev")]
    reverse: bool,
    #[arg(token = "LIMIT", repeats)]
    limit: Option<Limit>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let selection = Selection::new((args.start, args.stop), args.by, args.reverse, args.limit)?;
    let selected: Vec<(Vec<u8>, f64)> = match txn.zset(&args.source)? {
        Some(set) => selection.of(set).map(|(member, score)| (member.to_vec(), score)).collect(),
        None => Vec::new(),
    };
    reply.integer(selected.len() as i64);
    store(txn, &args.destination, selected);
    Ok(())
}
