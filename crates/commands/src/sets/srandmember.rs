//! SRANDMEMBER: random members of a set, which stay.

use base::random::Random;
use values::set::{self, SetMut, SetRef};

use crate::prelude::*;
use crate::args::Kind;

command! {
    name: "srandmember",
    group: Set,
    since: "1.0.0",
    complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count, or the cardinality of the set where most of it is asked for.",
    summary: "Returns one or multiple random members from a set.",
    handler: Read(srandmember),
    examples: r#"
        > SADD die 1 2 3 4 5 6
        (integer) 6
        > SRANDMEMBER die
        *
        > SRANDMEMBER die 100
        1) "1"
        2) "2"
        3) "3"
        4) "4"
        5) "5"
        6) "6"
        > SRANDMEMBER die -2
        *
        > SRANDMEMBER none
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    count: Option<SampleSize>,
}

/// How many members: different ones, or, when negative, each drawn from all.
#[derive(Clone, Copy)]
struct SampleSize(i64);

impl<'a> Parse<'a> for SampleSize {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        match i64::parse(parser)? {
            i64::MIN => Err(Error::new(format_args!(
                "value is out of range, value must between {} and {}",
                -i64::MAX,
                i64::MAX
            ))),
            count => Ok(SampleSize(count)),
        }
    }
}

fn srandmember(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let random = &mut || view.random();
    match (view.set(&args.key)?, args.count) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.empty_array(),
        (Some(set), None) => match set.random(random) {
            Some(member) => reply.bulk(&member),
            None => reply.null(),
        },
        (Some(set), Some(SampleSize(count))) if count < 0 => {
            let count = count.unsigned_abs();
            reply.array(count as usize);
            for _ in 0..count {
                let Some(member) = set.random(random).filter(|_| !reply.give_up_if_too_long()) else { break };
                reply.bulk(&member);
            }
        }
        (Some(set), Some(SampleSize(count))) => {
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(set.len());
            reply.array(count);
            reply_different(set, count, view, reply);
        }
    }
    Ok(())
}

/// Replies with `count` different members of `set`, which has as many.
fn reply_different(set: SetRef<'_>, count: usize, view: &ReadView<'_>, reply: &mut Reply) {
    /// Drawing until enough are different is quicker than a walk through the set while it is this much larger.
    const DRAW_ABOVE: usize = 3;
    if set.len() / DRAW_ABOVE > count {
        let mut drawn = set::empty_packed(b"");
        let mut drawn = SetMut::of(&mut drawn, view.limits());
        while drawn.len() < count {
            let Some(member) = set.random(&mut || view.random()) else { return };
            if drawn.insert(&member) {
                reply.bulk(&member);
            }
        }
        return;
    }
    // Selection sampling (D. E. Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S).
    let mut random = Random::from_seed(view.random());
    let mut missing = count as u64;
    for (passed, member) in set.iter().enumerate() {
        if random.below((set.len() - passed) as u64) < missing {
            reply.bulk(&member);
            missing -= 1;
        }
    }
}
