//! What LPUSH, RPUSH, LPUSHX and RPUSHX have in common.

use values::list::End;

use crate::prelude::*;

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    element: Many<&'a [u8]>,
}

/// What adding elements at `end` is called.
pub fn pushed_at(end: End) -> &'static str {
    if end == End::Front { "lpush" } else { "rpush" }
}

/// Adds the elements, one after the other, at `end`.
#[inline]
pub fn push(txn: &mut WriteTxn<'_>, args: &Args<'_>, end: End, reply: &mut Reply) -> Result<()> {
    let mut list = txn.list_or_new(&args.key)?;
    let len = list.push(end, &args.element);
    reply.integer(len as i64);
    Ok(())
}

/// As [`push`], to a list that is there already.
pub fn push_to_existing(txn: &mut WriteTxn<'_>, args: &Args<'_>, end: End, reply: &mut Reply) -> Result<()> {
    let Some(mut list) = txn.list_mut(&args.key)? else {
        reply.integer(0);
        return Ok(());
    };
    let len = list.push(end, &args.element);
    reply.integer(len as i64);
    Ok(())
}
