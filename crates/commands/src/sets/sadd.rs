//! SADD: adds members to a set.

use crate::prelude::*;

command! {
    name: "sadd",
    group: Set,
    since: "1.0.0",
    complexity: "O(N) where N is the number of members to add.",
    summary: "Adds one or more members to a set. Creates the key if it doesn't exist.",
    handler: Write(sadd),
    flags: [DenyOom, Fast],
    examples: r#"
        > SADD colors red green
        (integer) 2
        > SADD colors green blue
        (integer) 1
        > SMEMBERS colors
        1) "red"
        2) "green"
        3) "blue"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    member: Many<&'a [u8]>,
}

fn sadd(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut set = txn.set_or_new(&args.key, args.member[0], args.member.len())?;
    let added = args.member.iter().filter(|member| set.insert(member)).count();
    reply.integer(added as i64);
    Ok(())
}
