//! ZRANDMEMBER: members picked at random.

use super::selection::{reply_count, reply_member, reply_members};

use crate::prelude::*;

command! {
    name: "zrandmember",
    group: SortedSet,
    since: "6.2.0",
    complexity: "O(N) where N is the number of members returned",
    summary: "Returns one or more random members from a sorted set.",
    handler: Read(run),
    examples: r#"
        > ZADD board 1 ann
        (integer) 1
        > ZRANDMEMBER board
        "ann"
        > ZRANDMEMBER board 5 WITHSCORES
        1) "ann"
        2) "1"
        > ZRANDMEMBER board -2
        1) "ann"
        2) "ann"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    options: Option<Options>,
}

/// How many, and what of them.
#[derive(Args)]
pub struct Options {
    count: i64,
    #[arg(token = "WITHSCORES", name = "withscores")]
    with_scores: bool,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut rng = || view.random();
    let Some(Options { count, with_scores }) = args.options else {
        match view.zset(&args.key)?.and_then(|set| set.random(&mut rng)) {
            Some((member, _)) => reply.bulk(member),
            None => reply.null(),
        }
        return Ok(());
    };
    // The reply has twice as many elements with scores, and may not have more than can be counted.
    const COUNT_MAX: i64 = i64::MAX / 2;
    if count < -COUNT_MAX || with_scores && count > COUNT_MAX {
        return Err(Error::fixed("ERR value is out of range"));
    }
    let Some(set) = view.zset(&args.key)? else {
        reply.empty_array();
        return Ok(());
    };
    if count < 0 {
        let count = count.unsigned_abs() as usize;
        reply_count(count, with_scores, reply);
        for _ in 0..count {
            let Some((member, score)) = set.random(&mut rng).filter(|_| !reply.give_up_if_too_long()) else { break };
            reply_member(member, score, with_scores, reply);
        }
        return Ok(());
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(set.len());
    let ranks = distinct(count, set.len(), &mut rng);
    let members: Vec<(&[u8], f64)> = ranks.into_iter().filter_map(|rank| set.at(rank)).collect();
    reply_members(members.into_iter(), with_scores, reply);
    Ok(())
}

/// `count` different numbers below `len`, each choice as likely as any other (Floyd's sampling).
fn distinct(count: usize, len: usize, rng: &mut dyn FnMut() -> u64) -> Vec<usize> {
    let mut chosen = std::collections::HashSet::with_capacity(count);
    let mut picked = Vec::with_capacity(count);
    for top in len - count..len {
        let pick = ((u128::from(rng()) * (top as u128 + 1)) >> 64) as usize;
        let pick = if chosen.insert(pick) { pick } else { top };
        chosen.insert(pick);
        picked.push(pick);
    }
    picked
}
