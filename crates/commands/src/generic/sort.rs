//! SORT: the elements of a collection in an order.

use super::sorting::{self, Options};

use crate::prelude::*;

command! {
    name: "sort",
    group: Generic,
    since: "1.0.0",
    complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements.",
    summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.",
    handler: Write(run),
    scope: |args: &Args<'_>| args.options.scope(),
    arity: -2,
    flags: [Dangerous, DenyOom],
    examples: r#"
        > RPUSH scores 30 4 100
        (integer) 3
        > SORT scores
        1) "4"
        2) "30"
        3) "100"
        > SORT scores DESC LIMIT 0 1
        1) "100"
        > MSET weight_4 3 weight_30 2 weight_100 1
        OK
        > SORT scores BY weight_* GET # GET weight_*
        1) "100"
        2) "1"
        3) "30"
        4) "2"
        5) "4"
        6) "3"
        > SORT scores STORE sorted
        (integer) 3
    "#,
}

/// The key, and how to sort.
pub struct Args<'a> {
    key: Key<'a>,
    options: Options<'a>,
}

impl<'a> Parse<'a> for Args<'a> {
    const SPEC: Spec = Spec::block(&[Key::SPEC.named("key").with_access("RO ACCESS"), sorting::WITH_STORE.named("options")]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Args { key: Key::parse(parser)?, options: Options::read(parser, true)? })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        visit(self.key);
        self.options.store.keys(visit);
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("sortstore");
    let sorted = sorting::sort(txn, &args.key, &args.options)?;
    let Some(destination) = args.options.store else {
        sorting::reply_sorted(&sorted, reply);
        return Ok(());
    };
    reply.integer(sorted.len() as i64);
    let before = txn.changes();
    if sorted.is_empty() {
        txn.remove(&destination);
    } else {
        let elements = sorted.iter().map(|element| element.as_deref().unwrap_or_default());
        let entry = values::list::from_elements(destination.bytes, elements, txn.limits());
        txn.insert(&destination, entry);
    }
    if txn.changes() > before {
        did_store(txn, &destination, &sorted);
    }
    Ok(())
}

/// Says what the destination is now: the order of what is not sorted, as the members of a set, is another in a copy.
fn did_store(txn: &mut WriteTxn<'_>, destination: &Key<'_>, sorted: &[Option<Vec<u8>>]) {
    /// Elements that are added by one command, which is bounded by what a request may have.
    const ELEMENTS_MAX: usize = 1024;
    txn.did(|did| {
        did.command([b"DEL", destination.bytes]);
        for elements in sorted.chunks(ELEMENTS_MAX) {
            let words = [b"RPUSH".as_slice(), destination.bytes].into_iter();
            did.command(words.chain(elements.iter().map(|element| element.as_deref().unwrap_or_default())));
        }
    });
}
