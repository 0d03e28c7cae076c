//! DUMP: a value as bytes.

use crate::prelude::*;

command! {
    name: "dump",
    group: Generic,
    since: "2.6.0",
    complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
    summary: "Returns a serialized representation of the value stored at a key.",
    handler: Read(run),
    examples: r#"
        > SET count 7
        OK
        > DUMP count
        "\x00\xc0\a\x0b\x00\x1d\x12\xf5\xd1~4'\x1b"
        > DUMP missing
        (nil)
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO ACCESS")]
    key: Key<'a>,
}

fn run(view: &ReadView<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    match view.find(&args.key) {
        Some(entry) => {
            let mut payload = Vec::new();
            let version = rdb::dump::version_of(entry, super::restore::payload_version(view));
            rdb::dump::encode(entry, version.into(), &mut payload);
            reply.bulk(&payload);
        }
        None => reply.null(),
    }
    Ok(())
}
