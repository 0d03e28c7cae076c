//! HRANDFIELD: fields picked at random.

use std::collections::HashSet;

use resp::Version;
use values::hash::HashRef;

use crate::args::Kind;
use crate::prelude::*;

command! {
    name: "hrandfield",
    group: Hash,
    since: "6.2.0",
    complexity: "O(N) where N is the number of fields returned",
    summary: "Returns one or more random fields from a hash.",
    handler: Read(hrandfield),
    examples: r#"
        > HSET coin heads obverse tails reverse
        (integer) 2
        > HRANDFIELD coin
        *
        > HRANDFIELD coin 5 WITHVALUES
        1) "heads"
        2) "obverse"
        3) "tails"
        4) "reverse"
        > HRANDFIELD coin -3
        *
        > HRANDFIELD nobody
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    options: Option<Sample>,
}

/// How many fields to pick, and what to give of them.
struct Sample {
    /// Up to so many different ones; if negative, exactly so many, of which some may be the same.
    count: i64,
    with_values: bool,
}

impl<'a> Parse<'a> for Sample {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::Integer).named("count"),
        Spec { optional: true, ..Spec::TOKEN.named("withvalues").with_token("WITHVALUES") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const BEYOND_RANGE: Error = Error::fixed(
            "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807",
        );
        const TOO_MANY_PAIRS: Error = Error::fixed("ERR value is out of range");
        let count = i64::parse(parser)?;
        if count == i64::MIN {
            return Err(BEYOND_RANGE);
        }
        let with_values = parser.remaining() > 0;
        if with_values {
            parser.expect("WITHVALUES")?;
            if parser.remaining() > 0 {
                return Err(Error::Syntax);
            }
            if count.unsigned_abs() > i64::MAX as u64 / 2 {
                return Err(TOO_MANY_PAIRS);
            }
        }
        Ok(Sample { count, with_values })
    }
}

fn hrandfield(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let hash = view.hash(&args.key)?;
    let mut rng = || view.random();
    match (hash, args.options) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.empty_array(),
        (Some(hash), None) => reply.bulk(pick(hash, &mut rng).0),
        (Some(hash), Some(sample)) => reply_sample(hash, &sample, &mut rng, reply),
    }
    Ok(())
}

fn pick<'v>(hash: HashRef<'v>, rng: &mut dyn FnMut() -> u64) -> (&'v [u8], &'v [u8]) {
    hash.random(rng).expect("a hash has at least one field")
}

fn reply_sample(hash: HashRef<'_>, sample: &Sample, rng: &mut dyn FnMut() -> u64, reply: &mut Reply) {
    let wanted = usize::try_from(sample.count.unsigned_abs()).unwrap_or(usize::MAX);
    let may_repeat = sample.count < 0;
    let given = if may_repeat { wanted } else { wanted.min(hash.len()) };
    // RESP3 has an array for each pair, RESP2 one for all.
    let nested = sample.with_values && reply.version() == Version::Resp3;
    reply.array(if sample.with_values && !nested { 2 * given } else { given });
    let give = |reply: &mut Reply, field: &[u8], value: &[u8]| {
        if nested {
            reply.array(2);
        }
        reply.bulk(field);
        if sample.with_values {
            reply.bulk(value);
        }
    };
    if may_repeat {
        for _ in 0..given {
            let (field, value) = pick(hash, rng);
            if reply.give_up_if_too_long() {
                break;
            }
            give(reply, field, value);
        }
    } else {
        pick_different(hash, given, rng, &mut |field, value| give(reply, field, value));
    }
}

/// Gives `count` different fields, each choice of so many being as likely as any other.
fn pick_different(
    hash: HashRef<'_>,
    count: usize,
    rng: &mut dyn FnMut() -> u64,
    give: &mut dyn FnMut(&[u8], &[u8]),
) {
    /// From so many times as many fields on, drawing and throwing away what came before is cheaper than a walk.
    const SPARSE: usize = 16;
    // Asked for once: it may take counting.
    let len = hash.len();
    if count.saturating_mul(SPARSE) < len {
        let mut picked = HashSet::with_capacity(count);
        while picked.len() < count {
            let (field, value) = pick(hash, rng);
            if picked.insert(field) {
                give(field, value);
            }
        }
        return;
    }
    // Selection sampling: D. Knuth, *The Art of Computer Programming*, 3.4.2, algorithm S.
    let mut wanted = count;
    for (passed, (field, value)) in hash.iter().enumerate() {
        let left = len - passed;
        if ((u128::from(rng()) * left as u128) >> u64::BITS) < wanted as u128 {
            give(field, value);
            wanted -= 1;
        }
    }
}
