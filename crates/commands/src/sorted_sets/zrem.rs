//! ZREM: removes members.

use crate::prelude::*;

command! {
    name: "zrem",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
    summary: "Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.",
    handler: Write(run),
    flags: [Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob 3 cat
        (integer) 3
        > ZREM board ann dan
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    #[arg(name = "member")]
    members: Many<&'a [u8]>,
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = match txn.zset_mut(&args.key)? {
        Some(mut set) => args.members.iter().filter(|member| set.remove(member).is_some()).count(),
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
