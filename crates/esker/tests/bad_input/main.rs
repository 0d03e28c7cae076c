//! Whatever a client sends, it gets Redis' error or a closed connection; the server stays up,
//! nobody else waits, and memory stays within the limits. What the operator gets wrong is told
//! in words that help.

#[path = "../harness/mod.rs"]
mod harness;
mod pressure;
mod process;
mod requests;
mod scripts;
