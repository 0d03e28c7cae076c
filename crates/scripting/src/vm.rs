//! One interpreter, and the running of scripts and functions in it.

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

use mlua::{HookTriggers, Lua, LuaOptions, StdLib, Table, Value, VmState};
use resp::{Arguments, ArgumentsBuffer, Reply, Version};

use crate::error::{Raised, plain};
use crate::host::Host;
use crate::libraries::random::Random;
use crate::stack::{self, Own, Panic, Stack};
use crate::{api, encode, libraries};

/// How much a script may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of memory for all that an interpreter holds.
    pub memory_bytes_max: usize,
}

/// A compiled script, or a function of a library. It belongs to the [`Vm`] that made it.
#[derive(Clone)]
pub struct Function(pub(crate) mlua::Function);

/// What a script that ended well has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// A value.
    Value,
    /// An error of its own.
    Error,
    /// The error of a command, which was counted when that ran.
    CountedError,
}

/// Why a script did not end well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The error, which begins with its code.
    pub text: Vec<u8>,
    /// The chunk and the line, where that is known.
    pub place: Option<(String, i64)>,
    /// Whether it is the error of a command, which was counted when that ran.
    pub is_counted: bool,
}

/// One interpreter.
pub struct Vm {
    lua: Lua,
    shared: Rc<Shared>,
    /// Runs what scripts and functions are, and has their errors say where they happened.
    runner: mlua::Function,
    handler: mlua::Function,
    pub(crate) run_library: mlua::Function,
    /// Where each run's `math.random` begins.
    seeds: RefCell<base::random::Random>,
    /// Beyond this many bytes its garbage is collected after a run.
    collect_from_bytes: Cell<usize>,
}

/// What the functions that scripts call have in common.
pub(crate) struct Shared {
    /// Who does what the script asks for, while one runs.
    host: Cell<Option<NonNull<dyn Host>>>,
    /// The words of the command that is called.
    pub arguments: RefCell<ArgumentsBuffer>,
    /// Its reply, in the version that the script asked for.
    pub reply: RefCell<Reply>,
    pub random: RefCell<Random>,
    pub json: RefCell<libraries::json::Settings>,
    /// Whether the host has said stop.
    is_stopped: Cell<bool>,
    /// Bytes of memory for all that the interpreter holds.
    pub memory_bytes_max: Cell<usize>,
    /// The library that is being loaded.
    pub loading: RefCell<Option<crate::library::Loading>>,
    /// A panic of ours, which goes on when Lua has been left.
    panic: Cell<Option<Panic>>,
}

/// The host is asked whether to go on after this many instructions.
const INSTRUCTIONS_BETWEEN_QUESTIONS: u32 = 10_000;

/// Buffers are not kept when they grew beyond this.
pub(crate) const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// An interpreter that uses less is left to its own collector.
const COLLECT_FROM_BYTES_MIN: usize = 8 * 1024 * 1024;

impl Vm {
    /// A new interpreter. `versions` are pairs of a name, such as `REDIS`, and a version in three parts; `seed` is where
    /// its randomness begins.
    ///
    /// # Errors
    /// When there is not enough memory for it.
    pub fn new(limits: Limits, versions: &[(&str, &str)], seed: u64) -> Result<Vm, String> {
        Vm::build(limits, versions, seed).map_err(|error| plain(&error))
    }

    fn build(limits: Limits, versions: &[(&str, &str)], seed: u64) -> mlua::Result<Vm> {
        // The prelude needs to see what calls what; it leaves nothing of `debug` to scripts.
        #[allow(unsafe_code)]
        // SAFETY: only the prelude, which is ours, ever sees the library `debug`.
        let lua = unsafe { Lua::unsafe_new_with(StdLib::ALL_SAFE | StdLib::DEBUG, LuaOptions::default()) };
        let shared = Rc::new(Shared {
            host: Cell::new(None),
            arguments: RefCell::default(),
            reply: RefCell::new(Reply::new(Version::Resp2)),
            random: RefCell::default(),
            json: RefCell::default(),
            is_stopped: Cell::new(false),
            memory_bytes_max: Cell::new(limits.memory_bytes_max),
            loading: RefCell::default(),
            panic: Cell::new(None),
        });
        let native = api::native(&lua, &shared, versions)?;
        let running: Table = lua.load(include_str!("prelude.lua")).set_name("=prelude").call(native)?;
        let vm = Vm {
            runner: stack::runner::<Run<'_>>(
                &lua,
                &shared,
                running.raw_get("globals")?,
                running.raw_get("known")?,
            )?,
            handler: running.raw_get("handler")?,
            run_library: running.raw_get("library")?,
            lua,
            shared,
            seeds: RefCell::new(base::random::Random::from_seed(seed)),
            collect_from_bytes: Cell::new(COLLECT_FROM_BYTES_MIN),
        };
        vm.ask_every(INSTRUCTIONS_BETWEEN_QUESTIONS)?;
        vm.lua.set_memory_limit(limits.memory_bytes_max)?;
        Ok(vm)
    }

    /// Has the host be asked after this many instructions, in the thread of Lua that runs and in those to come.
    fn ask_every(&self, instructions: u32) -> mlua::Result<()> {
        let shared = Rc::downgrade(&self.shared);
        let triggers = HookTriggers::new().every_nth_instruction(instructions);
        self.lua.set_global_hook(triggers, move |lua, _| {
            let Some(shared) = shared.upgrade() else { return Ok(VmState::Continue) };
            if !shared.is_stopped() && shared.with_host(|host| host.goes_on()) != Some(false) {
                return Ok(VmState::Continue);
            }
            shared.stop_now(lua);
            Err(mlua::Error::external(Raised::Stopped))
        })
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    /// Has it use no more than this from now on.
    pub fn limit(&self, limits: Limits) {
        self.shared.memory_bytes_max.set(limits.memory_bytes_max);
        self.set_memory_limit(limits.memory_bytes_max);
    }

    /// Compiles a script's text.
    ///
    /// # Errors
    /// The compiler's words.
    pub fn compile(&self, text: &[u8]) -> Result<Function, String> {
        self.compile_as(text, "@user_script")
    }

    pub(crate) fn compile_as(&self, text: &[u8], name: &str) -> Result<Function, String> {
        let chunk = self.lua.load(text).set_name(name).set_mode(mlua::chunk::ChunkMode::Text);
        chunk.into_function().map(Function).map_err(|error| plain(&error))
    }

    /// Runs a script and writes what it returns to `reply`. The first `keys` of `words` are its keys, the rest are its
    /// arguments.
    ///
    /// # Errors
    /// What it failed with. What it did before stays done.
    pub fn run(
        &self,
        script: &Function,
        words: Arguments<'_>,
        keys: usize,
        host: &mut dyn Host,
        reply: &mut Reply,
    ) -> Result<Returned, Failure> {
        let run = Run { is_function: false, words, keys, reply, returned: Returned::Value };
        self.execute(script, run, host)
    }

    /// Calls a function of a library, as [`Vm::run`] runs a script.
    ///
    /// # Errors
    /// What it failed with. What it did before stays done.
    pub fn call(
        &self,
        function: &Function,
        words: Arguments<'_>,
        keys: usize,
        host: &mut dyn Host,
        reply: &mut Reply,
    ) -> Result<Returned, Failure> {
        let run = Run { is_function: true, words, keys, reply, returned: Returned::Value };
        self.execute(function, run, host)
    }

    fn execute(&self, what: &Function, mut run: Run<'_>, host: &mut dyn Host) -> Result<Returned, Failure> {
        self.begin().map_err(|error| Failure::of(&error))?;
        let start = || stack::start(&self.lua, &self.runner, &self.handler, &what.0, &mut run);
        let result = self.shared.hosted_by(host, start);
        if let Some(panic) = self.shared.panic.take() {
            std::panic::resume_unwind(panic);
        }
        let result = result.map_err(|error| self.failure(error));
        self.tidy();
        result.map(|()| run.returned)
    }

    /// Says what a script has failed with, which takes some memory where there may be none.
    #[cold]
    fn failure(&self, error: mlua::Result<Value>) -> Failure {
        self.set_memory_limit(0);
        let failure = error.and_then(|error| failure_of(&error)).unwrap_or_else(|error| Failure::of(&error));
        self.set_memory_limit(self.shared.memory_bytes_max.get());
        failure
    }

    /// Runs `work`, in which Lua may call on `host`.
    pub(crate) fn hosted<R>(&self, host: &mut dyn Host, work: impl FnOnce() -> R) -> R {
        self.shared.hosted_by(host, work)
    }

    /// Forgets what the script before may have set.
    pub(crate) fn begin(&self) -> mlua::Result<()> {
        self.shared.reply.borrow_mut().set_version(Version::Resp2);
        let seed = self.seeds.borrow_mut().next_u64();
        *self.shared.random.borrow_mut() = Random::from_seed(seed as i32);
        *self.shared.json.borrow_mut() = libraries::json::Settings::default();
        if self.shared.is_stopped.replace(false) {
            self.ask_every(INSTRUCTIONS_BETWEEN_QUESTIONS)?;
        }
        Ok(())
    }

    fn set_memory_limit(&self, bytes_max: usize) {
        // It fails only for interpreters that somebody else has made.
        let _ = self.lua.set_memory_limit(bytes_max);
    }

    /// Gives back what a script has used much of.
    pub(crate) fn tidy(&self) {
        self.shared.reply.borrow_mut().clear();
        self.shared.reply.borrow_mut().shrink_to(BUFFER_BYTES_MAX);
        let bytes_max = self.shared.memory_bytes_max.get();
        // Lua 5.1 does not collect when it runs out of memory, so what this script leaves behind would fail the next one.
        let collect_from_bytes = match bytes_max {
            0 => self.collect_from_bytes.get(),
            _ => self.collect_from_bytes.get().min(bytes_max / 4),
        };
        if self.lua.used_memory() > collect_from_bytes {
            self.set_memory_limit(0);
            let collected = self.lua.gc_collect();
            self.set_memory_limit(bytes_max);
            if collected.is_ok() {
                self.collect_from_bytes.set(COLLECT_FROM_BYTES_MIN.max(2 * self.lua.used_memory()));
            }
        }
    }

    /// Bytes of memory that it holds.
    pub fn used_bytes(&self) -> usize {
        self.lua.used_memory()
    }
}

/// A script, or a function of a library, with what it is to be run with.
struct Run<'a> {
    is_function: bool,
    /// The first `keys` of them are keys.
    words: Arguments<'a>,
    keys: usize,
    reply: &'a mut Reply,
    returned: Returned,
}

impl stack::Run for Run<'_> {
    fn run(&mut self, shared: &Shared, stack: &mut Stack) {
        if self.is_function {
            stack.push_copy(1);
            self.push_words(stack, 0, self.keys);
            self.push_words(stack, self.keys, self.words.len());
            stack.call(2);
        } else {
            stack.push_own(Own::Known);
            stack.push_own(Own::Keys);
            self.push_words(stack, 0, self.keys);
            stack.set_pair();
            stack.push_own(Own::Arguments);
            self.push_words(stack, self.keys, self.words.len());
            stack.set_pair();
            stack.set_globals(1, Own::Globals);
            stack.push_copy(1);
            stack.call(0);
        }
        self.returned = encode::encode(shared, stack, self.reply);
    }
}

impl Run<'_> {
    /// Pushes a table of the words from `start` to `end`.
    fn push_words(&self, stack: &mut Stack, start: usize, end: usize) {
        stack.push_table(end.saturating_sub(start), 0);
        for (index, word) in (1..).zip((start..end).map_while(|index| self.words.get(index))) {
            stack.push_bytes(word);
            stack.set_element(index);
        }
    }
}

impl Shared {
    /// Runs `work`, in which [`Shared::with_host`] finds `host`.
    fn hosted_by<R>(&self, host: &mut dyn Host, work: impl FnOnce() -> R) -> R {
        /// Takes the host away again, however the work ends.
        struct Away<'a>(&'a Cell<Option<NonNull<dyn Host>>>);
        impl Drop for Away<'_> {
            fn drop(&mut self) {
                self.0.set(None);
            }
        }
        let host: NonNull<dyn Host + '_> = NonNull::from(host);
        #[allow(
            unsafe_code,
            reason = "Lua's functions have no lifetime that could say how long the host is there"
        )]
        // SAFETY: only the lifetime changes; the pointer is gone from `self.host` before `host` is, see `Away`.
        let host: NonNull<dyn Host> = unsafe { std::mem::transmute(host) };
        self.host.set(Some(host));
        let _away = Away(&self.host);
        work()
    }

    /// Lets `work` at the host, if a script runs and is not being served already.
    pub fn with_host<R>(&self, work: impl FnOnce(&mut dyn Host) -> R) -> Option<R> {
        /// Puts the host back, however the work ends.
        struct Back<'a>(&'a Cell<Option<NonNull<dyn Host>>>, NonNull<dyn Host>);
        impl Drop for Back<'_> {
            fn drop(&mut self) {
                self.0.set(Some(self.1));
            }
        }
        let mut host = self.host.take()?;
        let _back = Back(&self.host, host);
        // SAFETY: the pointer is that of an exclusive borrow that `hosted_by` holds for as long as it can be found
        // here, and nobody finds it while `work` has it.
        #[allow(unsafe_code, reason = "see `hosted_by`")]
        Some(work(unsafe { host.as_mut() }))
    }

    /// Whether nothing of the script is to run any more.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }

    /// Has nothing of the script run any more: it is stopped when Lua asks next.
    pub fn stop(&self) {
        self.is_stopped.set(true);
    }

    /// As [`Shared::stop`], and whoever catches the error is stopped at its next instruction.
    pub fn stop_now(&self, lua: &Lua) {
        self.stop();
        let triggers = HookTriggers::new().every_nth_instruction(1);
        // Without memory for a hook the one that there is stops the script a little later.
        let _ = lua.set_global_hook(triggers, |_, _| Err(mlua::Error::external(Raised::Stopped)));
    }

    /// Keeps a panic until Lua has been left.
    pub fn keep_panic(&self, panic: Panic) {
        self.panic.set(Some(panic));
    }
}

impl Failure {
    fn of(error: &mlua::Error) -> Failure {
        Failure { text: format!("ERR {}", plain(error)).into_bytes(), place: None, is_counted: false }
    }
}

/// What the error handler made of the script's error.
fn failure_of(value: &Value) -> mlua::Result<Failure> {
    let Value::Table(table) = value else {
        let text = value.to_string()?;
        return Ok(Failure { text: format!("ERR {text}").into_bytes(), place: None, is_counted: false });
    };
    let text = match table.raw_get("err")? {
        Value::String(text) => text.as_bytes().to_vec(),
        _ => b"ERR unknown error".to_vec(),
    };
    let place = match (table.raw_get("source")?, table.raw_get("line")?) {
        (Value::String(source), Value::Integer(line)) => Some((source.to_string_lossy(), line)),
        (Value::String(source), Value::Number(line)) => Some((source.to_string_lossy(), line as i64)),
        _ => None,
    };
    let is_counted = table.raw_get::<Value>("ignore_error_stats_update")? == Value::Boolean(true);
    Ok(Failure { text, place, is_counted })
}
