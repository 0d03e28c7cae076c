//! LREM: removes the elements of a list that equal a given one.

use values::list::End;

use crate::prelude::*;

command! {
    name: "lrem",
    group: List,
    since: "1.0.0",
    complexity: "O(N) where N is the length of the list.",
    summary: "Removes elements from a list. Deletes the list if the last element was removed.",
    handler: Write(lrem),
    examples: r#"
        > RPUSH letters a b a c a
        (integer) 5
        > LREM letters -1 a
        (integer) 1
        > LREM letters 0 a
        (integer) 2
        > LRANGE letters 0 -1
        1) "b"
        2) "c"
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW DELETE")]
    key: Key<'a>,
    count: i64,
    element: &'a [u8],
}

fn lrem(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let end = if args.count < 0 { End::Back } else { End::Front };
    let limit = match args.count.unsigned_abs() {
        0 => usize::MAX,
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let removed = match txn.list_mut(&args.key)? {
        Some(mut list) => list.remove_where(end, limit, |element| element == args.element),
        None => 0,
    };
    reply.integer(removed as i64);
    Ok(())
}
