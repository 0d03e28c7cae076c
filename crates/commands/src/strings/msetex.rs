//! MSETEX: makes several keys strings, all of them or none, with one expiry.

use super::expiry::{SetExpiry, did_set};
use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "msetex",
    group: String,
    since: "8.4.0",
    complexity: "O(N) where N is the number of keys to set.",
    summary: "Atomically sets multiple string keys with an optional shared expiration in a single operation.",
    handler: Write(msetex),
    arity: -4,
    flags: [DenyOom],
    examples: r#"
        > MSETEX 2 a 1 b 2 EX 100
        (integer) 1
        > TTL b
        (integer) 100
        > MSETEX 2 b 3 c 4 NX
        (integer) 0
        > MSETEX 1 a 5 XX KEEPTTL
        (integer) 1
        > TTL a
        (integer) 100
        > MSETEX 2 a 1
        (error) ERR wrong number of key-value pairs
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "OW UPDATE")]
    data: Pairs<'a>,
    condition: Option<Condition>,
    #[arg(name = "expiration")]
    expiry: Option<SetExpiry<'a>>,
}

/// A number of keys, then that many keys with their values.
struct Pairs<'a>(Many<(Key<'a>, &'a [u8])>);

impl<'a> Parse<'a> for Pairs<'a> {
    const SPEC: Spec = Spec {
        counted: true,
        multiple: true,
        ..Spec::block(&[Spec::of(Kind::Key).named("key"), Spec::of(Kind::String).named("value")])
    };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const INVALID: Error = Error::fixed("ERR invalid numkeys value");
        const TOO_FEW: Error = Error::fixed("ERR wrong number of key-value pairs");
        let count = base::number::parse_i64(parser.next()?).and_then(|count| usize::try_from(count).ok());
        let count = count.filter(|count| *count > 0).ok_or(INVALID)?;
        if count > parser.remaining() / 2 {
            return Err(TOO_FEW);
        }
        (0..count).map(|_| Ok((Key::parse(parser)?, parser.next()?))).collect::<Result<_>>().map(Pairs)
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        self.0.iter().for_each(|(key, _)| visit(*key));
    }
}

#[derive(Args)]
enum Condition {
    #[arg(token = "NX")]
    Absent,
    #[arg(token = "XX")]
    Present,
}

fn msetex(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    let deadline = match args.expiry {
        Some(expiry) => expiry.deadline(txn.now_ms(), "msetex")?,
        None => Deadline::Never,
    };
    let Pairs(pairs) = &args.data;
    let holds = match args.condition {
        None => true,
        Some(Condition::Absent) => pairs.iter().all(|(key, _)| txn.peek(key).is_none()),
        Some(Condition::Present) => pairs.iter().all(|(key, _)| txn.peek(key).is_some()),
    };
    if holds {
        for (key, value) in pairs {
            let before = txn.changes();
            txn.set_string(key, value, deadline);
            did_set(txn, before, key, value, deadline);
        }
    }
    reply.integer(i64::from(holds));
    Ok(())
}
