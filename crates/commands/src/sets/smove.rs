//! SMOVE: moves a member from one set to another.

use values::entry::Kind;

use crate::prelude::*;

command! {
    name: "smove",
    group: Set,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Moves a member from one set to another.",
    handler: Write(smove),
    flags: [Fast],
    examples: r#"
        > SADD todo cook clean
        (integer) 2
        > SMOVE todo done cook
        (integer) 1
        > SMEMBERS done
        1) "cook"
        > SMOVE todo done cook
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    source: Key<'a>,
    #[arg(access = "RW INSERT")]
    destination: Key<'a>,
    member: &'a [u8],
}

fn smove(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let destination_fits = txn.peek(&args.destination).is_none_or(|entry| entry.kind() == Kind::Set);
    txn.call_changes("srem");
    let Some(mut source) = txn.set_mut(&args.source)? else {
        reply.integer(0);
        return Ok(());
    };
    if !destination_fits {
        return Err(Error::WrongType);
    }
    let is_same = args.source.bytes == args.destination.bytes;
    let is_member = if is_same { source.read().contains(args.member) } else { source.remove(args.member) };
    drop(source);
    if is_member && !is_same {
        txn.call_changes("sadd");
        txn.set_or_new(&args.destination, args.member, 1)?.insert(args.member);
    }
    reply.integer(is_member.into());
    Ok(())
}
