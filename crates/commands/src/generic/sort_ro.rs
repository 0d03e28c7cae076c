//! SORT_RO: SORT for those who may not write.

use super::sorting::{self, Options};

use crate::prelude::*;

command! {
    name: "sort_ro",
    group: Generic,
    since: "7.0.0",
    complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements.",
    summary: "Returns the sorted elements of a list, a set, or a sorted set.",
    handler: Read(run),
    scope: |args: &Args<'_>| args.options.scope(),
    arity: -2,
    flags: [Dangerous],
    examples: r#"
        > SADD tags red blue
        (integer) 2
        > SORT_RO tags ALPHA
        1) "blue"
        2) "red"
    "#,
}

/// The key, and how to sort.
pub struct Args<'a> {
    key: Key<'a>,
    options: Options<'a>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[Key::SPEC.named("key").with_access("RO ACCESS"), sorting::READ_ONLY.named("options")]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Args { key: Key::parse(parser)?, options: Options::read(parser, false)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
        self.options.store.keys(visit);
    }
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let sorted = sorting::sort(view, &args.key, &args.options)?;
    sorting::reply_sorted(&sorted, reply);
    Ok(())
}
