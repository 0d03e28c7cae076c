//! SLOWLOG GET: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "slowlog|get",
    group: Server,
    since: "2.2.12",
    complexity: "O(N) where N is the number of entries returned",
    summary: "Returns the slow log's entries.",
    handler: Admin,
    flags: [Loading, Stale],
    examples: r#"
        > SLOWLOG GET 5
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<2>,
    count: Option<i64>,
    /// Esker's own: the slots of the keys too, and how much of the time was spent waiting for locks.
    #[arg(token = "DETAILS", name = "details")]
    details: bool,
}

/// How many are shown unless the client says.
const SHOWN: i64 = 10;

pub(crate) fn run(session: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let count = match args.count.unwrap_or(SHOWN) {
        -1 => usize::MAX,
        count => usize::try_from(count)
            .map_err(|_| Error::fixed("ERR count should be greater than or equal to -1"))?,
    };
    let calls = session.server.slowlog.newest(count);
    reply.array(calls.len());
    for call in calls {
        reply.array(if args.details { 8 } else { 6 });
        reply.integer(call.id as i64);
        reply.integer(call.at_s as i64);
        reply.integer(call.took_us as i64);
        reply.array(call.words.len());
        call.words.iter().for_each(|word| reply.bulk(word));
        reply.bulk(call.address.as_bytes());
        reply.bulk(&call.client_name);
        if args.details {
            reply.array(call.slots.len());
            call.slots.iter().for_each(|slot| reply.integer(i64::from(*slot)));
            reply.integer(call.waited_us as i64);
        }
    }
    Ok(())
}
