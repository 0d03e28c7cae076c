//! FUNCTION LIST: see its summary.

use commands::prelude::*;

use crate::scripting::{Function, Library};
use crate::session::Session;

command! {
    name: "function|list",
    group: Scripting,
    since: "7.0.0",
    complexity: "O(N) where N is the number of functions",
    summary: "Returns information about all libraries.",
    handler: Session,
    flags: [NoScript],
    examples: r##"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('one', function() return 1 end)"
        "shop"
        > FUNCTION LIST LIBRARYNAME sh* WITHCODE
        1) 1) "library_name"
           2) "shop"
           3) "engine"
           4) "LUA"
           5) "functions"
           6) 1) 1) "name"
                 2) "one"
                 3) "description"
                 4) (nil)
                 5) "flags"
                 6) (empty array)
           7) "library_code"
           8) "#!lua name=shop\nredis.register_function('one', function() return 1 end)"
    "##,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "")]
    words: Option<Many<&'a [u8]>>,
}

/// What is asked for.
#[derive(Default)]
struct Options<'a> {
    pattern: Option<&'a [u8]>,
    with_code: bool,
}

impl<'a> Options<'a> {
    fn read(words: &[&'a [u8]]) -> Result<Options<'a>> {
        let mut options = Options::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !options.with_code && word.eq_ignore_ascii_case(b"withcode") {
                options.with_code = true;
            } else if options.pattern.is_none() && word.eq_ignore_ascii_case(b"libraryname") {
                let missing = || Error::new("library name argument was not given");
                options.pattern = Some(words.next().ok_or_else(missing)?);
            } else {
                return Err(Error::new(format_args!("Unknown argument {}", commands::shown(word))));
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let options = Options::read(args.words.as_deref().unwrap_or_default())?;
    let registry = session.server.scripting.functions.now();
    let is_wanted = |library: &&std::sync::Arc<Library>| {
        options.pattern.is_none_or(|pattern| {
            base::glob::matches(&pattern.to_ascii_lowercase(), library.name.to_ascii_lowercase().as_bytes())
        })
    };
    let libraries: Vec<_> = registry.libraries.values().filter(is_wanted).collect();
    reply.array(libraries.len());
    for library in libraries {
        reply.map(if options.with_code { 4 } else { 3 });
        reply.bulk(b"library_name");
        reply.bulk(library.name.as_bytes());
        reply.bulk(b"engine");
        reply.bulk(b"LUA");
        reply.bulk(b"functions");
        reply.array(library.functions.len());
        library.functions.iter().for_each(|function| reply_function(function, reply));
        if options.with_code {
            reply.bulk(b"library_code");
            reply.bulk(&library.code);
        }
    }
    Ok(())
}

fn reply_function(function: &Function, reply: &mut Reply) {
    reply.map(3);
    reply.bulk(b"name");
    reply.bulk(function.callable.name.as_bytes());
    reply.bulk(b"description");
    match &function.description {
        Some(description) => reply.bulk(description),
        None => reply.null(),
    }
    reply.bulk(b"flags");
    let flags: Vec<&str> = function.flags().names().collect();
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.simple(flag));
}
