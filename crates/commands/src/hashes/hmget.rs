//! HMGET: the values of several fields.

use crate::prelude::*;

command! {
    name: "hmget",
    group: Hash,
    since: "2.0.0",
    complexity: "O(N) where N is the number of fields being requested.",
    summary: "Returns the values of all fields in a hash.",
    handler: Read(hmget),
    flags: [Fast],
    examples: r#"
        > HSET user:1 name Ann age 31
        (integer) 2
        > HMGET user:1 age email name
        1) "31"
        2) (nil)
        3) "Ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(name = "field")]
    fields: Many<&'a [u8]>,
}

fn hmget(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let hash = view.hash(&args.key)?;
    reply.array(args.fields.len());
    for field in &args.fields {
        match hash.and_then(|hash| hash.get(field)) {
            Some(value) => reply.bulk(value),
            None => reply.null(),
        }
    }
    Ok(())
}
