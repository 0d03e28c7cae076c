//! COPY: the same value under another name.

use keyspace::EventClasses;

use super::database::{SAME_OBJECT, database};
use super::restore::did_make;

use crate::prelude::*;

command! {
    name: "copy",
    group: Generic,
    since: "6.2.0",
    complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
    summary: "Copies the value of a key to a new key.",
    handler: Write(run),
    flags: [DenyOom],
    examples: r#"
        > SET original text
        OK
        > COPY original backup
        (integer) 1
        > COPY original backup
        (integer) 0
        > COPY original backup REPLACE
        (integer) 1
        > COPY original original
        (error) ERR source and destination objects are the same
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(access = "RO ACCESS")]
    source: Key<'a>,
    #[arg(access = "OW UPDATE")]
    destination: Key<'a>,
    #[arg(name = "")]
    options: Options,
}

/// Where to, and whether in place of what is there.
pub struct Options {
    /// Only the last one counts, but all of them must be there.
    databases: Vec<i32>,
    replace: bool,
    /// What is wrong behind those that were read. Whether they are there is looked at before.
    trouble: Option<Error>,
}

impl<'a> Parse<'a> for Options {
    const SPEC: Spec = Spec::block(&[
        Spec { optional: true, ..i32::SPEC.named("destination-db").with_token("DB") },
        Spec { optional: true, ..Spec::TOKEN.named("replace").with_token("REPLACE") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut options = Options { databases: Vec::new(), replace: false, trouble: None };
        while let Ok(word) = parser.next() {
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            if is("REPLACE") {
                options.replace = true;
            } else if is("DB") && parser.remaining() > 0 {
                match i32::parse(parser) {
                    Ok(index) => options.databases.push(index),
                    Err(error) => options.trouble = Some(error),
                }
            } else {
                options.trouble = Some(Error::Syntax);
            }
            if options.trouble.is_some() {
                parser.rest();
            }
        }
        Ok(options)
    }
}

impl Options {
    fn database(&self, view: &ReadView<'_>) -> Result<u16> {
        let mut target = view.database();
        for index in &self.databases {
            target = database(view, *index)?;
        }
        self.trouble.clone().map_or(Ok(target), Err)
    }
}

fn run(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let target = args.options.database(txn)?;
    if target == txn.database() && args.source.bytes == args.destination.bytes {
        return Err(SAME_OBJECT);
    }
    let is_there = txn.peek_in(target, &args.destination).is_some();
    let is_free = args.options.replace || !is_there;
    let copy = txn.look_for(&args.source).filter(|_| is_free).map(|entry| entry.copy_to(args.destination.bytes));
    txn.call_changes_generic("copy_to");
    reply.integer(i64::from(copy.is_some()));
    if let Some(copy) = copy {
        if is_there {
            txn.tell_in(target, EventClasses::NEW, "new", &args.destination);
        }
        txn.insert_in(target, &args.destination, copy);
        if txn.differ_in_keeping(txn.database(), target) {
            did_make(txn, target, &args.destination);
        }
    }
    Ok(())
}
