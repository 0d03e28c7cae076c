//! REPLCONF: what a replica and its primary tell each other.

use commands::prelude::*;

use crate::clock::unix_ms;
use crate::session::Session;

command! {
    name: "replconf",
    group: Server,
    since: "3.0.0",
    complexity: "O(1)",
    summary: "An internal command for configuring the replication stream.",
    handler: Admin,
    flags: [NoScript, Loading, Stale, AllowBusy],
    examples: r#"
        > REPLCONF listening-port 6380 capa psync2
        OK
        > REPLCONF mood good
        (error) ERR Unrecognized REPLCONF option: mood
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "option value")]
    options: Many<Setting<'a>>,
}

/// An option and its value.
#[derive(Args)]
pub struct Setting<'a> {
    option: &'a [u8],
    value: &'a [u8],
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut acknowledged = None;
    let mut safe = None;
    for Setting { option, value } in args.options.iter() {
        let number = || base::number::parse_i64(value).and_then(|number| u64::try_from(number).ok());
        match option.to_ascii_lowercase().as_slice() {
            b"ack" => acknowledged = number(),
            b"fack" => safe = number(),
            // For those who follow; a replica answers it where the stream is executed.
            b"getack" => return Ok(()),
            _ => session.greeting.take(option, value).map_err(|error| Error::Text(error.to_string().into()))?,
        }
    }
    // One that says how far it is waits for no answer.
    let (Some(offset), Some(replica)) = (acknowledged, &session.replica) else {
        if acknowledged.is_none() {
            reply.ok();
        }
        return Ok(());
    };
    replica.acknowledge(offset, safe, unix_ms());
    let server = &session.server;
    server.replication.waiters.settle(&server.replication.feed.replicas(), &server.append_only.files);
    Ok(())
}
