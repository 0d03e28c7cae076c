//! Commands on hashes.

mod value;

crate::family! {
    hdel, hexists, hget, hgetall, hincrby, hincrbyfloat, hkeys, hlen, hmget, hmset, hrandfield, hscan, hset, hsetnx,
    hstrlen, hvals,
}
