//! What goes wrong below a command: the disk fails, is full, or holds what cannot be read.
//!
//! A command asks its view for values and does not expect that to fail. So whoever fails to fetch one raises a fault
//! here and answers as if there were nothing; before anything of the command is stored or seen, its view takes the
//! fault and the command fails with it. A command runs on one thread from its beginning to its end, and so the place
//! where the fault waits is the thread's.

use std::cell::{Cell, RefCell};
use std::fmt;

/// Why a command could not be carried out, as its client reads it, error code included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Box<str>);

impl Fault {
    /// A fault of this text, which begins with an error code.
    pub fn new(text: impl Into<Box<str>>) -> Fault {
        Fault(text.into())
    }

    /// The text, error code included.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

thread_local! {
    static IS_RAISED: Cell<bool> = const { Cell::new(false) };
    static RAISED: RefCell<Option<Fault>> = const { RefCell::new(None) };
}

/// Has the command that runs on this thread fail. The first fault counts.
#[cold]
pub fn raise(fault: Fault) {
    IS_RAISED.set(true);
    RAISED.with_borrow_mut(|raised| raised.get_or_insert(fault).clone());
}

/// The fault that was raised since the last time, if there was one.
#[inline]
pub fn take() -> Option<Fault> {
    if !IS_RAISED.get() {
        return None;
    }
    IS_RAISED.set(false);
    RAISED.take()
}
