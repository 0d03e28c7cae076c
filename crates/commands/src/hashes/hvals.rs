//! HVALS: the values of a hash.

use crate::prelude::*;

command! {
    name: "hvals",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the size of the hash.",
    summary: "Returns all values in a hash.",
    handler: Read(hvals),
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HVALS user:1
        1) "Ann"
        2) "31"
        > HVALS nobody
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn hvals(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(hash) = view.hash(&args.key)? else {
        reply.empty_array();
        return Ok(());
    };
    reply.array(hash.len());
    hash.iter().for_each(|(_, value)| reply.bulk(value));
    Ok(())
}
