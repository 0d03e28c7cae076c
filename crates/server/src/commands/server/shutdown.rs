//! SHUTDOWN: see its summary.

use commands::prelude::*;

use crate::attention::Concern;
use crate::saving::Shutdown;
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

/// Whether to save first, where that is not left to the configuration.
#[derive(Args)]
enum Save {
    #[arg(token = "NOSAVE")]
    No,
    #[arg(token = "SAVE")]
    Yes,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    if args.abort {
        if args.now || args.force || args.save.is_some() {
            return Err(Error::Syntax);
        }
        if !session.server.abort_shutdown() {
            return Err(Error::fixed("ERR No shutdown in progress."));
        }
        reply.ok();
        return Ok(());
    }
    let is_busy = session.server.attention.now().has(Concern::Busy);
    if is_busy && !matches!(args.save, Some(Save::No)) {
        return Err(Error::fixed(session.server.scripting.running.busy_error()));
    }
    tracing::info!("User requested shutdown...");
    let save = args.save.map(|save| matches!(save, Save::Yes));
    let how = Shutdown { save, now: args.now, force: args.force };
    let refused = Error::fixed("ERR Errors trying to SHUTDOWN. Check logs.");
    session.set_blocked(true);
    let result = tokio::task::block_in_place(|| session.server.shut_down(how));
    session.set_blocked(false);
    result.map_err(|_| refused)?;
    session.client.close_after_reply();
    Ok(())
}
