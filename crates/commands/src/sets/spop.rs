//! SPOP: takes random members out of a set.

use base::random::Random;

use crate::prelude::*;

command! {
    name: "spop",
    group: Set,
    since: "1.0.0",
    complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
    summary: "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.",
    handler: Write(spop),
    flags: [Fast],
    examples: r#"
        > SADD tickets 7
        (integer) 1
        > SPOP tickets
        "7"
        > SPOP tickets
        (nil)
        > SADD tickets 1 2 3
        (integer) 3
        > SPOP tickets 2
        *
        > SCARD tickets
        (integer) 1
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    count: Option<Last<NonNegative>>,
}

fn spop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut random = Random::from_seed(txn.random());
    let mut random = || random.next_u64();
    let is_recorded = txn.is_recorded();
    let mut popped: Vec<Box<[u8]>> = Vec::new();
    let mut take = |member: &[u8], reply: &mut Reply| {
        reply.bulk(member);
        if is_recorded {
            popped.push(member.into());
        }
    };
    let has_count = args.count.is_some();
    match (txn.set_mut(&args.key)?, args.count) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.empty_set(),
        (Some(mut set), None) => match set.pop_random(&mut random) {
            Some(member) => take(&member, reply),
            None => reply.null(),
        },
        (Some(mut set), Some(Last(NonNegative(count)))) => {
            let count = count.min(set.read().len());
            reply.set(count);
            set.pop_random_many(count, &mut random, &mut |member| take(member, reply));
        }
    }
    did_pop(txn, &args.key, &popped, has_count);
    Ok(())
}

/// Says that these members of the set are gone, or all with it, where there may be many.
fn did_pop(txn: &mut WriteTxn<'_>, key: &Key<'_>, popped: &[Box<[u8]>], may_be_many: bool) {
    /// Members that are named by one command, which is bounded by what a request may have.
    const MEMBERS_MAX: usize = 1024;
    let is_gone = may_be_many && txn.peek(key).is_none();
    txn.did(|did| match popped {
        [] => {}
        _ if is_gone => did.command([b"DEL", key.bytes]),
        popped => {
            for members in popped.chunks(MEMBERS_MAX) {
                let words = [b"SREM".as_slice(), key.bytes].into_iter();
                did.command(words.chain(members.iter().map(|member| &**member)));
            }
        }
    });
}
