//! XADD: adds an entry to a stream.

use values::stream::StreamId;

use super::id::{NewId, id_text, reply_id};
use super::trimming::{Options, Trimming};
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xadd",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
    summary: "Appends a new message to a stream. Creates the key if it doesn't exist.",
    handler: Write(xadd),
    arity: -5,
    flags: [DenyOom, Fast],
    examples: r#"
        > XADD readings 1-1 sensor 7 celsius 21
        "1-1"
        > XADD readings 1-* sensor 8 celsius 19
        "1-2"
        > XADD readings 1-2 sensor 7 celsius 22
        (error) ERR The ID specified in XADD is equal or smaller than the target stream top item
        > XADD readings MAXLEN 1 2-0 sensor 7 celsius 22
        "2-0"
        > XLEN readings
        (integer) 1
        > XADD missing NOMKSTREAM * field value
        (nil)
        > XADD readings * sensor 7
        *
    "#,
}

/// An entry, and what is to be cut off for it.
pub struct Args<'a> {
    key: Key<'a>,
    options: Options,
    id: NewId,
    /// The fields and values.
    pairs: resp::Arguments<'a>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec { access: Some("RW UPDATE"), ..Key::SPEC.named("key") },
        Spec { optional: true, ..Spec::TOKEN.named("nomkstream").with_token("NOMKSTREAM") },
        Spec { optional: true, ..Trimming::SPEC },
        Spec::one_of(&[Spec::TOKEN.named("auto-id").with_token("*"), Spec::of(Kind::String).named("id")])
            .named("id-selector"),
        Spec {
            multiple: true,
            ..Spec::block(&[Spec::of(Kind::String).named("field"), Spec::of(Kind::String).named("value")])
                .named("data")
        },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let key = Key::parse(parser)?;
        let options = Options::parse(parser, true)?;
        let id = NewId::parse(parser.next().map_err(|_| Error::WrongArity)?)?;
        let pairs = parser.take_rest();
        if pairs.is_empty() || pairs.len() % 2 == 1 {
            return Err(Error::WrongArity);
        }
        if matches!(id, NewId::Given(StreamId::MIN)) {
            return Err(Error::fixed("ERR The ID specified in XADD must be greater than 0-0"));
        }
        Ok(Args { key, options, id, pairs })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

/// The items of an entry may have so many bytes together.
const ENTRY_BYTES_MAX: usize = 1 << 30;

fn xadd(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const EXHAUSTED: Error =
        Error::fixed("ERR The stream has exhausted the last possible ID, unable to add more items");
    const NOT_GREATER: Error =
        Error::fixed("ERR The ID specified in XADD is equal or smaller than the target stream top item");
    let is_exact = matches!(args.id, NewId::Given(_)) && args.options.trimming.is_none();
    let trim = args.options.trimming.map(|trimming| trimming.resolve(txn.limits()));
    let now_ms = txn.now_ms();
    let mut stream = if args.options.must_exist {
        match txn.stream_mut(&args.key)? {
            Some(stream) => stream,
            None => {
                reply.null();
                return Ok(());
            }
        }
    } else {
        txn.stream_or_new(&args.key)?
    };
    let last = stream.read().state().last_id;
    if last == StreamId::MAX {
        return Err(EXHAUSTED);
    }
    let id = args.id.after(last, now_ms).ok_or(NOT_GREATER)?;
    if args.pairs.iter().map(<[u8]>::len).sum::<usize>() > ENTRY_BYTES_MAX {
        return Err(Error::new("Elements are too large to be stored"));
    }
    stream.append(id, args.pairs.iter());
    stream.tell("xadd");
    if let Some(trim) = trim
        && stream.trim(trim) > 0
    {
        stream.tell("xtrim");
    }
    let len = trim.map(|_| stream.read().len());
    drop(stream);
    if !is_exact {
        did_add(txn, &args.key, id, len, args.pairs);
    }
    reply_id(id, reply);
    Ok(())
}

/// Says which entry was added, and how many there are where others were cut off for it.
fn did_add(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    id: StreamId,
    len: Option<usize>,
    pairs: resp::Arguments<'_>,
) {
    txn.did(|did| {
        let (len, id) = (len.map(|len| len.to_string()), id_text(id));
        let trim = len.iter().flat_map(|len| [b"MAXLEN", b"=".as_slice(), len.as_bytes()]);
        let words = [b"XADD".as_slice(), key.bytes].into_iter().chain(trim);
        did.command(words.chain([id.as_slice()]).chain(pairs));
    });
}
