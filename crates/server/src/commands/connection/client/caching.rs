//! CLIENT CACHING: see its summary.

use commands::prelude::*;

use super::YesNo;
use crate::session::Session;
use crate::tracking::Choice;

command! {
    name: "client|caching",
    group: Connection,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Instructs the server whether to track the keys in the next request.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT CACHING YES
        (error) ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
        > CLIENT TRACKING ON OPTIN
        OK
        > CLIENT CACHING YES
        OK
        > CLIENT CACHING NO
        (error) ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    mode: Later<'a, YesNo>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NOT_TRACKING: Error = Error::fixed(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
    );
    let tracking = session.tracking.as_mut().ok_or(NOT_TRACKING)?;
    match (args.mode.read()?, tracking.choice) {
        (YesNo::Yes, Choice::OptIn) | (YesNo::No, Choice::OptOut) => tracking.has_chosen = true,
        (YesNo::Yes, _) => {
            return Err(Error::new("CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."));
        }
        (YesNo::No, _) => {
            return Err(Error::new("CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."));
        }
    }
    reply.ok();
    Ok(())
}
