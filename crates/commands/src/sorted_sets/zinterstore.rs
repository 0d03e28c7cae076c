//! ZINTERSTORE: keeps what is in all of several sorted sets.

use super::combination::{Combination, Operation, store};

use crate::prelude::*;

command! {
    name: "zinterstore",
    group: SortedSet,
    since: "2.0.0",
    complexity: "O(N)+O(M log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set.",
    summary: "Stores the intersect of multiple sorted sets in a key.",
    handler: Write(run),
    arity: -4,
    flags: [DenyOom],
    examples: r#"
        > ZADD first 1 a 2 b
        (integer) 2
        > ZADD second 10 b 20 c
        (integer) 2
        > ZINTERSTORE result 2 first second WEIGHTS 1 2 AGGREGATE MAX
        (integer) 1
        > ZSCORE result b
        "20"
    "#,
}

/// The sets to combine, and how.
pub struct Args<'a> {
    destination: Key<'a>,
    combination: Combination<'a>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[Key::SPEC.named("destination").with_access("OW UPDATE"), Combination::STORED_SPEC.named("sources").with_access("RO ACCESS")]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Args { destination: Key::parse(parser)?, combination: Combination::read(parser, false)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.destination);
        self.combination.keys(visit);
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let members = args.combination.combine(txn, Operation::Intersection)?;
    reply.integer(members.len() as i64);
    store(txn, &args.destination, members);
    Ok(())
}
