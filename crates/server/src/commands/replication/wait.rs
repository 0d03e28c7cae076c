//! WAIT: see its summary.

use commands::prelude::*;

use super::wait_for;
use crate::replication::Goal;
use crate::session::Session;

command! {
    name: "wait",
    group: Generic,
    since: "3.0.0",
    complexity: "O(1)",
    summary: "Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.",
    handler: Session,
    flags: [],
    examples: r#"
        > WAIT 0 100
        (integer) 0
        > WAIT 1 10
        (integer) 0
        > WAIT -1 10
        (error) ERR value is out of range, must be positive
        > WAIT 1 -10
        (error) ERR timeout is negative
    "#,
}

#[derive(Args)]
pub struct Args {
    numreplicas: NonNegative,
    timeout: TimeoutMs,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    if session.server.replication.is_replica() {
        return Err(Error::fixed("ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated."));
    }
    let goal = Goal { offset: session.written_up_to, replicas: args.numreplicas.0, safe: None };
    wait_for(session, &COMMAND, goal, args.timeout.0, reply);
    Ok(())
}
