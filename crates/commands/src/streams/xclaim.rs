//! XCLAIM: takes over what was delivered to another consumer.

use keyspace::StreamMut;
use smallvec::SmallVec;
use values::stream::{ConsumerNumber, GroupNumber, Pending, Progress, StreamId};

use super::did::GroupChanges;
use super::group::{consumer_or_new, no_key_or_group, note_miss, stream_and_group};
use super::id::{Id, parse_id, reply_id};
use super::range::reply_if_there;
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xclaim",
    group: Stream,
    since: "5.0.0",
    complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
    summary: "Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group member.",
    handler: Write(xclaim),
    flags: [Fast],
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        *
        > XCLAIM jobs workers bob 0 1-1
        1) 1) "1-1"
           2) 1) "what"
              2) "mail"
        > XCLAIM jobs workers ann 3600000 1-1 JUSTID
        (empty array)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW UPDATE")]
    key: Key<'a>,
    group: &'a [u8],
    consumer: &'a [u8],
    #[arg(name = "")]
    claim: Rest<'a, Claim>,
}

/// Which entries, and how.
struct Claim {
    idle_min_ms: i64,
    ids: SmallVec<[StreamId; 8]>,
    delivered: Option<Delivered>,
    deliveries: Option<u64>,
    is_forced: bool,
    names_only: bool,
    last_id: StreamId,
}

/// When an entry is to count as delivered.
#[derive(Clone, Copy)]
enum Delivered {
    Ago(i64),
    At(i64),
}

impl<'a> Parse<'a> for Claim {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::String).named("min-idle-time"),
        Spec { multiple: true, ..Spec::of(Kind::String).named("ID") },
        Spec { optional: true, ..Spec::of(Kind::Integer).named("ms").with_token("IDLE") },
        Spec { optional: true, ..Spec::of(Kind::UnixTime).named("unix-time-milliseconds").with_token("TIME") },
        Spec { optional: true, ..Spec::of(Kind::Integer).named("count").with_token("RETRYCOUNT") },
        Spec { optional: true, ..Spec::TOKEN.named("force").with_token("FORCE") },
        Spec { optional: true, ..Spec::TOKEN.named("justid").with_token("JUSTID") },
        Spec { optional: true, ..Spec::of(Kind::String).named("lastid").with_token("LASTID") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const INVALID_IDLE: Error = Error::fixed("ERR Invalid min-idle-time argument for XCLAIM");
        let idle_min_ms = base::number::parse_i64(parser.next()?).ok_or(INVALID_IDLE)?;
        let mut claim = Claim {
            idle_min_ms,
            ids: SmallVec::new(),
            delivered: None,
            deliveries: None,
            is_forced: false,
            names_only: false,
            last_id: StreamId::MIN,
        };
        while let Some(id) = parser.peek().and_then(|word| parse_id(word, 0).ok()) {
            claim.ids.push(id);
            parser.skip();
        }
        while let Ok(word) = parser.next() {
            let has_value = parser.remaining() > 0;
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            let number = |parser: &mut Parser<'_>, option: &str| {
                let invalid = || Error::new(format_args!("Invalid {option} option argument for XCLAIM"));
                base::number::parse_i64(parser.next()?).ok_or_else(invalid)
            };
            if is("FORCE") {
                claim.is_forced = true;
            } else if is("JUSTID") {
                claim.names_only = true;
            } else if is("IDLE") && has_value {
                claim.delivered = Some(Delivered::Ago(number(parser, "IDLE")?));
            } else if is("TIME") && has_value {
                claim.delivered = Some(Delivered::At(number(parser, "TIME")?));
            } else if is("RETRYCOUNT") && has_value {
                claim.deliveries = u64::try_from(number(parser, "RETRYCOUNT")?).ok();
            } else if is("LASTID") && has_value {
                claim.last_id = Id::parse(parser)?.0;
            } else {
                return Err(Error::new(format_args!("Unrecognized XCLAIM option '{}'", shown(word))));
            }
        }
        Ok(claim)
    }
}

impl Claim {
    /// When what is claimed counts as delivered; now, where what was asked for makes no sense.
    fn delivered_ms(&self, now_ms: u64) -> u64 {
        let now = now_ms.cast_signed();
        let asked = match self.delivered {
            None => now,
            Some(Delivered::Ago(idle_ms)) => now.saturating_sub(idle_ms),
            Some(Delivered::At(ms)) => ms,
        };
        if (0..=now).contains(&asked) { asked.cast_unsigned() } else { now_ms }
    }
}

/// Whether what was delivered then has been left alone long enough.
pub(super) fn is_idle(pending: Pending, idle_min_ms: i64, now_ms: u64) -> bool {
    now_ms.cast_signed().saturating_sub(pending.delivered_ms.cast_signed()) >= idle_min_ms
}

fn xclaim(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let now_ms = txn.now_ms();
    let Some((mut stream, group)) = stream_and_group(txn, &args.key, args.group)? else {
        note_miss(txn, &args.key);
        return Err(no_key_or_group(&args.key, args.group));
    };
    let claim = args.claim.read()?;
    let progress = stream.read().groups().group(group).progress;
    let mut changes = GroupChanges::default();
    if claim.last_id > progress.last_id {
        let progress = Progress { last_id: claim.last_id, ..progress };
        stream.groups().set_progress(group, progress);
        changes.progress = Some(progress);
        stream.count_changes(1);
    }
    let (consumer, is_new_consumer) = consumer_or_new(&mut stream, group, args.consumer, now_ms);
    changes.is_new_consumer = is_new_consumer;
    let mark = reply.begin();
    let mut claimed = 0;
    for id in &claim.ids {
        let target = (group, consumer);
        claimed += usize::from(claim_one(&mut stream, target, *id, &claim, now_ms, &mut changes, reply));
    }
    reply.end_array(mark, claimed);
    if claimed > 0 {
        stream.groups().note_seen(group, consumer, now_ms, Some(now_ms));
    }
    drop(stream);
    txn.did(|did| changes.tell(did, &args.key, args.group, args.consumer));
    Ok(())
}

/// Gives the consumer the entry called `id`, and replies with it, if it is to have it; says whether it is.
fn claim_one(
    stream: &mut StreamMut<'_>,
    (group, consumer): (GroupNumber, ConsumerNumber),
    id: StreamId,
    claim: &Claim,
    now_ms: u64,
    changes: &mut GroupChanges,
    reply: &mut Reply,
) -> bool {
    let pending = stream.read().groups().pending(group, id);
    if !stream.read().contains(id) {
        // What is no longer there is nobody's.
        if pending.is_some() {
            stream.groups().remove_pending(group, id);
            stream.count_changes(1);
            changes.dropped.push(id);
        }
        return false;
    }
    let before = match pending {
        Some(pending) if !is_idle(pending, claim.idle_min_ms, now_ms) && claim.idle_min_ms > 0 => return false,
        Some(pending) => pending.deliveries,
        None if claim.is_forced => 1,
        None => return false,
    };
    let deliveries = claim.deliveries.unwrap_or(before.saturating_add(u64::from(!claim.names_only)));
    let delivered_ms = claim.delivered_ms(now_ms);
    let pending = Pending { consumer, delivered_ms, deliveries };
    stream.groups().set_pending(group, id, pending);
    changes.delivered.push((id, pending));
    stream.count_changes(1);
    if claim.names_only {
        reply_id(id, reply);
    } else {
        reply_if_there(stream.read(), id, reply);
    }
    true
}
