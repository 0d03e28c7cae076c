//! The locks: a try, and only when it fails the measured wait.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::sites::{self, Kind};

/// Access to what a [`Mutex`] holds, until it is dropped.
pub type MutexGuard<'a, T> = parking_lot::MutexGuard<'a, T>;

/// Shared access to what an [`RwLock`] holds, until it is dropped.
pub type RwLockReadGuard<'a, T> = parking_lot::RwLockReadGuard<'a, T>;

/// Exclusive access to what an [`RwLock`] holds, until it is dropped.
pub type RwLockWriteGuard<'a, T> = parking_lot::RwLockWriteGuard<'a, T>;

/// Lets threads that hold a [`Mutex`] let go of it and wait until another has something to tell. Such a wait is not
/// counted: it is not for the mutex.
pub type Condvar = parking_lot::Condvar;

/// Lets one thread at a time at a value.
#[derive(Default)]
pub struct Mutex<T: ?Sized>(parking_lot::Mutex<T>);

impl<T> Mutex<T> {
    /// A free mutex around `value`.
    pub const fn new(value: T) -> Self {
        Self(parking_lot::Mutex::new(value))
    }

    /// The value, now that nobody else can reach it.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the mutex is free and takes it. A wait is counted for the line that calls this.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.try_lock() {
            Some(guard) => guard,
            None => self.wait(Location::caller()),
        }
    }

    #[cold]
    fn wait(&self, caller: &'static Location<'static>) -> MutexGuard<'_, T> {
        sites::measure(caller, Kind::Mutex, || self.0.lock())
    }

    /// As [`Mutex::lock`], but waits no longer than this.
    #[cold]
    #[track_caller]
    pub fn lock_within(&self, limit: Duration) -> Option<MutexGuard<'_, T>> {
        sites::measure(Location::caller(), Kind::Mutex, || self.0.try_lock_for(limit))
    }

    /// Takes the mutex if it is free. A failure is not a wait and is not counted.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock()
    }

    /// The value, which an exclusive borrow reaches without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Lets either any number of readers or one writer at a value. Those who come while a writer waits wait behind it,
/// so a thread must not read-lock again what it holds read-locked.
#[derive(Default)]
pub struct RwLock<T: ?Sized>(parking_lot::RwLock<T>);

impl<T> RwLock<T> {
    /// A free lock around `value`.
    pub const fn new(value: T) -> Self {
        Self(parking_lot::RwLock::new(value))
    }

    /// The value, now that nobody else can reach it.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer has the lock or waits for it, and shares it. A wait is counted for the line that
    /// calls this.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        match self.0.try_read() {
            Some(guard) => guard,
            None => self.wait_to_read(Location::caller()),
        }
    }

    #[cold]
    fn wait_to_read(&self, caller: &'static Location<'static>) -> RwLockReadGuard<'_, T> {
        sites::measure(caller, Kind::Read, || self.0.read())
    }

    /// Waits until nobody has the lock and takes it. A wait is counted for the line that calls this.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        match self.0.try_write() {
            Some(guard) => guard,
            None => self.wait_to_write(Location::caller()),
        }
    }

    #[cold]
    fn wait_to_write(&self, caller: &'static Location<'static>) -> RwLockWriteGuard<'_, T> {
        sites::measure(caller, Kind::Write, || self.0.write())
    }

    /// As [`RwLock::read`], but waits no longer than this.
    #[cold]
    #[track_caller]
    pub fn read_within(&self, limit: Duration) -> Option<RwLockReadGuard<'_, T>> {
        sites::measure(Location::caller(), Kind::Read, || self.0.try_read_for(limit))
    }

    /// As [`RwLock::write`], but waits no longer than this.
    #[cold]
    #[track_caller]
    pub fn write_within(&self, limit: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        sites::measure(Location::caller(), Kind::Write, || self.0.try_write_for(limit))
    }

    /// Shares the lock if that needs no waiting. A failure is not a wait and is not counted.
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.0.try_read()
    }

    /// Takes the lock if it is free. A failure is not a wait and is not counted.
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        self.0.try_write()
    }

    /// The value, which an exclusive borrow reaches without locking.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
