//! BGSAVE: see its summary.

use commands::prelude::*;

use crate::saving::SaveError;
use crate::session::Session;

command! {
    name: "bgsave",
    group: Server,
    since: "1.0.0",
    complexity: "O(1)",
    summary: "Saves all databases to disk in the background.",
    handler: Admin,
    flags: [NoAsyncLoading, NoScript],
    examples: "",
}

#[derive(Args)]
pub struct Args {
    #[arg(name = "operation")]
    operation: Option<Operation>,
}

/// What to do where it cannot begin now, or with one that has begun.
#[derive(Args)]
enum Operation {
    #[arg(token = "SCHEDULE")]
    Schedule,
    #[arg(token = "CANCEL")]
    Cancel,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let server = &session.server;
    if let Some(Operation::Cancel) = args.operation {
        let cancelled = server.saves.cancel();
        reply.simple(cancelled.ok_or(Error::new("Background saving is currently not in progress or scheduled"))?);
        return Ok(());
    }
    if !server.saves.state().is_running() && server.has_other_snapshot() {
        // It is for a rewrite or for replicas, and there is one at a time.
        if matches!(args.operation, Some(Operation::Schedule)) || session.is_in_exec {
            server.saves.schedule();
            reply.simple("Background saving scheduled");
            return Ok(());
        }
        return Err(Error::fixed("ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."));
    }
    match server.save_in_background() {
        Ok(begun) => {
            if !session.is_in_exec {
                // What the client does next is not part of it. Within EXEC the snapshot waits for the transaction.
                // Without a snapshot nothing comes, and INFO will tell of the failure.
                let _ = tokio::task::block_in_place(|| begun.recv());
            }
            reply.simple("Background saving started");
        }
        Err(SaveError::Failed(reason)) => {
            tracing::error!("Can't save in background: {reason}");
            return Err(Error::new(reason));
        }
        Err(error) => return Err(Error::new(error)),
    }
    Ok(())
}
