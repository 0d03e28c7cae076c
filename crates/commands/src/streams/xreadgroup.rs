//! XREADGROUP: what was added to streams, shared among the consumers of a group.

use keyspace::StreamMut;
use smallvec::SmallVec;
use values::stream::{ConsumerNumber, GroupNumber, Pending, Span, StreamId};

use super::did::GroupChanges;
use super::group::{Past, consumer_or_new};
use super::id::{parse_id, reply_id};
use super::range::{reply_entries, reply_if_there};
use super::reading::{Reader, Reading, StreamsReply, XREADGROUP};
use crate::prelude::*;

command! {
    name: "xreadgroup",
    group: Stream,
    since: "5.0.0",
    complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
    summary: "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available otherwise.",
    handler: Blocking(xreadgroup),
    arity: -7,
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann COUNT 1 STREAMS jobs >
        1) 1) "jobs"
           2) 1) 1) "1-1"
                 2) 1) "what"
                    2) "mail"
        > XREADGROUP GROUP workers bob COUNT 1 STREAMS jobs >
        (nil)
        > XREADGROUP GROUP workers ann STREAMS jobs 0
        1) 1) "jobs"
           2) 1) 1) "1-1"
                 2) 1) "what"
                    2) "mail"
        > XREADGROUP GROUP nobody ann STREAMS jobs >
        (error) NOGROUP No such key 'jobs' or consumer group 'nobody' in XREADGROUP with GROUP option
    "#,
}

/// The group and its consumer, the streams, and from where to read them.
pub struct Args<'a>(Reading<'a>, Reader<'a>);

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = XREADGROUP;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let reading = Reading::parse(parser, true)?;
        let reader = reading.reader.ok_or(Error::Syntax)?;
        Ok(Args(reading, reader))
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

/// Which entries a consumer asks for.
#[derive(Clone, Copy)]
enum Wanted {
    /// Those that nobody of its group got.
    New,
    /// Those that it got and has not acknowledged, behind this one.
    After(StreamId),
}

impl Wanted {
    fn parse(word: &[u8]) -> Result<Wanted> {
        let meaningless = |sign: &str| {
            Error::new(format_args!(
                "The {sign} ID is meaningless in the context of XREADGROUP: you want to read the history of this \
                 consumer by specifying a proper ID, or use the > ID to get new messages. The {sign} ID would just \
                 return an empty result set."
            ))
        };
        match word {
            b"$" => Err(meaningless("$")),
            b"+" => Err(meaningless("+")),
            b">" => Ok(Wanted::New),
            word => match parse_id(word, 0)? {
                StreamId::MAX => Ok(Wanted::New),
                id => Ok(Wanted::After(id)),
            },
        }
    }
}

fn xreadgroup(txn: &mut WriteTxn<'_>, Args(reading, reader): Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    let mut wanted = SmallVec::<[_; 4]>::new();
    for source in &reading.sources {
        let stream = txn.stream(&source.key)?;
        let group = stream.and_then(|stream| stream.groups().find(reader.group));
        let Some(group) = group else {
            let (key, group) = (shown(source.key.bytes), shown(reader.group));
            return Err(Error::Text(
                format!("NOGROUP No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option")
                    .into(),
            ));
        };
        wanted.push((source.key, group, Wanted::parse(source.from)?));
    }
    let now_ms = txn.now_ms();
    let mut given = StreamsReply::begin(reply);
    for (key, group, wanted) in wanted {
        let Some(mut stream) = txn.stream_mut(&key)? else { continue };
        let (consumer, is_new_consumer) = consumer_or_new(&mut stream, group, reader.consumer, now_ms);
        let mut changes = GroupChanges { is_new_consumer, ..GroupChanges::default() };
        let delivery = Delivery { group, consumer, now_ms, count: reading.count };
        match wanted {
            Wanted::After(id) => {
                given.next(&key, reply);
                delivery.repeat(&mut stream, id, &mut changes, reply);
            }
            Wanted::New => {
                let last_id = stream.read().groups().group(group).progress.last_id;
                if stream.read().top_id().is_some_and(|top| top > last_id) {
                    given.next(&key, reply);
                    delivery.deliver(&mut stream, last_id, reading.is_acknowledged, &mut changes, reply);
                }
            }
        }
        drop(stream);
        txn.did(|did| changes.tell(did, &key, reader.group, reader.consumer));
    }
    if given.end(reply) {
        return Ok(Attempt::Done);
    }
    Ok(match reading.wait(Vec::new()) {
        Attempt::Wait(wait) => Attempt::Wait(Wait { needs_keys: true, ..wait }),
        done => done,
    })
}

/// To whom entries go, and how many.
#[derive(Clone, Copy)]
struct Delivery {
    group: GroupNumber,
    consumer: ConsumerNumber,
    now_ms: u64,
    count: usize,
}

impl Delivery {
    /// Delivers the entries behind the one called `last_id`, which is the last that the group got.
    fn deliver(
        self,
        stream: &mut StreamMut<'_>,
        last_id: StreamId,
        is_acknowledged: bool,
        changes: &mut GroupChanges,
        reply: &mut Reply,
    ) {
        let Delivery { group, consumer, now_ms, count } = self;
        let mut ids = SmallVec::<[StreamId; 16]>::new();
        let past = Past::of(stream.read());
        let mut progress = stream.read().groups().group(group).progress;
        if let Some(first) = last_id.next() {
            let span = Span { first, ..Span::ALL };
            reply_entries(stream.read(), span, count, reply, |id| {
                past.advance(&mut progress, id);
                ids.push(id);
            });
        }
        stream.count_changes(1);
        let groups = stream.groups();
        groups.set_progress(group, progress);
        changes.progress = Some(progress);
        if !is_acknowledged {
            for id in ids {
                let pending = Pending { consumer, delivered_ms: now_ms, deliveries: 1 };
                groups.set_pending(group, id, pending);
                changes.delivered.push((id, pending));
            }
            groups.note_seen(group, consumer, now_ms, Some(now_ms));
        }
    }

    /// Delivers once more what the consumer got behind the entry called `after` and has not acknowledged.
    fn repeat(
        self,
        stream: &mut StreamMut<'_>,
        after: StreamId,
        changes: &mut GroupChanges,
        reply: &mut Reply,
    ) {
        let Delivery { group, consumer, now_ms, count } = self;
        let mut held = Vec::new();
        if let Some(from) = after.next() {
            let visit = &mut |id, pending| {
                held.push((id, pending));
                held.len() != count
            };
            stream.read().groups().visit_pending(group, Some(consumer), from, visit);
        }
        reply.array(held.len());
        for (id, pending) in held {
            if reply_if_there(stream.read(), id, reply) {
                let again = Pending { delivered_ms: now_ms, deliveries: pending.deliveries.saturating_add(1), ..pending };
                stream.groups().set_pending(group, id, again);
                changes.delivered.push((id, again));
            } else {
                reply.array(2);
                reply_id(id, reply);
                reply.null_array();
            }
        }
        stream.count_changes(1);
    }
}
