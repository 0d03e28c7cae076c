//! Commands on streams.

mod did;
mod group;
mod id;
mod range;
mod reading;
mod trimming;

crate::family! {
    xack, xadd, xautoclaim, xclaim, xdel, xgroup, xinfo, xlen, xpending, xrange, xread, xreadgroup, xrevrange, xsetid,
    xtrim,
}
