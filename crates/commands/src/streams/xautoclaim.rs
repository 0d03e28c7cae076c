//! XAUTOCLAIM: takes over what was delivered to others and left alone for long.

use smallvec::SmallVec;
use values::stream::{Pending, StreamId};

use super::did::GroupChanges;
use super::group::{consumer_or_new, no_key_or_group, note_miss, stream_and_group};
use super::id::{parse_start, reply_id};
use super::range::reply_if_there;
use super::xclaim::is_idle;
use crate::prelude::*;

command! {
    name: "xautoclaim",
    group: Stream,
    since: "6.2.0",
    complexity: "O(1) if COUNT is small.",
    summary: "Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer group member.",
    handler: Write(xautoclaim),
    flags: [Fast],
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XADD jobs 2-1 what call
        "2-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        *
        > XDEL jobs 2-1
        (integer) 1
        > XAUTOCLAIM jobs workers bob 0 0
        1) "0-0"
        2) 1) 1) "1-1"
              2) 1) "what"
                 2) "mail"
        3) 1) "2-1"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    group: &'a [u8],
    consumer: &'a [u8],
    min_idle_time: IdleMin,
    start: Start,
    #[arg(token = "COUNT", repeats)]
    count: Option<Count>,
    #[arg(token = "JUSTID", repeats)]
    justid: bool,
}

/// How long an entry has to have been left alone, in milliseconds.
struct IdleMin(i64);

impl<'a> Parse<'a> for IdleMin {
    const SPEC: Spec = <&[u8]>::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const INVALID: Error = Error::fixed("ERR Invalid min-idle-time argument for XAUTOCLAIM");
        base::number::parse_i64(parser.next()?).map(IdleMin).ok_or(INVALID)
    }
}

/// Where to begin to look.
struct Start(StreamId);

impl<'a> Parse<'a> for Start {
    const SPEC: Spec = <&[u8]>::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        parse_start(parser.next()?).map(Start)
    }
}

/// How many entries to reply with, at most.
struct Count(usize);

impl Count {
    const DEFAULT: usize = 100;
    /// Entries that are looked at for each that may be replied with.
    const LOOKS_EACH: usize = 10;
    const MAX: i64 = i64::MAX / 16;
}

impl<'a> Parse<'a> for Count {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const INVALID: Error = Error::fixed("ERR COUNT must be > 0");
        match base::number::parse_i64(parser.next()?) {
            Some(count @ 1..=Count::MAX) => Ok(Count(count as usize)),
            _ => Err(INVALID),
        }
    }
}

fn xautoclaim(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let now_ms = txn.now_ms();
    let Some((mut stream, group)) = stream_and_group(txn, &args.key, args.group)? else {
        note_miss(txn, &args.key);
        return Err(no_key_or_group(&args.key, args.group));
    };
    let (consumer, is_new_consumer) = consumer_or_new(&mut stream, group, args.consumer, now_ms);
    let mut changes = GroupChanges { is_new_consumer, ..GroupChanges::default() };
    let (mut claimed, mut gone) = (SmallVec::<[(StreamId, Pending); 16]>::new(), Vec::new());
    let mut next = StreamId::MIN;
    let count = args.count.map_or(Count::DEFAULT, |count| count.0);
    let mut looks = count.saturating_mul(Count::LOOKS_EACH);
    let held = stream.read();
    held.groups().visit_pending(group, None, args.start.0, &mut |id, pending| {
        if looks == 0 || claimed.len() + gone.len() == count {
            next = id;
            return false;
        }
        looks -= 1;
        if !held.contains(id) {
            gone.push(id);
        } else if args.min_idle_time.0 <= 0 || is_idle(pending, args.min_idle_time.0, now_ms) {
            claimed.push((id, pending));
        }
        true
    });
    reply.array(3);
    reply_id(next, reply);
    reply.array(claimed.len());
    for (id, pending) in &claimed {
        let deliveries = pending.deliveries.saturating_add(u64::from(!args.justid));
        let pending = Pending { consumer, delivered_ms: now_ms, deliveries };
        stream.groups().set_pending(group, *id, pending);
        changes.delivered.push((*id, pending));
        if args.justid {
            reply_id(*id, reply);
        } else {
            reply_if_there(stream.read(), *id, reply);
        }
    }
    reply.array(gone.len());
    for id in &gone {
        stream.groups().remove_pending(group, *id);
        reply_id(*id, reply);
    }
    if !claimed.is_empty() {
        stream.groups().note_seen(group, consumer, now_ms, Some(now_ms));
    }
    stream.count_changes((claimed.len() + gone.len()) as u64);
    drop(stream);
    changes.dropped = gone;
    txn.did(|did| changes.tell(did, &args.key, args.group, args.consumer));
    Ok(())
}
