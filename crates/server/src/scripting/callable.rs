//! What can be run: a script or a function.

use std::sync::atomic::{AtomicU8, Ordering};

use scripting::Flags;

/// What of the keyspace a script touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It has not run yet.
    Unknown,
    /// So far only slots of keys that it declares.
    OwnKeys,
    /// Others too.
    OtherKeys,
}

/// A script or a function.
pub(crate) struct Callable {
    /// Its digest, or its name.
    pub name: String,
    /// What it says of itself; `None` where it says nothing and may do everything.
    pub flags: Option<Flags>,
    /// Whether it is a function, which is killed by FUNCTION KILL.
    pub is_function: bool,
    reach: AtomicU8,
}

impl Callable {
    pub fn new(name: String, flags: Option<Flags>, is_function: bool) -> Callable {
        Callable { name, flags, is_function, reach: AtomicU8::new(Reach::Unknown as u8) }
    }

    /// Whether it says that it may run where there is too little memory, or that it needs none.
    pub fn may_exceed_memory(&self) -> bool {
        self.flags.is_some_and(|flags| flags.has(Flags::ALLOW_OOM) || flags.has(Flags::NO_WRITES))
    }

    pub fn reach(&self) -> Reach {
        match self.reach.load(Ordering::Relaxed) {
            reach if reach == Reach::OwnKeys as u8 => Reach::OwnKeys,
            reach if reach == Reach::OtherKeys as u8 => Reach::OtherKeys,
            _ => Reach::Unknown,
        }
    }

    /// Notes what a run has touched. Who has touched others once may do so again.
    pub fn has_reached(&self, others: bool) {
        if others {
            self.reach.store(Reach::OtherKeys as u8, Ordering::Relaxed);
        } else if self.reach() == Reach::Unknown {
            let unknown = Reach::Unknown as u8;
            let own = Reach::OwnKeys as u8;
            // Whoever was faster may know more.
            let _ = self.reach.compare_exchange(unknown, own, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_touched_others_is_not_trusted_again() {
        let callable = Callable::new(String::new(), None, false);
        assert_eq!(callable.reach(), Reach::Unknown);
        for (others, expected) in
            [(false, Reach::OwnKeys), (true, Reach::OtherKeys), (false, Reach::OtherKeys)]
        {
            callable.has_reached(others);
            assert_eq!(callable.reach(), expected);
        }
    }
}
