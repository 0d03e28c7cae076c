//! XGROUP SETID: see its summary.

use values::stream::Progress;

use super::super::group::find_group;
use super::super::id::parse_any_id;
use super::{NO_STREAM, Options, start};
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "xgroup|setid",
    group: Stream,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Sets the last-delivered ID of a consumer group.",
    handler: Write(run),
    arity: -5,
    examples: r#"
        > XADD jobs 1-1 what mail
        "1-1"
        > XGROUP CREATE jobs workers $
        OK
        > XGROUP SETID jobs workers 0
        OK
        > XREADGROUP GROUP workers ann STREAMS jobs >
        1) 1) "jobs"
           2) 1) 1) "1-1"
                 2) 1) "what"
                    2) "mail"
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
        Spec { access: Some("RW UPDATE"), ..Key::SPEC.named("key") },
        Spec::of(Kind::String).named("group"),
        Spec::one_of(&[Spec::of(Kind::String).named("id"), Spec::TOKEN.named("new-id").with_token("$")])
            .named("id-selector"),
        Spec { optional: true, ..Spec::of(Kind::Integer).named("entriesread").with_token("ENTRIESREAD") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let (key, group, from) = (Key::parse(parser)?, parser.next()?, parser.next()?);
        Ok(Args { key, group, from, options: Options::parse(parser, false)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut stream = txn.stream_mut(&args.key)?.ok_or(NO_STREAM)?;
    let group = find_group(stream.read().groups(), &args.key, args.group)?;
    let last_id = start(args.from, stream.read().state().last_id, |word| parse_any_id(word, 0))?;
    stream.groups().set_progress(group, Progress { last_id, entries_read: args.options.entries_read });
    stream.count_changes(1);
    stream.tell("xgroup-setid");
    reply.ok();
    Ok(())
}
