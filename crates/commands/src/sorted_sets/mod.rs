//! Commands on sorted sets.

mod addition;
mod bound;
mod combination;
mod pop;
mod selection;

crate::family! {
    bzmpop, bzpopmax, bzpopmin, zadd, zcard, zcount, zdiff, zdiffstore, zincrby, zinter, zintercard, zinterstore,
    zlexcount, zmpop, zmscore, zpopmax, zpopmin, zrandmember, zrange, zrangebylex, zrangebyscore, zrangestore, zrank,
    zrem, zremrangebylex, zremrangebyrank, zremrangebyscore, zrevrange, zrevrangebylex, zrevrangebyscore, zrevrank,
    zscan, zscore, zunion, zunionstore,
}
