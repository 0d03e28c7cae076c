//! What a command is: one value that says everything, from which `COMMAND`, the prompt, the reference, locking
//! and the tests are derived.

use keyspace::Key;
use resp::Arguments;

use crate::args::{Kind, Many, Parse, Spec, parse_all};
use crate::call::Call;
use crate::error::Result;

/// The families, as `COMMAND DOCS` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    Bitmap,
    Cluster,
    Connection,
    Generic,
    Geo,
    Hash,
    HyperLogLog,
    List,
    PubSub,
    Scripting,
    Server,
    Set,
    SortedSet,
    Stream,
    String,
    Transactions,
}

impl Group {
    /// Its name in `COMMAND DOCS`.
    pub fn name(self) -> &'static str {
        match self {
            Group::Bitmap => "bitmap",
            Group::Cluster => "cluster",
            Group::Connection => "connection",
            Group::Generic => "generic",
            Group::Geo => "geo",
            Group::Hash => "hash",
            Group::HyperLogLog => "hyperloglog",
            Group::List => "list",
            Group::PubSub => "pubsub",
            Group::Scripting => "scripting",
            Group::Server => "server",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Stream => "stream",
            Group::String => "string",
            Group::Transactions => "transactions",
        }
    }

    /// The ACL category of its commands, if it has one of its own.
    pub fn category(self) -> Option<&'static str> {
        Some(match self {
            Group::Bitmap => "bitmap",
            Group::Connection => "connection",
            Group::Generic => "keyspace",
            Group::Geo => "geo",
            Group::Hash => "hash",
            Group::HyperLogLog => "hyperloglog",
            Group::List => "list",
            Group::PubSub => "pubsub",
            Group::Scripting => "scripting",
            Group::Cluster | Group::Server => return None,
            Group::Set => "set",
            Group::SortedSet => "sortedset",
            Group::Stream => "stream",
            Group::String => "string",
            Group::Transactions => "transaction",
        })
    }
}

/// What cannot be derived from a command's handler and arguments: Redis' command flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "Redis' documentation of `COMMAND INFO` defines them")]
pub enum Flag {
    Admin,
    AllowBusy,
    Dangerous,
    DenyOom,
    Fast,
    Loading,
    MayReplicate,
    NoAsyncLoading,
    NoAuth,
    NoMandatoryKeys,
    NoMulti,
    NoScript,
    SkipMonitor,
    SkipSlowlog,
    Stale,
    /// Where the handler does not say it.
    Write,
}

/// How a command runs. The type of the function decides what it may do.
#[derive(Clone, Copy)]
pub enum Handler {
    /// It looks at the keyspace and cannot change it.
    Read(fn(&mut Call<'_, '_>) -> Result<()>),
    /// It changes keys.
    Write(fn(&mut Call<'_, '_>) -> Result<()>),
    /// It changes keys, or waits until it can.
    Blocking(fn(&mut Call<'_, '_>) -> Result<()>),
    /// It looks at the keyspace, or waits until there is something to see.
    BlockingRead(fn(&mut Call<'_, '_>) -> Result<()>),
    /// It runs a script, which calls other commands; the server knows how.
    Script,
    /// It concerns the client's connection; the server has its function.
    Session,
    /// It concerns the server as a whole; the server has its function.
    Admin,
    /// It only groups its subcommands.
    Container,
}

/// Which slots a command needs beside those of the keys among its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// None.
    Keys,
    /// It visits the whole keyspace, one slot at a time.
    BySlot,
    /// All, at once.
    Everything,
}

/// The keys among a request's arguments, and what is needed beside them.
pub type Declared<'a> = (Scope, Many<Key<'a>>);

/// A command, or a subcommand: everything there is to know about it.
#[derive(Clone, Copy)]
pub struct Command {
    /// Its name in lower case; a subcommand's is `container|subcommand`.
    pub name: &'static str,
    /// Its family.
    pub group: Group,
    /// One line.
    pub summary: &'static str,
    /// The version of Redis that had it first.
    pub since: &'static str,
    /// Its time complexity.
    pub complexity: &'static str,
    /// What it takes.
    pub arguments: &'static [Spec],
    /// Redis' arity where it is not what `arguments` say.
    pub arity: Option<i32>,
    /// What runs.
    pub handler: Handler,
    /// Finds the keys of a request.
    pub keys: for<'a> fn(Arguments<'a>) -> Result<Declared<'a>>,
    /// What cannot be derived.
    pub flags: &'static [Flag],
    /// Its subcommands.
    pub subcommands: &'static [Command],
    /// A transcript: lines that begin with `> ` are typed, the others are what a prompt prints. They run as
    /// tests and appear in the reference.
    pub examples: &'static str,
}

impl Command {
    /// The number of words of its name.
    pub fn words(&self) -> usize {
        1 + self.name.matches('|').count()
    }

    /// Redis' arity: the number of words, negative when it is a minimum.
    pub fn arity(&self) -> i32 {
        self.arity.unwrap_or_else(|| {
            let words: usize = self.arguments.iter().map(Spec::words_min).sum();
            let words = (words + self.words()) as i32;
            let is_fixed = self.arguments.iter().all(Spec::is_fixed) && self.subcommands.is_empty();
            if is_fixed { words } else { -words.max(if self.subcommands.is_empty() { 1 } else { 2 }) }
        })
    }

    /// Where the first member or field stands in a request, if no optional argument comes before it.
    pub fn element_at(&self) -> Option<usize> {
        fn find(parts: &[Spec], at: &mut usize) -> Option<usize> {
            for part in parts.iter().filter(|part| !part.optional) {
                if part.kind == Kind::Block && part.token.is_none() {
                    match find(part.parts, at) {
                        None => continue,
                        found => return found,
                    }
                }
                if part.kind == Kind::String && matches!(part.name, "member" | "field") {
                    return Some(*at + usize::from(part.token.is_some()));
                }
                *at += part.words_min();
            }
            None
        }
        find(self.arguments, &mut self.words())
    }

    /// Whether the flag is declared.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Whether it is for those who run the server.
    pub fn is_admin(&self) -> bool {
        matches!(self.handler, Handler::Admin) || self.has(Flag::Admin)
    }

    /// Whether it changes what clients see of the keyspace. One that may replicate only writes down what it has
    /// found out, and counts as a command that reads.
    pub fn is_write(&self) -> bool {
        let writes = matches!(self.handler, Handler::Write(_) | Handler::Blocking(_));
        writes && !self.has(Flag::MayReplicate) || self.has(Flag::Write)
    }

    /// Whether it looks at keys and changes nothing that clients see.
    pub fn is_read(&self) -> bool {
        match self.handler {
            Handler::Read(_) | Handler::BlockingRead(_) => true,
            Handler::Write(_) => !self.is_write(),
            _ => false,
        }
    }

    /// The subcommand that `word` names, in any case.
    pub fn subcommand(&self, word: &[u8]) -> Option<&'static Command> {
        let name = |command: &Command| command.name.split('|').next_back().map(str::as_bytes);
        self.subcommands
            .iter()
            .find(|command| name(command).is_some_and(|name| name.eq_ignore_ascii_case(word)))
    }
}

/// Whether a request of `words` words, the name included, is as long as `arity` says.
#[inline]
pub fn accepts(arity: i32, words: usize) -> bool {
    if arity >= 0 { words == arity as usize } else { words >= arity.unsigned_abs() as usize }
}

/// The keys of a request whose arguments read as `A`, which begin at word `position`.
pub fn declared<'a, A: Parse<'a>>(
    arguments: Arguments<'a>,
    position: usize,
    scope: impl FnOnce(&A) -> Scope,
) -> Result<Declared<'a>> {
    let parsed: A = parse_all(arguments, position)?;
    let mut keys = Many::new();
    parsed.keys(&mut |key| keys.push(key));
    Ok((scope(&parsed), keys))
}

/// Where the arguments of the command called `name` begin.
pub const fn arguments_at(name: &str) -> usize {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'|' {
            return 2;
        }
        at += 1;
    }
    1
}

/// Declares a command as the constant `COMMAND` of its file, whose argument struct is called `Args`.
///
/// `handler` is one of `Read(f)`, `Write(f)`, `Blocking(f)`, `BlockingRead(f)`, `Script`, `Session`, `Admin`,
/// `Container`;
/// `scope` is a function of the arguments where the keys among them do not say which slots are needed.
#[macro_export]
macro_rules! command {
    (
        name: $name:literal,
        group: $group:ident,
        since: $since:literal,
        complexity: $complexity:literal,
        summary: $summary:literal,
        handler: $handler:ident $(($run:path))?,
        $(scope: $scope:expr,)?
        $(arity: $arity:literal,)?
        $(flags: [$($flag:ident),* $(,)?],)?
        $(subcommands: [$($subcommand:path),* $(,)?],)?
        examples: $examples:literal $(,)?
    ) => {
        #[doc = $summary]
        pub const COMMAND: $crate::Command = $crate::Command {
            name: $name,
            group: $crate::Group::$group,
            summary: $summary,
            since: $since,
            complexity: $complexity,
            arguments: <Args as $crate::args::Parse<'_>>::SPEC.parts,
            arity: $crate::command!(@option $($arity)?),
            handler: $crate::command!(@handler $handler $(($run))?, $name, ($($scope)?)),
            keys: |arguments| {
                $crate::declared::<Args>(
                    arguments,
                    const { $crate::arguments_at($name) },
                    $crate::command!(@scope $($scope)?),
                )
            },
            flags: &[$($($crate::Flag::$flag),*)?],
            subcommands: &[$($($subcommand),*)?],
            examples: $examples,
        };
    };
    (@option) => { None };
    (@option $value:literal) => { Some($value) };
    (@scope) => { |_| $crate::Scope::Keys };
    (@scope $scope:expr) => { $scope };
    (@handler Session, $name:literal, ($($scope:expr)?)) => { $crate::Handler::Session };
    (@handler Script, $name:literal, ($($scope:expr)?)) => { $crate::Handler::Script };
    (@handler Admin, $name:literal, ($($scope:expr)?)) => { $crate::Handler::Admin };
    (@handler Container, $name:literal, ($($scope:expr)?)) => { $crate::Handler::Container };
    (@handler Read($run:path), $name:literal, ($($scope:expr)?)) => {
        $crate::Handler::Read(|call| {
            let args: Args = call.parse(const { $crate::arguments_at($name) })?;
            call.read(args, $crate::command!(@scope $($scope)?), $run)
        })
    };
    (@handler Write($run:path), $name:literal, ($($scope:expr)?)) => {
        $crate::Handler::Write(|call| {
            let args: Args = call.parse(const { $crate::arguments_at($name) })?;
            call.write($name, args, $crate::command!(@scope $($scope)?), $run)
        })
    };
    (@handler Blocking($run:path), $name:literal, ($($scope:expr)?)) => {
        $crate::Handler::Blocking(|call| {
            let args: Args = call.parse(const { $crate::arguments_at($name) })?;
            call.block($name, args, $run)
        })
    };
    (@handler BlockingRead($run:path), $name:literal, ($($scope:expr)?)) => {
        $crate::Handler::BlockingRead(|call| {
            let args: Args = call.parse(const { $crate::arguments_at($name) })?;
            call.block_read(args, $run)
        })
    };
}

/// Declares a family: `family! { get, set }` makes each file a module and gathers their commands in `FAMILY`.
#[macro_export]
macro_rules! family {
    ($($name:ident),* $(,)?) => {
        $(mod $name;)*

        /// The commands of this family.
        pub const FAMILY: &[$crate::Command] = &[$($name::COMMAND),*];
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn elements_are_found_where_they_stand() {
        let at = |name: &str| {
            let command = crate::data_commands().find(|command| command.name == name);
            command.expect("a command").element_at()
        };
        for (name, expected) in [
            ("sadd", Some(2)),
            ("srem", Some(2)),
            ("sismember", Some(2)),
            ("hset", Some(2)),
            ("hget", Some(2)),
            ("hincrby", Some(2)),
            ("zadd", Some(3)),
            ("zincrby", Some(3)),
            ("zscore", Some(2)),
            ("get", None),
            ("set", None),
            ("lpush", None),
            ("mset", None),
        ] {
            assert_eq!(at(name), expected, "{name}");
        }
    }
}
