//! Commands on lists.

mod pop;
mod push;
mod range;
mod side;
mod transfer;

crate::family! {
    blmove, blmpop, blpop, brpop, brpoplpush, lindex, linsert, llen, lmove, lmpop, lpop, lpos, lpush, lpushx, lrange,
    lrem, lset, ltrim, rpop, rpoplpush, rpush, rpushx,
}
