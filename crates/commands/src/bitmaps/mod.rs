//! Commands on strings as arrays of bits, the highest bit of the first byte first.

mod bits;
mod field;
mod offset;
mod operations;
mod unit;

crate::family! { bitcount, bitfield, bitfield_ro, bitop, bitpos, getbit, setbit }
