//! SMEMBERS: all members of a set.

use super::algebra::reply_set;
use crate::prelude::*;

command! {
    name: "smembers",
    group: Set,
    since: "1.0.0",
    complexity: "O(N) where N is the set cardinality.",
    summary: "Returns all members of a set.",
    handler: Read(smembers),
    examples: r#"
        > SADD primes 5 3 2
        (integer) 3
        > SMEMBERS primes
        1) "2"
        2) "3"
        3) "5"
        > SMEMBERS none
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn smembers(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.set(&args.key)? {
        Some(set) => reply_set(set, reply),
        None => reply.empty_set(),
    }
    Ok(())
}
