//! CLIENT REPLY: see its summary.

use commands::prelude::*;
use crate::session::ReplyMode;
use crate::session::Session;

command! {
    name: "client|reply",
    group: Connection,
    since: "3.2.0",
    complexity: "O(1)",
    summary: "Instructs the server whether to reply to commands.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT REPLY ON
        OK
    "#,
}

#[derive(Args)]
pub struct Args {
    action: Action,
}

#[derive(Args)]
enum Action {
    #[arg(token = "ON")]
    On,
    #[arg(token = "OFF")]
    Off,
    #[arg(token = "SKIP")]
    Skip,
}

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    match args.action {
        Action::On => {
            session.reply_mode = ReplyMode::On;
            reply.ok();
        }
        Action::Off => session.reply_mode = ReplyMode::Off,
        Action::Skip if session.reply_mode == ReplyMode::On => session.reply_mode = ReplyMode::SkipNext,
        Action::Skip => {}
    }
    Ok(())
}
