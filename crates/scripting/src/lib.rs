//! Lua for scripts and functions: the interpreter, its sandbox, and the libraries that scripts know.
//!
//! A [`Vm`] is one interpreter and belongs to one thread. It knows no key, no client and no clock: what a script asks
//! for is done by the [`Host`] that is handed in for the run. It promises that a script leaves nothing behind in it, so
//! that it makes no difference which of several a script runs in, and that no script gets beyond it: no files, no
//! processes, no bytecode, no more memory than its limit, and no way to go on when the host says stop.
//!
//! What it does not bound is the time of a single call into one of Lua's own libraries: a pattern that `string.find`
//! tries in very many ways is seen only when it is done.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod decode;
mod encode;
mod error;
mod header;
mod host;
mod libraries;
mod library;
mod stack;
#[cfg(test)]
mod tests;
mod vm;

pub use crate::header::{Flags, Header, HeaderError};
pub use crate::host::{Host, Level, Outcome, Replication};
pub use crate::library::{FunctionDeclaration, Library, is_name};
pub use crate::vm::{Failure, Function, Limits, Returned, Vm};

/// What a script is known by: the SHA-1 of its text in hexadecimal.
pub type Digest = [u8; 40];

/// The digest of a script's text.
pub fn digest(text: &[u8]) -> Digest {
    let mut digest = [0; 40];
    let bytes = sha1_smol::Sha1::from(text).digest().bytes();
    for (pair, byte) in digest.chunks_exact_mut(2).zip(bytes) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digest
}
