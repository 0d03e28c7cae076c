//! Lua's stack, as those functions of ours see it that every script needs: what runs it, and what it calls commands with.
//!
//! They go past `mlua`, which keeps each value that it hands over in a table of references and allocates lists of them:
//! that took a third of the instructions of a script that makes two calls, what the calls do included.
//!
//! Lua raises errors with `longjmp`, which passes over Rust's frames without dropping what is in them. This is sound as
//! long as there is nothing to drop. So what may raise takes `&mut Stack`, and no function that has one owns anything
//! while it calls with it: no guard, no vector, no text. What owns something gets a `&Stack`, with which nothing can be
//! called that raises, or runs in [`without_panic`], between two calls. The same keeps panics away from Lua, which cannot
//! unwind: what could panic runs in there, and the panic goes on when Lua has been left.
#![allow(unsafe_code, reason = "functions of Lua's own C interface")]

use std::any::Any;
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mlua::ffi;
use mlua::{Function, Lua, MultiValue, Value};

use crate::vm::Shared;

/// The values of one function that runs. Indices are Lua's: from 1 on they are its arguments, -1 is the last value.
pub(crate) struct Stack(*mut ffi::lua_State);

/// What kind of value there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Nil,
    Boolean,
    Number,
    String,
    Table,
    Other,
}

/// What a function that [`function`] has made finds without a look-up: its upvalues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    Ok = 2,
    Err,
    IsCounted,
    Double,
    BigNumber,
    Verbatim,
    Format,
    String,
    Map,
    Set,
    Keys,
    Arguments,
    /// Only of the function that runs scripts: the globals that they see, and where those that are theirs alone lie.
    Globals,
    Known,
}

/// The texts among them, in their order.
const TEXTS: [&str; 12] = [
    "ok",
    "err",
    "ignore_error_stats_update",
    "double",
    "big_number",
    "verbatim_string",
    "format",
    "string",
    "map",
    "set",
    "KEYS",
    "ARGV",
];

/// What a function of ours does.
pub(crate) trait Native {
    /// Whether an error that it answers is raised.
    const RAISES: bool;

    /// Does what the script asks for, and says what to answer.
    fn serve(shared: &Shared, arguments: &Stack) -> Answer;
}

/// What a function of ours answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The reply that is in [`Shared::reply`].
    Reply,
    Boolean(bool),
    /// Nothing; the script must not go on.
    Stop,
}

/// Has `shared` keep the panic of `work`, if there is one.
pub(crate) fn without_panic<R>(shared: &Shared, work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => Some(result),
        Err(panic) => {
            shared.keep_panic(panic);
            None
        }
    }
}

/// The function that does what `N` does.
pub(crate) fn native<N: Native>(lua: &Lua, shared: &Shared) -> mlua::Result<Function> {
    function(lua, shared, serve::<N>, &[])
}

/// The function that runs what it is called with, a [`Run`]'s script. Scripts see `globals`, which show `known`.
pub(crate) fn runner<R: Run>(
    lua: &Lua,
    shared: &Shared,
    globals: mlua::Table,
    known: mlua::Table,
) -> mlua::Result<Function> {
    function(lua, shared, run::<R>, &[Value::Table(globals), Value::Table(known)])
}

/// A function with the upvalues of [`Own`]. `shared` has to be there for as long as scripts run.
fn function(
    lua: &Lua,
    shared: &Shared,
    function: ffi::lua_CFunction,
    tables: &[Value],
) -> mlua::Result<Function> {
    let shared = std::ptr::from_ref(shared).cast_mut().cast();
    let mut upvalues = MultiValue::new();
    upvalues.push_back(Value::LightUserData(mlua::LightUserData(shared)));
    for text in TEXTS {
        upvalues.push_back(Value::String(lua.create_string(text)?));
    }
    upvalues.extend(tables.iter().cloned());
    let count = upvalues.len() as c_int;
    // SAFETY: the upvalues are what is on the stack, and in their place the function remains. It owns nothing.
    unsafe { lua.exec_raw(upvalues, |state| ffi::lua_pushcclosure(state, function, count)) }
}

unsafe extern "C-unwind" fn serve<N: Native>(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: only `function` makes closures of this one, and their first upvalue is the interpreter's `Shared`, which
    // is there until the interpreter is closed.
    let shared = unsafe { &*shared(state) };
    let mut stack = Stack(state);
    let answer = without_panic(shared, || N::serve(shared, &stack)).unwrap_or(Answer::Stop);
    match answer {
        Answer::Boolean(value) => stack.push_boolean(value),
        Answer::Stop => {
            shared.stop();
            stack.hurry();
            stack.push_bytes(b"the script was stopped");
            stack.raise()
        }
        Answer::Reply => {
            // SAFETY: nobody else writes to the reply before the next call, which can begin only when this one is over.
            let reply = unsafe { (*shared.reply.as_ptr()).as_bytes() };
            crate::decode::decode(&mut stack, reply);
            if N::RAISES && reply.first() == Some(&b'-') {
                stack.raise()
            }
        }
    }
    1
}

/// A script or a function with what it is to be run with.
pub(crate) trait Run {
    /// Runs the script, which is the first value on the stack.
    fn run(&mut self, shared: &Shared, stack: &mut Stack);
}

unsafe extern "C-unwind" fn run<R: Run>(state: *mut ffi::lua_State) -> c_int {
    // SAFETY: as in `serve`.
    let shared = unsafe { &*shared(state) };
    // SAFETY: only `start` calls this function, with a pointer to what it has borrowed for as long.
    let run = unsafe { &mut *ffi::lua_touserdata(state, 2).cast::<R>() };
    run.run(shared, &mut Stack(state));
    0
}

unsafe fn shared(state: *mut ffi::lua_State) -> *const Shared {
    // SAFETY: the state is that of a function which runs.
    unsafe { ffi::lua_touserdata(state, ffi::lua_upvalueindex(1)).cast() }
}

/// Has `runner` run `script`, with `handler` for its errors. Returns what it failed with.
pub(crate) fn start<R: Run>(
    lua: &Lua,
    runner: &Function,
    handler: &Function,
    script: &Function,
    run: &mut R,
) -> Result<(), mlua::Result<Value>> {
    /// Leaves the stack as it was.
    struct Restore(*mut ffi::lua_State, c_int);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: what is above was put there since.
            unsafe { ffi::lua_settop(self.0, self.1) }
        }
    }
    const SLOTS: c_int = 8;
    lua.exec_raw_lua(|raw| {
        let state = raw.state();
        // SAFETY: nothing here raises: what may is called by `lua_pcall`. There is room for all that is pushed.
        unsafe {
            let restore = Restore(state, ffi::lua_gettop(state));
            if ffi::lua_checkstack(state, SLOTS) == 0 {
                return Err(Err(mlua::Error::StackError));
            }
            raw.push(handler).map_err(Err)?;
            raw.push(runner).map_err(Err)?;
            raw.push(script).map_err(Err)?;
            ffi::lua_pushlightuserdata(state, std::ptr::from_mut(run).cast());
            match ffi::lua_pcall(state, 2, 0, restore.1 + 1) {
                ffi::LUA_OK => Ok(()),
                _ => Err(raw.pop()),
            }
        }
    })
}

/// What cannot raise.
impl Stack {
    /// How many values there are.
    pub fn len(&self) -> c_int {
        // SAFETY: the state is that of a function which runs, as in all that follows.
        unsafe { ffi::lua_gettop(self.0) }
    }

    pub fn kind(&self, at: c_int) -> Kind {
        // SAFETY: see `len`.
        match unsafe { ffi::lua_type(self.0, at) } {
            ffi::LUA_TNIL | ffi::LUA_TNONE => Kind::Nil,
            ffi::LUA_TBOOLEAN => Kind::Boolean,
            ffi::LUA_TNUMBER => Kind::Number,
            ffi::LUA_TSTRING => Kind::String,
            ffi::LUA_TTABLE => Kind::Table,
            _ => Kind::Other,
        }
    }

    pub fn boolean(&self, at: c_int) -> bool {
        // SAFETY: see `len`.
        unsafe { ffi::lua_toboolean(self.0, at) != 0 }
    }

    /// A number, or 0 where there is none.
    pub fn number(&self, at: c_int) -> f64 {
        // SAFETY: see `len`.
        unsafe { ffi::lua_tonumber(self.0, at) }
    }

    /// A string's bytes; none where there is no string.
    pub fn bytes(&self, at: c_int) -> &[u8] {
        if self.kind(at) != Kind::String {
            return &[];
        }
        let mut len = 0;
        // SAFETY: it is a string, so nothing is converted. Strings stay where they are while the stack holds them,
        // which it does until it is borrowed exclusively.
        unsafe {
            let bytes = ffi::lua_tolstring(self.0, at, &mut len);
            std::slice::from_raw_parts(bytes.cast(), len)
        }
    }

    /// Has Lua ask whether to go on at its next instruction.
    fn hurry(&self) {
        // SAFETY: the hook is the one that there is.
        unsafe { ffi::lua_sethook(self.0, ffi::lua_gethook(self.0), ffi::LUA_MASKCOUNT, 1) };
    }
}

/// What may raise.
impl Stack {
    /// Makes room for so many more values. There is for twenty when a function begins.
    pub fn reserve(&mut self, slots: c_int) {
        // SAFETY: see `len`.
        unsafe { ffi::luaL_checkstack(self.0, slots, c"too many values".as_ptr()) }
    }

    pub fn push_nil(&mut self) {
        // SAFETY: see `len`; whoever pushes has room for it, see `reserve`.
        unsafe { ffi::lua_pushnil(self.0) }
    }

    pub fn push_boolean(&mut self, value: bool) {
        // SAFETY: see `push_nil`.
        unsafe { ffi::lua_pushboolean(self.0, c_int::from(value)) }
    }

    pub fn push_number(&mut self, value: f64) {
        // SAFETY: see `push_nil`.
        unsafe { ffi::lua_pushnumber(self.0, value) }
    }

    pub fn push_bytes(&mut self, bytes: &[u8]) {
        // SAFETY: see `push_nil`; the bytes are copied.
        unsafe { ffi::lua_pushlstring_(self.0, bytes.as_ptr().cast(), bytes.len()) }
    }

    pub fn push_own(&mut self, own: Own) {
        // SAFETY: see `push_nil`; an upvalue that the function has not is nil.
        unsafe { ffi::lua_pushvalue(self.0, ffi::lua_upvalueindex(own as c_int)) }
    }

    /// Pushes a value that is there once more.
    pub fn push_copy(&mut self, at: c_int) {
        // SAFETY: see `push_nil`.
        unsafe { ffi::lua_pushvalue(self.0, at) }
    }

    /// An empty table with room for so many elements and fields.
    pub fn push_table(&mut self, elements: usize, fields: usize) {
        /// Who needs more gets it as it grows.
        const ROOM_MAX: usize = 1 << 20;
        let room = |count: usize| count.min(ROOM_MAX) as c_int;
        // SAFETY: see `push_nil`.
        unsafe { ffi::lua_createtable(self.0, room(elements), room(fields)) }
    }

    /// Takes a value, and makes it the element `index` of the table below it.
    pub fn set_element(&mut self, index: usize) {
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        if self.kind(-2) == Kind::Table {
            // SAFETY: it is a table.
            unsafe { ffi::lua_rawseti_(self.0, -2, index) }
        }
    }

    /// Takes a key and, above it, its value, and puts them into the table below.
    pub fn set_pair(&mut self) {
        if self.kind(-3) == Kind::Table {
            // SAFETY: it is a table.
            unsafe { ffi::lua_rawset(self.0, -3) }
        }
    }

    /// Pushes the element `index` of the last value, which is a table.
    pub fn push_element(&mut self, index: usize) -> Kind {
        let index = c_int::try_from(index).unwrap_or(c_int::MAX);
        match self.kind(-1) {
            // SAFETY: it is a table.
            Kind::Table => unsafe { ffi::lua_rawgeti_(self.0, -1, index) },
            _ => self.push_nil(),
        }
        self.kind(-1)
    }

    /// Pushes the field `name` of the last value if that is a table and the field of this kind.
    pub fn push_field(&mut self, name: Own, kind: Kind) -> bool {
        if self.kind(-1) != Kind::Table {
            return false;
        }
        self.push_own(name);
        // SAFETY: it is a table.
        unsafe { ffi::lua_rawget_(self.0, -2) };
        let is_there = self.kind(-1) == kind;
        if !is_there {
            self.pop(1);
        }
        is_there
    }

    /// Takes a key of the table below it, and pushes the next one with its value, if there is one.
    pub fn next(&mut self) -> bool {
        // SAFETY: it is a table.
        self.kind(-2) == Kind::Table && unsafe { ffi::lua_next(self.0, -2) != 0 }
    }

    pub fn pop(&mut self, count: c_int) {
        // SAFETY: whoever pops has pushed.
        unsafe { ffi::lua_settop(self.0, -count - 1) }
    }

    /// Has the function at `at` see these globals.
    pub fn set_globals(&mut self, at: c_int, globals: Own) {
        self.push_own(globals);
        // SAFETY: it takes what was pushed.
        unsafe { ffi::lua_setfenv(self.0, at) };
    }

    /// Takes a function and so many arguments, and pushes one result.
    pub fn call(&mut self, arguments: c_int) {
        // SAFETY: see `len`.
        unsafe { ffi::lua_call(self.0, arguments, 1) }
    }

    /// Raises the last value.
    fn raise(self) -> ! {
        // SAFETY: see `len`.
        unsafe { ffi::lua_error(self.0) }
    }
}

/// A panic that goes on when Lua has been left.
pub(crate) type Panic = Box<dyn Any + Send>;
