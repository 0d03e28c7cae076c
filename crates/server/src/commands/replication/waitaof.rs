//! WAITAOF: see its summary.

use commands::prelude::*;

use super::wait_for;
use crate::replication::{Goal, Local};
use crate::session::Session;

command! {
    name: "waitaof",
    group: Generic,
    since: "7.2.0",
    complexity: "O(1)",
    summary: "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.",
    handler: Session,
    flags: [],
    examples: r#"
        > WAITAOF 0 0 100
        1) (integer) 0
        2) (integer) 0
        > WAITAOF 1 0 100
        (error) ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
        > WAITAOF 2 0 100
        (error) ERR value is out of range, must be positive
    "#,
}

#[derive(Args)]
pub struct Args {
    numlocal: NonNegative,
    numreplicas: NonNegative,
    timeout: TimeoutMs,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    if args.numlocal.0 > 1 {
        return Err(Error::fixed("ERR value is out of range, must be positive"));
    }
    if session.server.replication.is_replica() {
        return Err(Error::fixed("ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated."));
    }
    let server = &session.server;
    let files = &server.append_only.files;
    let is_needed = args.numlocal.0 > 0;
    // One that is on but has yet to be written is waited for.
    if is_needed && !server.settings().persistence.appendonly {
        return Err(Error::fixed(super::NO_FILE));
    }
    // What others have written since comes with it.
    let local = Local { offset: files.stream.end(), is_needed };
    let goal = Goal { offset: session.written_up_to, replicas: args.numreplicas.0, safe: Some(local) };
    wait_for(session, &COMMAND, goal, args.timeout.0, reply);
    Ok(())
}
