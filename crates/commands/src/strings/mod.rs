//! Commands on strings.

mod counter;
pub(crate) mod expiry;
mod longest_common;
mod range;
mod value;

pub(crate) use range::{clamp, is_reversed};

crate::family! {
    append, decr, decrby, delifeq, get, getdel, getex, getrange, getset, incr, incrby, incrbyfloat, lcs, mget, mset, msetex, msetnx,
    psetex, set, setex, setnx, setrange, strlen, substr,
}
