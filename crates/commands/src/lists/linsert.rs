//! LINSERT: adds an element next to another one.

use values::list::End;

use crate::prelude::*;

command! {
    name: "linsert",
    group: List,
    since: "2.2.0",
    complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot.",
    summary: "Inserts an element before or after another element in a list.",
    handler: Write(linsert),
    flags: [DenyOom],
    examples: r#"
        > RPUSH letters a c
        (integer) 2
        > LINSERT letters BEFORE c b
        (integer) 3
        > LRANGE letters 0 -1
        1) "a"
        2) "b"
        3) "c"
        > LINSERT letters AFTER x y
        (integer) -1
        > LINSERT none AFTER x y
        (integer) 0
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RW INSERT")]
    key: Key<'a>,
    r#where: Where,
    pivot: &'a [u8],
    element: &'a [u8],
}

#[derive(Args)]
enum Where {
    #[arg(token = "BEFORE", name = "before")]
    Before,
    #[arg(token = "AFTER", name = "after")]
    After,
}

fn linsert(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(mut list) = txn.list_mut(&args.key)? else {
        reply.integer(0);
        return Ok(());
    };
    let side = match args.r#where {
        Where::Before => End::Front,
        Where::After => End::Back,
    };
    if list.insert(side, args.pivot, args.element) {
        reply.integer(list.read().len() as i64);
    } else {
        reply.integer(-1);
    }
    Ok(())
}
