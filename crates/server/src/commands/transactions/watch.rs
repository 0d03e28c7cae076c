//! WATCH: EXEC is to fail if one of these keys changes before.

use commands::prelude::*;
use std::sync::atomic::Ordering;

use keyspace::{DatabaseKey, Needs};
use crate::session::Session;

command! {
    name: "watch",
    group: Transactions,
    since: "2.2.0",
    complexity: "O(1) for every key.",
    summary: "Monitors changes to keys to determine the execution of a transaction.",
    handler: Session,
    flags: [NoScript, Loading, Stale, Fast, AllowBusy],
    examples: r#"
        > SET stock 3
        OK
        > WATCH stock
        OK
        > MULTI
        OK
        > DECR stock
        QUEUED
        > EXEC
        1) (integer) 2
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "key", access = "RO")]
    keys: Many<Key<'a>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if session.transaction.is_some() {
        return Err(Error::fixed("ERR WATCH inside MULTI is not allowed"));
    }
    let server = std::sync::Arc::clone(&session.server);
    let context = session.context(crate::clock::unix_ms());
    let database = session.database;
    let watched = session.watched.get_or_insert_default();
    let needs = Needs::of_slots(args.keys.iter().map(|key| key.slot).collect());
    let mut txn = server.keyspace.write(&needs, context);
    for key in &args.keys {
        let name = DatabaseKey::new(database, key.bytes);
        if !watched.keys.iter().any(|(other, _)| *other == name) {
            txn.watch(key, &watched.flag);
            watched.keys.push((name, txn.peek(key).is_some()));
        }
    }
    server.statistics.count(&txn.commit()?);
    session.client.watched.store(watched.keys.len(), Ordering::Relaxed);
    reply.ok();
    Ok(())
}
