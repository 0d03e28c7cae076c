//! XREAD: what was added to streams, or will be.

use smallvec::SmallVec;
use values::stream::{Span, StreamId};

use super::id::{id_text, parse_id};
use super::range::reply_entries;
use super::reading::{Reading, StreamsReply, XREAD};
use crate::prelude::*;

command! {
    name: "xread",
    group: Stream,
    since: "5.0.0",
    complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.",
    summary: "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is available otherwise.",
    handler: BlockingRead(xread),
    arity: -4,
    examples: r#"
        > XADD readings 1-1 celsius 21
        "1-1"
        > XADD readings 2-1 celsius 22
        "2-1"
        > XREAD COUNT 1 STREAMS readings missing 1-1 0
        1) 1) "readings"
           2) 1) 1) "2-1"
                 2) 1) "celsius"
                    2) "22"
        > XREAD STREAMS readings $
        (nil)
        > XREAD BLOCK 10 STREAMS readings $
        (nil)
    "#,
}

/// The streams, and from where to read them.
pub struct Args<'a>(Reading<'a>);

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = XREAD;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Reading::parse(parser, false).map(Args)
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.keys(visit);
    }
}

fn xread(view: &ReadView<'_>, Args(reading): &Args<'_>, reply: &mut Reply) -> Result<Attempt> {
    const OF_A_GROUP: Error = Error::fixed(
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
    );
    const NOTHING_BEFORE: Error = Error::fixed("ERR the stream last element ID is 0-0");
    let mut words = Vec::new();
    let mut streams = SmallVec::<[_; 4]>::new();
    for (place, source) in reading.sources.iter().enumerate() {
        let stream = view.stream(&source.key)?;
        let last_id = stream.map(|stream| stream.state().last_id);
        let after = match source.from {
            b"$" => {
                let last_id = last_id.unwrap_or_default();
                words.push((reading.from_at + place, id_text(last_id).to_vec()));
                last_id
            }
            b"+" => match last_id {
                Some(last_id) => last_id.previous().ok_or(NOTHING_BEFORE)?,
                None => StreamId::MIN,
            },
            b">" => return Err(OF_A_GROUP),
            word => parse_id(word, 0)?,
        };
        streams.push((source.key, stream, after));
    }
    let mut given = StreamsReply::begin(reply);
    for (key, stream, after) in streams {
        let (Some(stream), Some(first)) = (stream, after.next()) else { continue };
        if stream.top_id().is_some_and(|top| top >= first) {
            given.next(&key, reply);
            let span = Span { first, ..Span::ALL };
            reply_entries(stream, span, reading.count, reply, |_| ());
        }
    }
    Ok(if given.end(reply) { Attempt::Done } else { reading.wait(words) })
}
