//! FLUSHALL: removes all keys. Their memory comes back behind, in either mode.

use super::mode::Mode;

use crate::prelude::*;

command! {
    name: "flushall",
    group: Server,
    since: "1.0.0",
    complexity: "O(N) where N is the total number of keys",
    summary: "Removes all keys from all databases.",
    handler: Write(run),
    scope: |_| Scope::Everything,
    flags: [Dangerous],
    examples: r#"
        > SET a 1
        OK
        > FLUSHALL
        OK
        > EXISTS a
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args {
    #[arg(name = "flush-type")]
    _mode: Option<Mode>,
}

fn run(txn: &mut WriteTxn<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    let databases = 0..txn.databases();
    databases.clone().try_for_each(|database| txn.flush(database))?;
    let is_mixed = txn.has_stored_beside_unstored();
    // As in Redis it is told also where there was nothing.
    txn.did(|did| match is_mixed {
        false => did.command([b"FLUSHALL".as_slice()]),
        // The append-only file has only those that are not stored.
        true => databases.for_each(|database| did.command_in(database, [b"FLUSHDB".as_slice()])),
    });
    reply.ok();
    Ok(())
}
