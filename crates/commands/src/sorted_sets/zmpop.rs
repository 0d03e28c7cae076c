//! ZMPOP: takes members out of the first sorted set that has any.

use super::pop::{End, PopCount, pop_some};

use crate::prelude::*;

command! {
    name: "zmpop",
    group: SortedSet,
    since: "7.0.0",
    complexity: "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped.",
    summary: "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the sorted set if the last member was popped.",
    handler: Write(run),
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZMPOP 2 empty board MAX COUNT 2
        1) "board"
        2) 1) 1) "cat"
              2) "3"
           2) 1) "bob"
              2) "2"
        > ZMPOP 1 empty MIN
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RW ACCESS DELETE")]
    keys: CountedKeys<'a>,
    #[arg(name = "where")]
    end: End,
    #[arg(token = "COUNT")]
    count: Option<PopCount>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let count = args.count.map_or(1, |count| count.0);
    if !pop_some(txn, &args.keys.0, args.end, count, reply)? {
        reply.null_array();
    }
    Ok(())
}
