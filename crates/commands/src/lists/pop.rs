//! What the commands that take elements off a list have in common.

use keyspace::ListMut;
use values::list::End;

use super::side::Side;
use crate::args::Kind;
use crate::prelude::*;

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: Key<'a>,
    count: Option<LastCount>,
}

/// A number of elements. Anything behind it is a wrong number of arguments rather than a syntax error.
struct LastCount(usize);

impl<'a> Parse<'a> for LastCount {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        if parser.remaining() > 1 {
            return Err(Error::WrongArity);
        }
        NonNegative::parse(parser).map(|count| LastCount(count.0))
    }
}

/// What taking elements off at `end` is called.
pub fn popped_at(end: End) -> &'static str {
    if end == End::Front { "lpop" } else { "rpop" }
}

/// The command that takes elements off at `end`.
fn popping_at(end: End) -> &'static [u8] {
    if end == End::Front { b"LPOP" } else { b"RPOP" }
}

/// LPOP and RPOP.
#[inline]
pub fn pop(txn: &mut WriteTxn<'_>, args: &Args<'_>, end: End, reply: &mut Reply) -> Result<()> {
    match (txn.list_mut(&args.key)?, &args.count) {
        (None, None) => reply.null(),
        (None, Some(_)) => reply.null_array(),
        (Some(mut list), None) => {
            list.pop(end, |element| reply.bulk(element));
        }
        (Some(mut list), Some(count)) => pop_many(&mut list, end, count.0, reply),
    }
    Ok(())
}

/// Replies with the first `count` elements from `end` on, or all if there are fewer, and removes them.
fn pop_many(list: &mut ListMut<'_>, end: End, count: usize, reply: &mut Reply) {
    let len = list.read().len();
    let count = count.min(len);
    reply.array(count);
    let popped = match end {
        End::Front => {
            list.read().range(0, count).for_each(|element| reply.bulk(element));
            0..count
        }
        End::Back => {
            list.read().rev_iter_from(len - 1).take(count).for_each(|element| reply.bulk(element));
            len - count..len
        }
    };
    list.remove_range(popped);
}

/// The arguments of BLPOP and BRPOP.
#[derive(Args)]
pub struct BlockingArgs<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: KeysButLast<'a>,
    timeout: Timeout,
}

/// BLPOP and BRPOP.
pub fn pop_or_wait(
    txn: &mut WriteTxn<'_>,
    args: &BlockingArgs<'_>,
    end: End,
    reply: &mut Reply,
) -> Result<Attempt> {
    for key in &args.key.0 {
        let Some(mut list) = txn.list_mut(key)? else { continue };
        reply.array(2);
        reply.bulk(key.bytes);
        list.pop(end, |element| reply.bulk(element));
        drop(list);
        let name = popping_at(end);
        txn.did(|did| did.command([name, key.bytes]));
        return Ok(Attempt::Done);
    }
    reply.null_array();
    Ok(Wait::for_any_key(args.timeout.0))
}

/// The arguments of LMPOP, which are among those of BLMPOP.
#[derive(Args)]
pub struct ManyArgs<'a> {
    #[arg(access = "RW ACCESS DELETE")]
    key: CountedKeys<'a>,
    r#where: Side,
    #[arg(token = "COUNT")]
    count: Option<PositiveCount>,
}

/// A number of elements that is not zero.
struct PositiveCount(usize);

impl<'a> Parse<'a> for PositiveCount {
    const SPEC: Spec = Spec::of(Kind::Integer);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        const NOT_POSITIVE: Error = Error::fixed("ERR count should be greater than 0");
        match NonNegative::parse_or(parser, NOT_POSITIVE)? {
            NonNegative(0) => Err(NOT_POSITIVE),
            NonNegative(count) => Ok(PositiveCount(count)),
        }
    }
}

/// LMPOP, and BLMPOP when it need not wait: says whether there was a list. The reply is written in either case.
pub fn pop_from_first(txn: &mut WriteTxn<'_>, args: &ManyArgs<'_>, reply: &mut Reply) -> Result<bool> {
    let count = args.count.as_ref().map_or(1, |count| count.0);
    let end = End::from(args.r#where);
    txn.call_changes(popped_at(end));
    for key in &args.key.0 {
        let Some(mut list) = txn.list_mut(key)? else { continue };
        reply.array(2);
        reply.bulk(key.bytes);
        let popped = count.min(list.read().len());
        pop_many(&mut list, end, count, reply);
        drop(list);
        let name = popping_at(end);
        txn.did(|did| did.command([name, key.bytes, popped.to_string().as_bytes()]));
        return Ok(true);
    }
    reply.null_array();
    Ok(false)
}
