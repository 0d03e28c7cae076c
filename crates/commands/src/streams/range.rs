//! Entries as replies, and the ranges of them that XRANGE and XREVRANGE give.

use values::stream::{Entry, Span, StreamId, StreamRef};

use super::id::{parse_span, reply_id};
use crate::prelude::*;

/// Writes an entry: its name, and its fields and values in a row.
pub(super) fn reply_entry(entry: Entry<'_>, reply: &mut Reply) {
    reply.array(2);
    reply_id(entry.id, reply);
    reply.array(entry.fields.len() * 2);
    for (field, value) in entry.fields {
        reply.bulk(&field);
        reply.bulk(&value);
    }
}

/// Writes the entries of `span`, at most `count` if that is not zero, as an array, and says what they are called.
pub(super) fn reply_entries(
    stream: StreamRef<'_>,
    span: Span,
    count: usize,
    reply: &mut Reply,
    mut visit: impl FnMut(StreamId),
) {
    let mark = reply.begin();
    let mut given = 0;
    stream.visit(span, &mut |entry| {
        reply_entry(entry, reply);
        visit(entry.id);
        given += 1;
        given != count && !reply.give_up_if_too_long()
    });
    reply.end_array(mark, given);
}

/// Writes the entry called `id` and says whether there is one.
pub(super) fn reply_if_there(stream: StreamRef<'_>, id: StreamId, reply: &mut Reply) -> bool {
    let mut is_there = false;
    stream.visit(Span::one(id), &mut |entry| {
        reply_entry(entry, reply);
        is_there = true;
        false
    });
    is_there
}

/// At most so many; less than none is none.
#[derive(Clone, Copy)]
pub(super) struct Count(pub usize);

impl<'a> Parse<'a> for Count {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let count = i64::parse(parser)?;
        Ok(Count(usize::try_from(count).unwrap_or(0)))
    }
}

#[derive(Args)]
pub(super) struct Options {
    #[arg(token = "COUNT", repeats)]
    count: Option<Count>,
}

/// Replies with the entries between two names.
pub(super) fn reply_range(
    view: &ReadView<'_>,
    key: &Key<'_>,
    [start, end]: [&[u8]; 2],
    backward: bool,
    options: Rest<'_, Options>,
    reply: &mut Reply,
) -> Result<()> {
    let span = parse_span(start, end, backward)?;
    let count = options.read()?.count;
    match (view.stream(key)?, count) {
        (None, _) => reply.empty_array(),
        (Some(_), Some(Count(0))) => reply.null_array(),
        (Some(stream), count) => reply_entries(stream, span, count.map_or(0, |count| count.0), reply, |_| ()),
    }
    Ok(())
}
