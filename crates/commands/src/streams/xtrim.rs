//! XTRIM: cuts the oldest entries of a stream off.

use super::trimming::{Options, Trimming};
use crate::prelude::*;

command! {
    name: "xtrim",
    group: Stream,
    since: "5.0.0",
    complexity: "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
    summary: "Deletes messages from the beginning of a stream.",
    handler: Write(xtrim),
    arity: -4,
    examples: r#"
        > XADD readings 1-0 celsius 21
        "1-0"
        > XADD readings 2-0 celsius 22
        "2-0"
        > XADD readings 3-0 celsius 23
        "3-0"
        > XTRIM readings MAXLEN 2
        (integer) 1
        > XTRIM readings MINID = 3
        (integer) 1
        > XTRIM readings MAXLEN ~ 0
        (integer) 1
        > XTRIM readings MAXLEN 1 LIMIT 5
        (error) ERR syntax error, LIMIT cannot be used without the special ~ option
    "#,
}

/// What is to be cut off.
pub struct Args<'a> {
    key: Key<'a>,
    trimming: Trimming,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec =
        Spec::block(&[Spec { access: Some("RW DELETE"), ..Key::SPEC.named("key") }, Trimming::SPEC]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOTHING: Error =
            Error::fixed("ERR syntax error, XTRIM must be called with a trimming strategy");
        let key = Key::parse(parser)?;
        let trimming = Options::parse(parser, false)?.trimming.ok_or(NOTHING)?;
        Ok(Args { key, trimming })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
    }
}

fn xtrim(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let trim = args.trimming.resolve(txn.limits());
    let Some(mut stream) = txn.stream_mut(&args.key)? else {
        reply.integer(0);
        return Ok(());
    };
    let removed = stream.trim(trim);
    if removed > 0 {
        stream.tell("xtrim");
    }
    let len = stream.read().len();
    drop(stream);
    if removed > 0 {
        let len = len.to_string();
        txn.did(|did| did.command([b"XTRIM", args.key.bytes, b"MAXLEN", b"=", len.as_bytes()]));
    }
    reply.integer(removed as i64);
    Ok(())
}
