//! SREM: removes members from a set.

use crate::prelude::*;

command! {
    name: "srem",
    group: Set,
    since: "1.0.0",
    complexity: "O(N) where N is the number of members to be removed.",
    summary: "Removes one or more members from a set. Deletes the set if the last member was removed.",
    handler: Write(srem),
    flags: [Fast],
    examples: r#"
        > SADD colors red green blue
        (integer) 3
        > SREM colors green yellow
        (integer) 1
        > SMEMBERS colors
        1) "red"
        2) "blue"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    member: Many<&'a [u8]>,
}

fn srem(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let removed = match txn.set_mut(&args.key)? {
        Some(mut set) => args.member.iter().filter(|member| set.remove(member)).count(),
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
