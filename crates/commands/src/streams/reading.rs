//! What XREAD and XREADGROUP take: which streams, from where, how many entries, and how long to wait for them.

use smallvec::SmallVec;

use super::range::Count;
use crate::args::Kind;
use crate::prelude::*;

/// The group that reads, and who of it.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub group: &'a [u8],
    pub consumer: &'a [u8],
}

/// One of the streams, and the word that says from where.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub key: Key<'a>,
    pub from: &'a [u8],
}

/// The arguments of both commands.
pub(super) struct Reading<'a> {
    pub reader: Option<Reader<'a>>,
    /// Whether what is delivered counts as acknowledged.
    pub is_acknowledged: bool,
    /// Entries of each stream; 0 for all.
    pub count: usize,
    /// Whether to wait, and how many milliseconds if not for ever.
    pub block: Option<Option<u64>>,
    pub sources: SmallVec<[Source<'a>; 4]>,
    /// The number of the word that says from where to read the first stream.
    pub from_at: usize,
}

const STREAMS: Spec = Spec::block(&[
    Spec { multiple: true, access: Some("RO ACCESS"), ..Spec::of(Kind::Key).named("key") },
    Spec { multiple: true, ..Spec::of(Kind::String).named("ID") },
])
.named("streams")
.with_token("STREAMS");

const COUNT: Spec = Spec { optional: true, ..Spec::of(Kind::Integer).named("count").with_token("COUNT") };

const BLOCK: Spec =
    Spec { optional: true, ..Spec::of(Kind::Integer).named("milliseconds").with_token("BLOCK") };

/// XREAD's arguments.
pub(super) const XREAD: Spec = Spec::block(&[COUNT, BLOCK, STREAMS]);

/// XREADGROUP's arguments.
pub(super) const XREADGROUP: Spec = Spec::block(&[
    Spec::block(&[Spec::of(Kind::String).named("group"), Spec::of(Kind::String).named("consumer")])
        .named("group-block")
        .with_token("GROUP"),
    COUNT,
    BLOCK,
    Spec { optional: true, ..Spec::TOKEN.named("noack").with_token("NOACK") },
    STREAMS,
]);

impl<'a> Reading<'a> {
    /// Reads the arguments, of XREADGROUP where `is_group`.
    pub fn parse(parser: &mut Parser<'a>, is_group: bool) -> Result<Reading<'a>> {
        let (mut reader, mut is_acknowledged, mut count, mut block) = (None, false, 0, None);
        while let Ok(word) = parser.next() {
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            let more = parser.remaining();
            if is("BLOCK") && more > 0 {
                block = Some(milliseconds(parser)?);
            } else if is("COUNT") && more > 0 {
                count = Count::parse(parser)?.0;
            } else if is("STREAMS") && more > 0 {
                let (sources, from_at) = sources(parser, is_group)?;
                if is_group && reader.is_none() {
                    return Err(Error::fixed("ERR Missing GROUP option for XREADGROUP"));
                }
                return Ok(Reading { reader, is_acknowledged, count, block, sources, from_at });
            } else if is("GROUP") && more >= 2 {
                if !is_group {
                    return Err(only_of_groups("GROUP"));
                }
                reader = Some(Reader { group: parser.next()?, consumer: parser.next()? });
            } else if is("NOACK") {
                if !is_group {
                    return Err(only_of_groups("NOACK"));
                }
                is_acknowledged = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Err(Error::Syntax)
    }

    /// Names the streams.
    pub fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.sources.iter().for_each(|source| visit(source.key));
    }

    /// What is to be done where there was nothing to read; `words` are to be put in for those that depend on the
    /// moment.
    pub fn wait(&self, words: Vec<(usize, Vec<u8>)>) -> Attempt {
        match self.block {
            None => Attempt::Done,
            Some(timeout_ms) => Attempt::Wait(Wait { timeout_ms, words, ..Wait::default() }),
        }
    }
}

fn only_of_groups(option: &str) -> Error {
    Error::new(format_args!("The {option} option is only supported by XREADGROUP. You called XREAD instead."))
}

/// A timeout in milliseconds; `None` is for ever.
fn milliseconds(parser: &mut Parser<'_>) -> Result<Option<u64>> {
    const NOT_INTEGER: Error = Error::fixed("ERR timeout is not an integer or out of range");
    const NEGATIVE: Error = Error::fixed("ERR timeout is negative");
    let timeout_ms = base::number::parse_i64(parser.next()?).ok_or(NOT_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| NEGATIVE)?;
    Ok(Some(timeout_ms).filter(|timeout_ms| *timeout_ms > 0))
}

/// The streams, to the end of the request, and which word says where to begin with the first.
fn sources<'a>(parser: &mut Parser<'a>, is_group: bool) -> Result<(SmallVec<[Source<'a>; 4]>, usize)> {
    let begin = parser.position();
    let words = parser.take_rest();
    if words.len() % 2 == 1 {
        let (name, symbol) = if is_group { ("xreadgroup", '>') } else { ("xread", '$') };
        return Err(Error::new(format_args!(
            "Unbalanced '{name}' list of streams: for each stream key an ID or '{symbol}' must be specified."
        )));
    }
    let count = words.len() / 2;
    let pairs = words.iter().zip(words.skip(count).iter());
    let sources = pairs.map(|(key, from)| Source { key: Key::new(key), from }).collect();
    Ok((sources, begin + count))
}

/// Writes what several streams gave: each that gave something with its name.
pub(super) struct StreamsReply {
    mark: resp::Mark,
    given: usize,
}

impl StreamsReply {
    pub fn begin(reply: &Reply) -> StreamsReply {
        StreamsReply { mark: reply.begin(), given: 0 }
    }

    /// The entries of the stream called `key` follow.
    pub fn next(&mut self, key: &Key<'_>, reply: &mut Reply) {
        self.given += 1;
        if reply.version() == resp::Version::Resp2 {
            reply.array(2);
        }
        reply.bulk(key.bytes);
    }

    /// Ends it, and says whether any stream gave something; where none did, it is nothing.
    pub fn end(self, reply: &mut Reply) -> bool {
        match (self.given, reply.version()) {
            (0, _) => reply.null_array(),
            (given, resp::Version::Resp2) => reply.end_array(self.mark, given),
            (given, resp::Version::Resp3) => reply.end_map(self.mark, given),
        }
        self.given > 0
    }
}
