//! LCS: what two strings have in common.

use std::borrow::Cow;

use values::string::StringRef;

use super::longest_common::{Match, Table};
use crate::prelude::*;

command! {
    name: "lcs",
    group: String,
    since: "7.0.0",
    complexity: "O(N*M) where N and M are the lengths of the two strings; 64 steps are taken at a time.",
    summary: "Finds the longest common substring.",
    handler: Read(lcs),
    examples: r#"
        > MSET mine ohmytext yours mynewtext
        OK
        > LCS mine yours
        "mytext"
        > LCS mine yours LEN
        (integer) 6
        > LCS mine yours IDX MINMATCHLEN 4 WITHMATCHLEN
        1) "matches"
        2) 1) 1) 1) (integer) 4
                 2) (integer) 7
              2) 1) (integer) 5
                 2) (integer) 8
              3) (integer) 4
        3) "len"
        4) (integer) 6
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    key1: Key<'a>,
    key2: Key<'a>,
    /// Looked at after the keys.
    #[arg(name = "")]
    options: Rest<'a, Options>,
}

/// What to tell of it.
#[derive(Args)]
pub struct Options {
    #[arg(token = "LEN")]
    len: bool,
    #[arg(token = "IDX")]
    idx: bool,
    #[arg(token = "MINMATCHLEN", repeats)]
    min_match_len: Option<i64>,
    #[arg(token = "WITHMATCHLEN")]
    withmatchlen: bool,
}

fn lcs(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NOT_STRINGS: Error = Error::fixed("ERR The specified keys must contain string values");
    const BOTH: Error =
        Error::fixed("ERR If you want both the length and indexes, please just use IDX.");
    let (first, second) = (view.string(&args.key1), view.string(&args.key2));
    let (first, second) = (first.map_err(|_| NOT_STRINGS)?, second.map_err(|_| NOT_STRINGS)?);
    let options = args.options.read()?;
    if options.len && options.idx {
        return Err(BOTH);
    }
    let (first, second) = (bytes(first), bytes(second));
    check_effort(first.len(), second.len(), view.limits().string_bytes_max)?;

    let table = Table::new(&first, &second);
    if options.idx {
        reply_indexes(&table, options.min_match_len.unwrap_or(0), options.withmatchlen, reply);
    } else if options.len {
        reply.integer(table.len() as i64);
    } else {
        let mut common = Vec::with_capacity(table.len());
        for run in table.matches().into_iter().rev() {
            common.extend_from_slice(&first[run.first]);
        }
        reply.bulk(&common);
    }
    Ok(())
}

fn bytes(string: Option<StringRef<'_>>) -> Cow<'_, [u8]> {
    match string {
        None => Cow::Borrowed(b""),
        Some(StringRef::Bytes(bytes)) => Cow::Borrowed(bytes),
        Some(integer) => Cow::Owned(integer.to_vec()),
    }
}

/// Refuses what Redis refuses, whose table takes four bytes for each cell: the limit on memory is one on time.
fn check_effort(first_len: usize, second_len: usize, bytes_max: usize) -> Result<()> {
    const CELL_BYTES: usize = 4;
    const TOO_LARGE: Error =
        Error::fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    let cells = (first_len + 1).checked_mul(second_len + 1);
    let bytes = cells.and_then(|cells| cells.checked_mul(CELL_BYTES));
    if bytes.is_some_and(|bytes| bytes <= bytes_max) { Ok(()) } else { Err(TOO_LARGE) }
}

fn reply_indexes(table: &Table<'_>, len_min: i64, with_len: bool, reply: &mut Reply) {
    let mut matches = table.matches();
    matches.retain(|run| run.first.len() as i64 >= len_min);
    reply.map(2);
    reply.bulk(b"matches");
    reply.array(matches.len());
    for Match { first, second } in matches {
        reply.array(2 + usize::from(with_len));
        for range in [&first, &second] {
            reply.array(2);
            reply.integer(range.start as i64);
            reply.integer(range.end as i64 - 1);
        }
        if with_len {
            reply.integer(first.len() as i64);
        }
    }
    reply.bulk(b"len");
    reply.integer(table.len() as i64);
}
