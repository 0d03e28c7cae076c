//! HKEYS: the fields of a hash.

use crate::prelude::*;

command! {
    name: "hkeys",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the size of the hash.",
    summary: "Returns all fields in a hash.",
    handler: Read(hkeys),
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HKEYS user:1
        1) "name"
        2) "age"
        > HKEYS nobody
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
}

fn hkeys(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(hash) = view.hash(&args.key)? else {
        reply.empty_array();
        return Ok(());
    };
    reply.array(hash.len());
    hash.iter().for_each(|(field, _)| reply.bulk(field));
    Ok(())
}
