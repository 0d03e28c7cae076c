//! Commands on sets.

mod algebra;

crate::family! {
    sadd, scard, sdiff, sdiffstore, sinter, sintercard, sinterstore, sismember, smembers, smismember, smove, spop,
    srandmember, srem, sscan, sunion, sunionstore,
}
