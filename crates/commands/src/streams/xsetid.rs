//! XSETID: says what a stream knows of its past.

use values::stream::StreamId;

use super::id::Id;
use crate::prelude::*;

command! {
    name: "xsetid",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "An internal command for replicating stream values.",
    handler: Write(xsetid),
    flags: [DenyOom, Fast],
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XSETID readings 5-0 ENTRIESADDED 7 MAXDELETEDID 3-0
        OK
        > XADD readings 4-0 celsius 22
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XSETID missing 5-0
        (error) ERR no such key
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    #[arg(name = "")]
    given: Given,
}

/// What the stream is to know.
struct Given {
    last_id: StreamId,
    entries_added: Option<u64>,
    max_deleted_id: Option<StreamId>,
}

impl<'a> Parse<'a> for Given {
    const SPEC: Spec = Spec::block(&[
        Id::SPEC.named("last-id"),
        Spec { optional: true, ..i64::SPEC.named("entries-added").with_token("ENTRIESADDED") },
        Spec { optional: true, ..Id::SPEC.named("max-deleted-id").with_token("MAXDELETEDID") },
    ]);

    /// As in Redis, an entry removed after the last one is an error before what follows is looked at.
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NEGATIVE: Error = Error::fixed("ERR entries_added must be positive");
        const LESS_THAN_GIVEN: Error =
            Error::fixed("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
        let mut given = Given { last_id: Id::parse(parser)?.0, entries_added: None, max_deleted_id: None };
        while let Ok(option) = parser.next() {
            if parser.peek().is_some() && option.eq_ignore_ascii_case(b"ENTRIESADDED") {
                given.entries_added = Some(u64::try_from(i64::parse(parser)?).map_err(|_| NEGATIVE)?);
            } else if parser.peek().is_some() && option.eq_ignore_ascii_case(b"MAXDELETEDID") {
                let id = Id::parse(parser)?.0;
                if given.last_id < id {
                    return Err(LESS_THAN_GIVEN);
                }
                given.max_deleted_id = Some(id);
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(given)
    }
}

fn xsetid(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const LESS_THAN_DELETED: Error =
        Error::fixed("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
    const LESS_THAN_TOP: Error =
        Error::fixed("ERR The ID specified in XSETID is smaller than the target stream top item");
    const FEWER_THAN_THERE: Error =
        Error::fixed("ERR The entries_added specified in XSETID is smaller than the target stream length");
    let Given { last_id, entries_added, max_deleted_id } = args.given;
    let mut stream = txn.stream_mut(&args.key)?.ok_or(Error::NoSuchKey)?;
    let mut state = stream.read().state();
    if last_id < state.max_deleted_id {
        return Err(LESS_THAN_DELETED);
    }
    if stream.read().top_id().is_some_and(|top| last_id < top) {
        return Err(LESS_THAN_TOP);
    }
    if let Some(entries_added) = entries_added {
        if (stream.read().len() as u64) > entries_added {
            return Err(FEWER_THAN_THERE);
        }
        state.entries_added = entries_added;
    }
    state.last_id = last_id;
    state.max_deleted_id = max_deleted_id.filter(|id| *id != StreamId::MIN).unwrap_or(state.max_deleted_id);
    stream.set_state(state);
    stream.tell("xsetid");
    reply.ok();
    Ok(())
}
