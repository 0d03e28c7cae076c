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
    let mut emptied = Vec::new();
    for database in 0..txn.databases() {
        let before = txn.changes();
        txn.flush(database)?;
        if txn.changes() > before {
            emptied.push(database);
        }
    }
    // One by one: not everybody who is told has all of them.
    txn.did(|did| emptied.iter().for_each(|database| did.command_in(*database, [b"FLUSHDB".as_slice()])));
    reply.ok();
    Ok(())
}
