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
    match (txn.set_mut(&args.key)?, args.count) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.empty_set(),
        (Some(mut set), None) => match set.pop_random(&mut random) {
            Some(member) => reply.bulk(&member),
            None => reply.null(),
        },
        (Some(mut set), Some(Last(NonNegative(count)))) => {
            let count = count.min(set.read().len());
            reply.set(count);
            set.pop_random_many(count, &mut random, &mut |member| reply.bulk(member));
        }
    }
    Ok(())
}
