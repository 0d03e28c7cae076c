//! XINFO STREAM: see its summary.

use values::stream::{GroupNumber, Groups, Span, StreamId, StreamRef};

use super::super::group::{Past, reply_known, unknown_option};
use super::super::id::reply_id;
use super::super::range::{reply_entries, reply_if_there};
use super::name;
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xinfo|stream",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Returns information about a stream.",
    handler: Read(run),
    arity: -3,
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XINFO STREAM readings
         1) "length"
         2) (integer) 1
         3) "radix-tree-keys"
         4) (integer) 1
         5) "radix-tree-nodes"
         6) (integer) 2
         7) "last-generated-id"
         8) "1-1"
         9) "max-deleted-entry-id"
        10) "0-0"
        11) "entries-added"
        12) (integer) 1
        13) "recorded-first-entry-id"
        14) "1-1"
        15) "groups"
        16) (integer) 0
        17) "first-entry"
        18) 1) "1-1"
            2) 1) "celsius"
               2) "21"
        19) "last-entry"
        20) 1) "1-1"
            2) 1) "celsius"
               2) "21"
        > XINFO STREAM readings FULL COUNT 1
        *
    "#,
}

/// The stream, and how many of everything, if all of it is to be shown.
pub struct Args<'a> {
    key: Key<'a>,
    /// 0 is all.
    full: Option<usize>,
}

/// As many entries as FULL shows without a count.
const COUNT_DEFAULT: usize = 10;

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[
        Key::SPEC.named("key"),
        Spec {
            optional: true,
            ..Spec::block(&[
                Spec::TOKEN.named("full").with_token("FULL"),
                Spec { optional: true, ..Spec::of(Kind::Integer).named("count").with_token("COUNT") },
            ])
            .named("full-block")
        },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let key = Key::parse(parser)?;
        let unknown = unknown_option("XINFO", &shown(parser.subcommand()));
        let words = parser.take_rest();
        let is = |place: usize, token: &str| {
            words.get(place).is_some_and(|word: &[u8]| word.eq_ignore_ascii_case(token.as_bytes()))
        };
        let full = match words.len() {
            0 => None,
            1 if is(0, "FULL") => Some(COUNT_DEFAULT),
            3 if is(0, "FULL") && is(1, "COUNT") => {
                let count = words.get(2).and_then(base::number::parse_i64).ok_or(Error::NotInteger)?;
                Some(usize::try_from(count).unwrap_or(COUNT_DEFAULT))
            }
            _ => return Err(unknown),
        };
        Ok(Args { key, full })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let stream = view.stream(&args.key)?.ok_or(Error::NoSuchKey)?;
    let (state, past) = (stream.state(), Past::of(stream));
    reply.map(if args.full.is_some() { 9 } else { 10 });
    name("length", reply);
    reply.integer(stream.len() as i64);
    // There is no radix tree: its keys are the pieces that entries are held in, and its nodes one more.
    name("radix-tree-keys", reply);
    reply.integer(stream.blocks() as i64);
    name("radix-tree-nodes", reply);
    reply.integer(stream.blocks() as i64 + 1);
    name("last-generated-id", reply);
    reply_id(state.last_id, reply);
    name("max-deleted-entry-id", reply);
    reply_id(state.max_deleted_id, reply);
    name("entries-added", reply);
    reply.integer(state.entries_added.cast_signed());
    name("recorded-first-entry-id", reply);
    reply_id(past.first_id(), reply);
    match args.full {
        None => {
            name("groups", reply);
            reply.integer(stream.groups().count() as i64);
            name("first-entry", reply);
            reply_one(stream, stream.first_id(), reply);
            name("last-entry", reply);
            reply_one(stream, stream.top_id(), reply);
        }
        Some(count) => {
            name("entries", reply);
            reply_entries(stream, Span::ALL, count, reply, |_| ());
            name("groups", reply);
            reply.array(stream.groups().count());
            stream.groups().visit(&mut |group_name, number| {
                reply_group(stream.groups(), past, group_name, number, count, reply);
            });
        }
    }
    Ok(())
}

fn reply_one(stream: StreamRef<'_>, id: Option<StreamId>, reply: &mut Reply) {
    if !id.is_some_and(|id| reply_if_there(stream, id, reply)) {
        reply.null();
    }
}

fn reply_group(
    groups: &dyn Groups,
    past: Past,
    group_name: &[u8],
    number: GroupNumber,
    count: usize,
    reply: &mut Reply,
) {
    let group = groups.group(number);
    reply.map(7);
    name("name", reply);
    reply.bulk(group_name);
    name("last-delivered-id", reply);
    reply_id(group.progress.last_id, reply);
    name("entries-read", reply);
    reply_known(group.progress.entries_read.map(u64::cast_signed), reply);
    name("lag", reply);
    reply_known(past.lag(group.progress), reply);
    name("pel-count", reply);
    reply.integer(group.pending as i64);
    name("pending", reply);
    let (mark, mut given) = (reply.begin(), 0);
    groups.visit_pending(number, None, StreamId::MIN, &mut |id, pending| {
        reply.array(4);
        reply_id(id, reply);
        reply.bulk(groups.consumer(number, pending.consumer).0);
        reply.integer(pending.delivered_ms as i64);
        reply.integer(pending.deliveries as i64);
        given += 1;
        given != count
    });
    reply.end_array(mark, given);
    name("consumers", reply);
    reply.array(group.consumers);
    groups.visit_consumers(number, &mut |consumer_name, consumer_number, consumer| {
        reply.map(5);
        name("name", reply);
        reply.bulk(consumer_name);
        name("seen-time", reply);
        reply.integer(consumer.seen_ms as i64);
        name("active-time", reply);
        reply.integer(consumer.active_ms.map_or(-1, |active_ms| active_ms as i64));
        name("pel-count", reply);
        reply.integer(consumer.pending as i64);
        name("pending", reply);
        let (mark, mut given) = (reply.begin(), 0);
        groups.visit_pending(number, Some(consumer_number), StreamId::MIN, &mut |id, pending| {
            reply.array(3);
            reply_id(id, reply);
            reply.integer(pending.delivered_ms as i64);
            reply.integer(pending.deliveries as i64);
            given += 1;
            given != count
        });
        reply.end_array(mark, given);
    });
}
