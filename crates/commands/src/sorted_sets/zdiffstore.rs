//! ZDIFFSTORE: keeps what is in the first sorted set and in no other.

use super::combination::{Combination, Inputs, Operation, store};

use crate::prelude::*;

command! {
    name: "zdiffstore",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
    summary: "Stores the difference of multiple sorted sets in a key.",
    handler: Write(run),
    flags: [DenyOom],
    examples: r#"
        > ZADD first 1 a 2 b
        (integer) 2
        > ZADD second 10 b 20 c
        (integer) 2
        > ZDIFFSTORE result 2 first second
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    destination: Key<'a>,
    #[arg(name = "key", access = "RO ACCESS")]
    inputs: Inputs<'a>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let members = Combination::of(args.inputs).combine(txn, Operation::Difference)?;
    reply.integer(members.len() as i64);
    store(txn, &args.destination, members);
    Ok(())
}
