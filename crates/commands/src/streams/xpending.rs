//! XPENDING: what was delivered and is not acknowledged.

use values::stream::{GroupNumber, Span, StreamId, StreamRef};

use super::group::no_key_or_group;
use super::id::{parse_span, reply_id};
use super::xclaim::is_idle;
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xpending",
    group: Stream,
    since: "5.0.0",
    complexity: "O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
    summary: "Returns the information and entries from a stream consumer group's pending entries list.",
    handler: Read(xpending),
    arity: -3,
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        *
        > XPENDING jobs workers
        1) (integer) 1
        2) "1-1"
        3) "1-1"
        4) 1) 1) "ann"
              2) "1"
        > XPENDING jobs workers IDLE 3600000 - + 10
        (empty array)
        > XPENDING jobs workers - + 10 bob
        (empty array)
    "#,
}

/// The group, and which of its entries if not a summary.
pub struct Args<'a> {
    key: Key<'a>,
    group: &'a [u8],
    filters: Option<Filters<'a>>,
}

struct Filters<'a> {
    idle_min_ms: i64,
    span: Span,
    count: usize,
    consumer: Option<&'a [u8]>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[
        Key::SPEC.named("key"),
        Spec::of(Kind::String).named("group"),
        Spec {
            optional: true,
            ..Spec::block(&[
                Spec {
                    optional: true,
                    ..Spec::of(Kind::Integer).named("min-idle-time").with_token("IDLE")
                },
                Spec::of(Kind::String).named("start"),
                Spec::of(Kind::String).named("end"),
                Spec::of(Kind::Integer).named("count"),
                Spec { optional: true, ..Spec::of(Kind::String).named("consumer") },
            ])
            .named("filters")
        },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let (key, group) = (Key::parse(parser)?, parser.next()?);
        let filters = match parser.remaining() {
            0 => None,
            3..=6 => Some(Filters::parse(parser)?),
            _ => return Err(Error::Syntax),
        };
        Ok(Args { key, group, filters })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

impl<'a> Filters<'a> {
    fn parse(parser: &mut Parser<'a>) -> Result<Filters<'a>> {
        let mut idle_min_ms = 0;
        if parser.peek().is_some_and(|word| word.eq_ignore_ascii_case(b"IDLE")) {
            parser.skip();
            idle_min_ms = i64::parse(parser)?;
            if parser.remaining() < 3 {
                return Err(Error::Syntax);
            }
        }
        let (start, end) = (parser.next()?, parser.next()?);
        let count = usize::try_from(i64::parse(parser)?).unwrap_or(0);
        let span = parse_span(start, end, false)?;
        let consumer = parser.next().ok();
        parser.take_rest();
        Ok(Filters { idle_min_ms, span, count, consumer })
    }
}

fn xpending(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let stream = view.stream(&args.key)?;
    let group = stream.and_then(|stream| Some((stream, stream.groups().find(args.group)?)));
    let (stream, group) = group.ok_or_else(|| no_key_or_group(&args.key, args.group))?;
    match args.filters {
        None => reply_summary(stream, group, reply),
        Some(filters) => reply_pending(stream, group, &filters, view.now_ms(), reply),
    }
    Ok(())
}

fn reply_summary(stream: StreamRef<'_>, group: GroupNumber, reply: &mut Reply) {
    let groups = stream.groups();
    let mut first = None;
    groups.visit_pending(group, None, StreamId::MIN, &mut |id, _| {
        first = Some(id);
        false
    });
    reply.array(4);
    reply.integer(groups.group(group).pending as i64);
    let (Some(first), Some(last)) = (first, groups.last_pending(group)) else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    reply_id(first, reply);
    reply_id(last, reply);
    let (mark, mut given) = (reply.begin(), 0);
    groups.visit_consumers(group, &mut |name, _, consumer| {
        if consumer.pending > 0 {
            given += 1;
            reply.array(2);
            reply.bulk(name);
            reply.bulk_integer(consumer.pending as i64);
        }
    });
    reply.end_array(mark, given);
}

fn reply_pending(
    stream: StreamRef<'_>,
    group: GroupNumber,
    filters: &Filters<'_>,
    now_ms: u64,
    reply: &mut Reply,
) {
    let groups = stream.groups();
    let consumer = filters.consumer.map(|name| groups.find_consumer(group, name));
    if consumer == Some(None) || filters.count == 0 {
        return reply.empty_array();
    }
    let (mark, mut given) = (reply.begin(), 0);
    groups.visit_pending(group, consumer.flatten(), filters.span.first, &mut |id, pending| {
        if id > filters.span.last || given == filters.count {
            return false;
        }
        if filters.idle_min_ms == 0 || is_idle(pending, filters.idle_min_ms, now_ms) {
            given += 1;
            reply.array(4);
            reply_id(id, reply);
            reply.bulk(groups.consumer(group, pending.consumer).0);
            reply.integer(now_ms.saturating_sub(pending.delivered_ms) as i64);
            reply.integer(pending.deliveries as i64);
        }
        true
    });
    reply.end_array(mark, given);
}
