//! What the commands that take out members at an end have in common.

use keyspace::ZSetMut;

use crate::prelude::*;

/// An end of a sorted set.
#[derive(Args, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The lowest scores.
    #[arg(token = "MIN")]
    Min,
    /// The highest scores.
    #[arg(token = "MAX")]
    Max,
}

impl End {
    /// What taking members out at this end is called.
    fn popped(self) -> &'static str {
        match self {
            End::Min => "zpopmin",
            End::Max => "zpopmax",
        }
    }

    /// The command that takes members out at this end.
    fn popping(self) -> &'static [u8] {
        match self {
            End::Min => b"ZPOPMIN",
            End::Max => b"ZPOPMAX",
        }
    }

    /// Takes out the member at this end.
    #[inline]
    pub fn pop<R>(self, set: &mut ZSetMut<'_>, take: impl FnOnce(&[u8], f64) -> R) -> Option<R> {
        match self {
            End::Min => set.pop_first(take),
            End::Max => set.pop_last(take),
        }
    }
}

/// Replies to ZPOPMIN and ZPOPMAX. With a count, RESP3 has the members in pairs.
pub fn pop_count(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    end: End,
    count: Option<Last<NonNegative>>,
    reply: &mut Reply,
) -> Result<()> {
    let is_paired = count.is_some() && reply.version() == resp::Version::Resp3;
    let count = count.map_or(1, |Last(count)| count.0);
    let Some(mut set) = txn.zset_mut(key)? else {
        reply.empty_array();
        return Ok(());
    };
    let count = count.min(set.read().len());
    reply.array(if is_paired { count } else { count * 2 });
    for _ in 0..count {
        end.pop(&mut set, |member, score| {
            if is_paired {
                reply.array(2);
            }
            reply.bulk(member);
            reply.double(score);
        });
    }
    Ok(())
}

/// Takes one member out of the first of `keys` that has any, replies with the key, the member and its score, and
/// says whether there was one.
pub fn pop_one(txn: &mut WriteTxn<'_>, keys: &[Key<'_>], end: End, reply: &mut Reply) -> Result<bool> {
    txn.call_changes(end.popped());
    for key in keys {
        let Some(mut set) = txn.zset_mut(key)? else { continue };
        reply.array(3);
        reply.bulk(key.bytes);
        end.pop(&mut set, |member, score| {
            reply.bulk(member);
            reply.double(score);
        });
        drop(set);
        txn.did(|did| did.command([end.popping(), key.bytes]));
        return Ok(true);
    }
    Ok(false)
}

/// Takes up to `count` members out of the first of `keys` that has any, replies with the key and the members in
/// pairs, and says whether there was one.
pub fn pop_some(
    txn: &mut WriteTxn<'_>,
    keys: &[Key<'_>],
    end: End,
    count: usize,
    reply: &mut Reply,
) -> Result<bool> {
    txn.call_changes(end.popped());
    for key in keys {
        let Some(mut set) = txn.zset_mut(key)? else { continue };
        let count = count.min(set.read().len());
        reply.array(2);
        reply.bulk(key.bytes);
        reply.array(count);
        for _ in 0..count {
            end.pop(&mut set, |member, score| {
                reply.array(2);
                reply.bulk(member);
                reply.double(score);
            });
        }
        drop(set);
        txn.did(|did| did.command([end.popping(), key.bytes, count.to_string().as_bytes()]));
        return Ok(true);
    }
    Ok(false)
}

/// How many to take out, at least one.
#[derive(Clone, Copy)]
pub struct PopCount(pub usize);

impl<'a> Parse<'a> for PopCount {
    const SPEC: Spec = i64::SPEC;

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_POSITIVE: Error = Error::fixed("ERR count should be greater than 0");
        let count = base::number::parse_i64(parser.next()?).and_then(|count| usize::try_from(count).ok());
        count.filter(|count| *count > 0).map(PopCount).ok_or(NOT_POSITIVE)
    }
}
