//! XGROUP CREATE: see its summary.

use values::stream::Progress;

use super::super::id::parse_id;
use super::{NO_STREAM, Options, start};
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xgroup|create",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Creates a consumer group.",
    handler: Write(run),
    arity: -5,
    flags: [DenyOom],
    examples: r#"
        > XGROUP CREATE jobs workers $ MKSTREAM
        OK
        > XGROUP CREATE jobs workers 0
        (error) BUSYGROUP Consumer Group name already exists
        > XGROUP CREATE missing workers $
        (error) ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
    "#,
}

/// The group, and from where it is to read.
pub struct Args<'a> {
    key: Key<'a>,
    group: &'a [u8],
    from: &'a [u8],
    options: Options,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec { access: Some("RW INSERT"), ..Key::SPEC.named("key") },
        Spec::of(Kind::String).named("group"),
        Spec::one_of(&[Spec::of(Kind::String).named("id"), Spec::TOKEN.named("new-id").with_token("$")])
            .named("id-selector"),
        Spec { optional: true, ..Spec::TOKEN.named("mkstream").with_token("MKSTREAM") },
        Spec { optional: true, ..Spec::of(Kind::Integer).named("entriesread").with_token("ENTRIESREAD") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let (key, group, from) = (Key::parse(parser)?, parser.next()?, parser.next()?);
        Ok(Args { key, group, from, options: Options::parse(parser, true)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let last_id = txn.stream_mut(&args.key)?.map(|stream| stream.read().state().last_id);
    if last_id.is_none() && !args.options.makes_stream {
        return Err(NO_STREAM);
    }
    let is_new = last_id.is_none();
    let last_id = start(args.from, last_id.unwrap_or_default(), |word| parse_id(word, 0))?;
    let mut stream = txn.stream_or_new(&args.key)?;
    if stream.read().groups().find(args.group).is_some() {
        return Err(Error::fixed("BUSYGROUP Consumer Group name already exists"));
    }
    let progress = Progress { last_id, entries_read: args.options.entries_read };
    stream.groups().create(args.group, progress);
    if is_new { stream.note_change() } else { stream.count_changes(1) }
    stream.tell("xgroup-create");
    reply.ok();
    Ok(())
}
