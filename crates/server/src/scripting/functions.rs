//! Libraries of functions, for all workers.
//!
//! What is there is replaced as a whole: whoever runs a function has the registry as it was. A worker loads a library
//! into its own interpreter when it first needs it; what a library keeps in local variables is the worker's own.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use commands::{Error, Result};
use scripting::{Flags, FunctionDeclaration, Header};
use sync::Mutex;

use super::callable::Callable;

/// A library.
pub(crate) struct Library {
    /// Its name.
    pub name: String,
    /// What was sent, the first line included.
    pub code: Box<[u8]>,
    /// Its functions.
    pub functions: Vec<Function>,
    /// No other library ever has the same.
    pub version: u64,
}

/// A function of a library.
pub(crate) struct Function {
    /// What is known of running it.
    pub callable: Callable,
    /// What its library says of it.
    pub description: Option<Vec<u8>>,
}

impl Function {
    /// Its flags.
    pub fn flags(&self) -> Flags {
        self.callable.flags.unwrap_or_default()
    }
}

/// All libraries, by name, and where each function is.
#[derive(Clone, Default)]
pub(crate) struct Registry {
    pub libraries: BTreeMap<String, Arc<Library>>,
    /// By name in lower case: functions are called in any.
    functions: HashMap<String, (Arc<Library>, usize)>,
}

impl Registry {
    /// The library of a function, and its number in it.
    pub fn find(&self, name: &[u8]) -> Option<(&Arc<Library>, usize)> {
        let name = std::str::from_utf8(name).ok()?;
        // Nearly everybody calls a function as its library does, and that in lower case.
        let found = self.functions.get(name).or_else(|| self.functions.get(&name.to_ascii_lowercase()));
        let (library, index) = found?;
        Some((library, *index))
    }

    /// How many functions there are.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Bytes of the libraries' texts.
    pub fn code_bytes(&self) -> usize {
        self.libraries.values().map(|library| library.code.len()).sum()
    }

    /// What FUNCTION DUMP gives of them all.
    pub fn payload(&self, version: rdb::Version) -> Vec<u8> {
        rdb::dump::encode_functions(self.libraries.values().map(|library| &*library.code), version)
    }

    /// Removes a library, and says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(library) = self.libraries.remove(name) else { return false };
        self.functions.retain(|_, (other, _)| !Arc::ptr_eq(other, &library));
        true
    }

    /// Adds a library, in place of the one of its name if it may replace that.
    pub fn add(&mut self, library: Arc<Library>, replaces: bool) -> Result<()> {
        if self.libraries.contains_key(&library.name) && !replaces {
            return Err(Error::new(format_args!("Library '{}' already exists", library.name)));
        }
        self.remove(&library.name);
        for function in &library.functions {
            let name = &function.callable.name;
            if self.functions.contains_key(&name.to_ascii_lowercase()) {
                return Err(Error::new(format_args!("Function {name} already exists")));
            }
        }
        for (index, function) in library.functions.iter().enumerate() {
            let name = function.callable.name.to_ascii_lowercase();
            self.functions.insert(name, (Arc::clone(&library), index));
        }
        self.libraries.insert(library.name.clone(), library);
        Ok(())
    }
}

/// The libraries that there are.
#[derive(Default)]
pub(crate) struct Functions {
    current: ArcSwap<Registry>,
    /// Held while they are changed.
    changing: Mutex<()>,
    versions: AtomicU64,
}

impl Functions {
    /// What is there now.
    pub fn now(&self) -> Arc<Registry> {
        self.current.load_full()
    }

    /// Changes what is there and has `keep` keep it, one change after the other. Where one of them fails, nothing has
    /// changed.
    pub fn change(
        &self,
        change: impl FnOnce(&mut Registry) -> Result<()>,
        keep: impl FnOnce(&Registry) -> Result<()>,
    ) -> Result<()> {
        let _changing = self.changing.lock();
        let before = self.current.load_full();
        let mut registry = Registry::clone(&before);
        change(&mut registry)?;
        let registry = Arc::new(registry);
        // Whoever takes both the libraries and the stream of what was done must not find a change in the stream alone.
        self.current.store(Arc::clone(&registry));
        keep(&registry).inspect_err(|_| self.current.store(before))
    }

    /// The library that `code` makes, whose functions `declare` finds out from the text without its first line.
    pub fn make(
        &self,
        code: &[u8],
        declare: impl FnOnce(&[u8]) -> Result<Vec<FunctionDeclaration>>,
    ) -> Result<Library> {
        let (name, len) = read_header(code)?;
        let functions = declare(&code[len..])?;
        if functions.is_empty() {
            return Err(Error::new("No functions registered"));
        }
        let functions = functions.into_iter().map(|function| Function {
            callable: Callable::new(function.name, Some(function.flags), true),
            description: function.description,
        });
        let version = self.versions.fetch_add(1, Ordering::Relaxed);
        Ok(Library { name, code: code.into(), functions: functions.collect(), version })
    }
}

/// The length of the first line of a library.
pub(super) fn header_len(code: &[u8]) -> usize {
    code.iter().position(|byte| *byte == b'\n').unwrap_or(0)
}

/// The name of a library, and the length of its first line, which says it.
fn read_header(code: &[u8]) -> Result<(String, usize)> {
    let header = Header::of(code).map_err(|_| Error::new("Invalid library metadata"))?;
    let header = header.ok_or(Error::new("Missing library metadata"))?;
    let mut name = None;
    for option in &header.options {
        let is_name = option.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("name="));
        if !is_name {
            return Err(Error::new(format_args!("Invalid metadata value given: {option}")));
        }
        if name.replace(&option[5..]).is_some() {
            return Err(Error::new("Invalid metadata value, name argument was given multiple times"));
        }
    }
    let name = name.ok_or(Error::new("Library name was not given"))?;
    if !scripting::is_name(name.as_bytes()) {
        return Err(Error::new(
            "Library names can only contain letters, numbers, or underscores(_) and must be at least one \
             character long",
        ));
    }
    if !header.engine.eq_ignore_ascii_case("lua") {
        return Err(Error::new(format_args!("Engine '{}' not found", header.engine)));
    }
    Ok((name.to_owned(), header.len))
}
