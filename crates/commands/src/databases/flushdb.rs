//! FLUSHDB: removes all keys. Their memory comes back behind, in either mode.

use super::mode::Mode;

use crate::prelude::*;

command! {
    name: "flushdb",
    group: Server,
    since: "1.0.0",
    complexity: "O(N) where N is the total number of keys",
    summary: "Removes all keys from the current database.",
    handler: Write(run),
    scope: |_| Scope::Everything,
    flags: [Dangerous],
    examples: r#"
        > SET a 1
        OK
        > FLUSHDB
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
    let database = txn.database();
    txn.flush(database)?;
    // As in Redis it is told also where there was nothing.
    txn.did(|did| did.command([b"FLUSHDB".as_slice()]));
    reply.ok();
    Ok(())
}
