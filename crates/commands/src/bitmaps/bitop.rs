//! BITOP: combines strings bit by bit.

use std::borrow::Cow;

use smallvec::SmallVec;
use values::entry::{Entry, Form};
use values::string::StringRef;

use crate::prelude::*;

command! {
    name: "bitop",
    group: Bitmap,
    since: "2.6.0",
    complexity: "O(N)",
    summary: "Performs bitwise operations on multiple strings, and stores the result.",
    handler: Write(bitop),
    flags: [DenyOom],
    examples: r#"
        > MSET monday "\xf0" tuesday "\x3c\xff"
        OK
        > BITOP AND both monday tuesday
        (integer) 2
        > GET both
        "0\x00"
        > BITOP NOT neither monday
        (integer) 1
        > BITCOUNT neither
        (integer) 4
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    operation: Operation,
    #[arg(access = "OW UPDATE")]
    destkey: Key<'a>,
    #[arg(access = "RO ACCESS")]
    key: Many<Key<'a>>,
}

#[derive(Args, Clone, Copy, PartialEq, Eq)]
enum Operation {
    #[arg(token = "AND")]
    And,
    #[arg(token = "OR")]
    Or,
    #[arg(token = "XOR")]
    Xor,
    #[arg(token = "NOT")]
    Not,
}

fn bitop(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    txn.call_changes("set");
    const ONE_SOURCE: Error = Error::fixed("ERR BITOP NOT must be called with a single source key.");
    if args.operation == Operation::Not && args.key.len() != 1 {
        return Err(ONE_SOURCE);
    }
    let mut sources: SmallVec<[Cow<'_, [u8]>; 4]> = SmallVec::with_capacity(args.key.len());
    for key in &args.key {
        sources.push(match txn.string(key)? {
            None => Cow::Borrowed(b""),
            Some(StringRef::Bytes(bytes)) => Cow::Borrowed(bytes),
            Some(integer) => Cow::Owned(integer.to_vec()),
        });
    }
    let len = sources.iter().map(|source| source.len()).max().unwrap_or(0);
    if len == 0 {
        drop(sources);
        txn.remove(&args.destkey);
    } else {
        // The result is computed where it will stay.
        let entry = Entry::build(args.destkey.bytes, Form::EditedBytes, None, len, |out| {
            combine(args.operation, &sources, out);
        });
        drop(sources);
        txn.insert(&args.destkey, entry);
    }
    reply.integer(len as i64);
    Ok(())
}

/// Writes what `operation` makes of `sources` to `out`, as long as the longest of them. The others are taken to go
/// on with zeros.
fn combine(operation: Operation, sources: &[Cow<'_, [u8]>], out: &mut [u8]) {
    /// So much of the result stays in the first-level cache while all sources pass by.
    const BLOCK_BYTES: usize = 8 * 1024;
    for (index, out) in out.chunks_mut(BLOCK_BYTES).enumerate() {
        let (start, len) = (index * BLOCK_BYTES, out.len());
        let mut parts = sources.iter().map(|source| {
            let rest = source.get(start..).unwrap_or_default();
            &rest[..rest.len().min(len)]
        });
        let first = parts.next().unwrap_or_default();
        out[..first.len()].copy_from_slice(first);
        out[first.len()..].fill(0);
        match operation {
            Operation::And => parts.for_each(|part| {
                apply(out, part, |byte, other| byte & other);
                out[part.len()..].fill(0);
            }),
            Operation::Or => parts.for_each(|part| apply(out, part, |byte, other| byte | other)),
            Operation::Xor => parts.for_each(|part| apply(out, part, |byte, other| byte ^ other)),
            Operation::Not => out.iter_mut().for_each(|byte| *byte = !*byte),
        }
    }
}

/// Byte by byte as it is written; the compiler makes it as wide as the processor's registers.
#[inline(always)]
fn apply(out: &mut [u8], part: &[u8], operation: impl Fn(u8, u8) -> u8) {
    for (byte, other) in out.iter_mut().zip(part) {
        *byte = operation(*byte, *other);
    }
}

#[cfg(test)]
mod tests {
    use base::random::Random;

    use super::*;

    #[test]
    fn agrees_with_going_byte_by_byte() {
        let mut random = Random::from_seed(3);
        for round in 0..60 {
            let sources: Vec<Cow<'_, [u8]>> = (0..1 + round % 4)
                .map(|_| Cow::Owned((0..random.below(20_000)).map(|_| random.next_u64() as u8).collect()))
                .collect();
            let len = sources.iter().map(|source| source.len()).max().unwrap_or(0);
            for (operation, combined) in [
                (Operation::And, (|a, b| a & b) as fn(u8, u8) -> u8),
                (Operation::Or, |a, b| a | b),
                (Operation::Xor, |a, b| a ^ b),
            ] {
                let mut out = vec![0; len];
                combine(operation, &sources, &mut out);
                for (index, byte) in out.iter().enumerate() {
                    let bytes = sources.iter().map(|source| source.get(index).copied().unwrap_or(0));
                    assert_eq!(Some(*byte), bytes.reduce(combined), "round {round} at {index}");
                }
            }
            let mut out = vec![0; sources[0].len()];
            combine(Operation::Not, &sources[..1], &mut out);
            assert!(out.iter().zip(&*sources[0]).all(|(out, byte)| *out == !byte));
        }
    }
}
