//! Ctrl-C, while a command runs: it ends the waiting, not the program.
//!
//! While a line is edited the terminal sends Ctrl-C as a byte, so this concerns only what lies between.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_: libc::c_int) {
    IS_INTERRUPTED.store(true, Ordering::Relaxed);
}

/// From here on Ctrl-C is noted, and ends a read that waits.
pub fn catch() {
    // SAFETY: all zeros are a valid `sigaction`, with no flags and an empty mask; the handler only stores to an
    // atomic, which a signal handler may.
    #[allow(unsafe_code)]
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
        libc::sigaction(libc::SIGINT, &raw const action, std::ptr::null_mut());
    }
}

/// Whether Ctrl-C was pressed since this was last asked.
pub fn take() -> bool {
    IS_INTERRUPTED.swap(false, Ordering::Relaxed)
}
