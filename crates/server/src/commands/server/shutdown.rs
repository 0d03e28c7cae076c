//! SHUTDOWN: see its summary.

use commands::prelude::*;

use crate::attention::Concern;
use crate::session::Session;

command! {
    name: "shutdown",
    group: Server,
    since: "1.0.0",
    complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
    summary: "Stops the server after saving, unless told not to.",
    handler: Admin,
    flags: [NoScript, Loading, Stale, NoMulti, AllowBusy],
    examples: "",
}

#[derive(Args)]
pub struct Args {
    #[arg(name = "save-selector")]
    save: Option<Save>,
    #[arg(token = "NOW")]
    now: bool,
    #[arg(token = "FORCE")]
    force: bool,
    #[arg(token = "ABORT")]
    abort: bool,
}

/// Whether to save first. There is no place to save to yet, so both come to the same.
#[derive(Args)]
enum Save {
    #[arg(token = "NOSAVE")]
    No,
    #[arg(token = "SAVE")]
    Yes,
}

pub(crate) fn run(session: &mut Session, args: Args, _: &mut Reply) -> Result<()> {
    if args.abort {
        if args.now || args.force || args.save.is_some() {
            return Err(Error::Syntax);
        }
        // There are no replicas to wait for, so a shutdown is over at once.
        return Err(Error::fixed("ERR No shutdown in progress."));
    }
    let is_busy = session.server.attention.now().has(Concern::Busy);
    if is_busy && !matches!(args.save, Some(Save::No)) {
        return Err(Error::fixed(session.server.scripting.running.busy_error()));
    }
    tracing::info!("User requested shutdown...");
    session.client.close_after_reply();
    session.server.stop();
    Ok(())
}
