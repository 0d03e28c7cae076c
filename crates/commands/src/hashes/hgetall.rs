//! HGETALL: all of a hash.

use crate::prelude::*;

command! {
    name: "hgetall",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the size of the hash.",
    summary: "Returns all fields and values in a hash.",
    handler: Read(hgetall),
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HGETALL user:1
        1) "name"
        2) "Ann"
        3) "age"
        4) "31"
        > HGETALL nobody
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn hgetall(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(hash) = view.hash(&args.key)? else {
        reply.empty_map();
        return Ok(());
    };
    reply.map(hash.len());
    hash.iter().for_each(|(field, value)| {
        reply.bulk(field);
        reply.bulk(value);
    });
    Ok(())
}
