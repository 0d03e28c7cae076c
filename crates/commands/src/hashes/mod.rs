//! Commands on hashes.
//!
//! Those on the deadlines of fields are Redis' (7.4 and 8): its error texts, its replies, its events (`hdel` where a
//! field is given a deadline that has passed, which Valkey 9 calls `hexpired`), its names of encodings (`listpackex`).
//! Otherwise than in both, a field whose time has come is not counted by HLEN either, and a hash all of whose fields
//! have expired is no key any more, swept or not; and a hash that has lost its last deadline is what it was before.

mod deadline;
mod fields;
mod value;

crate::family! {
    hdel, hexists, hexpire, hexpireat, hexpiretime, hget, hgetall, hgetdel, hgetex, hincrby, hincrbyfloat, hkeys, hlen,
    hmget, hmset, hpersist, hpexpire, hpexpireat, hpexpiretime, hpttl, hrandfield, hscan, hset, hsetex, hsetnx, hstrlen,
    httl, hvals,
}
