//! ZADD: adds members, or changes their scores.

use values::zset::Change;

use super::addition::{Conditions, add};
use crate::args::Kind;

use crate::prelude::*;

command! {
    name: "zadd",
    group: SortedSet,
    since: "1.2.0",
    complexity: "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
    summary: "Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.",
    handler: Write(run),
    arity: -4,
    flags: [DenyOom, Fast],
    examples: r#"
        > ZADD board 1 ann 2 bob
        (integer) 2
        > ZADD board GT CH 5 ann 1 bob
        (integer) 1
        > ZADD board INCR 1.5 ann
        "6.5"
        > ZADD board XX 1 dan
        (integer) 0
        > ZADD board NX GT 1 ann
        (error) ERR GT, LT, and/or NX options at the same time are not compatible
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key: Key<'a>,
    #[arg(token = "NX", name = "condition-nx")]
    absent: bool,
    #[arg(token = "XX", name = "condition-xx")]
    present: bool,
    #[arg(token = "GT", name = "comparison-gt")]
    greater: bool,
    #[arg(token = "LT", name = "comparison-lt")]
    less: bool,
    #[arg(token = "CH", name = "change")]
    counts_changes: bool,
    #[arg(token = "INCR", name = "increment")]
    increments: bool,
    #[arg(name = "data")]
    members: Scored<'a>,
}

/// Scores and members in turn.
pub struct Scored<'a>(Many<(&'a [u8], &'a [u8])>);

impl<'a> Parse<'a> for Scored<'a> {
    const SPEC: Spec = Spec {
        multiple: true,
        ..Spec::block(&[Spec::of(Kind::Double).named("score"), Spec::of(Kind::String).named("member")])
    };

    #[inline]
    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() == 0 || !parser.remaining().is_multiple_of(2) {
            return Err(Error::Syntax);
        }
        let mut members = Many::with_capacity(parser.remaining() / 2);
        while parser.remaining() > 0 {
            members.push((parser.next()?, parser.next()?));
        }
        Ok(Scored(members))
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    if args.increments {
        txn.call_changes("zincr");
    }
    let Args { key, absent, present, greater, less, counts_changes, increments, members: Scored(members) } = args;
    if absent && present {
        return Err(Error::fixed("ERR XX and NX options at the same time are not compatible"));
    }
    if absent && (greater || less) || greater && less {
        return Err(Error::fixed("ERR GT, LT, and/or NX options at the same time are not compatible"));
    }
    if increments && members.len() > 1 {
        return Err(Error::fixed("ERR INCR option supports a single increment-element pair"));
    }
    let mut scored: Many<(f64, &[u8])> = Many::with_capacity(members.len());
    for (score, member) in &members {
        scored.push((base::number::parse_f64(score).ok_or(Error::NotFloat)?, member));
    }
    let conditions = Conditions { absent, present, greater, less };
    let set = if present { txn.zset_mut(&key)? } else { Some(txn.zset_or_new(&key)?) };
    let Some(mut set) = set else {
        if increments { reply.null() } else { reply.integer(0) }
        return Ok(());
    };
    if scored.len() > 1 {
        set.prepare(scored.len(), 0);
    }
    let mut counted = 0;
    for (score, member) in scored {
        let added = add(&mut set, member, score, conditions, increments)?;
        if increments {
            match added.score {
                Some(score) => reply.double(score),
                None => reply.null(),
            }
            return Ok(());
        }
        counted += match added.change {
            Change::Added => 1,
            Change::Updated => i64::from(counts_changes),
            Change::Unchanged => 0,
        };
    }
    reply.integer(counted);
    Ok(())
}
