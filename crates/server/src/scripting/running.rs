//! The scripts that run, for those who want to know or to end them.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use commands::Error;
use resp::{Arguments, OwnedArguments};
use sync::Mutex;

use crate::attention::{Attention, Concern};

/// What runs on one worker; the worker itself writes nearly all of it.
pub(crate) struct RunState {
    /// When it began, in milliseconds since the server did, once it is slow.
    began_ms: AtomicU64,
    is_function: AtomicBool,
    /// Whether it has called a command that writes.
    has_written: AtomicBool,
    /// Whether it has run for longer than others should wait.
    is_slow: AtomicBool,
    is_killed: AtomicBool,
    /// Bytes of memory that the worker's interpreter had after its last run.
    vm_bytes: AtomicUsize,
    /// How often the worker's other clients were given to another thread.
    hand_offs: AtomicU8,
    /// What it is called, and the client's request, once it is slow.
    about: Mutex<Option<(String, OwnedArguments)>>,
}

/// All that run.
pub(crate) struct Running {
    /// Since when times are counted.
    epoch: Instant,
    states: Mutex<Vec<Arc<RunState>>>,
    /// How many of them are slow.
    slow: Mutex<usize>,
}

impl Default for Running {
    fn default() -> Running {
        Running { epoch: Instant::now(), states: Mutex::default(), slow: Mutex::new(0) }
    }
}

/// What FUNCTION STATS tells of a run.
pub(crate) struct Report {
    pub name: String,
    pub command: OwnedArguments,
    pub elapsed_ms: u64,
}

/// Who ends a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Killer {
    /// SCRIPT KILL.
    Script,
    /// FUNCTION KILL.
    Function,
}

const BUSY_SCRIPT: &str =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const BUSY_FUNCTION: &str =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";

impl Running {
    /// The place of a worker that is going to run scripts.
    pub fn enlist(&self) -> Arc<RunState> {
        let state = Arc::new(RunState {
            began_ms: AtomicU64::new(0),
            is_function: AtomicBool::new(false),
            has_written: AtomicBool::new(false),
            is_slow: AtomicBool::new(false),
            is_killed: AtomicBool::new(false),
            vm_bytes: AtomicUsize::new(0),
            hand_offs: AtomicU8::new(0),
            about: Mutex::new(None),
        });
        self.states.lock().push(Arc::clone(&state));
        state
    }

    /// Gives a worker's place up.
    pub fn dismiss(&self, state: &Arc<RunState>) {
        self.states.lock().retain(|other| !Arc::ptr_eq(other, state));
    }

    /// A run begins, which ends when the result is dropped.
    pub fn begin<'r>(
        &'r self,
        state: &'r RunState,
        is_function: bool,
        attention: &'r Attention,
    ) -> ActiveRun<'r> {
        state.is_function.store(is_function, Ordering::Relaxed);
        state.has_written.store(false, Ordering::Relaxed);
        state.is_killed.store(false, Ordering::Relaxed);
        state.hand_offs.store(0, Ordering::Relaxed);
        ActiveRun { running: self, state, attention }
    }

    /// Bytes of memory that all interpreters have.
    pub fn vm_bytes(&self) -> usize {
        self.states.lock().iter().map(|state| state.vm_bytes.load(Ordering::Relaxed)).sum()
    }

    fn now_ms(&self) -> u64 {
        self.epoch.elapsed().as_millis() as u64
    }

    fn slow(&self) -> Vec<Arc<RunState>> {
        let states = self.states.lock();
        states.iter().filter(|state| state.is_slow.load(Ordering::Relaxed)).map(Arc::clone).collect()
    }

    /// What everybody else is told while some script is slow.
    #[cold]
    pub fn busy_error(&self) -> &'static str {
        match self.slow().first() {
            Some(state) if state.is_function.load(Ordering::Relaxed) => BUSY_FUNCTION,
            _ => BUSY_SCRIPT,
        }
    }

    /// The function that is slow, if any is; an error while it is a script that is.
    pub fn report(&self) -> Result<Option<Report>, Error> {
        let now_ms = self.now_ms();
        for state in self.slow() {
            if !state.is_function.load(Ordering::Relaxed) {
                return Err(Error::fixed(BUSY_SCRIPT));
            }
            if let Some((name, command)) = state.about.lock().clone() {
                let began_ms = state.began_ms.load(Ordering::Relaxed);
                return Ok(Some(Report { name, command, elapsed_ms: now_ms.saturating_sub(began_ms) }));
            }
        }
        Ok(None)
    }

    /// Has the slow script, or the slow function, end.
    pub fn kill(&self, killer: Killer) -> Result<(), Error> {
        let mut refusal = Error::fixed("NOTBUSY No scripts in execution right now.");
        for state in self.slow() {
            let is_function = state.is_function.load(Ordering::Relaxed);
            if state.has_written.load(Ordering::Relaxed) {
                refusal = Error::fixed(
                    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can \
                     either wait the script termination or kill the server in a hard way using the SHUTDOWN \
                     NOSAVE command.",
                );
            } else if is_function != (killer == Killer::Function) {
                refusal = Error::fixed(if is_function { BUSY_FUNCTION } else { BUSY_SCRIPT });
            } else {
                state.is_killed.store(true, Ordering::Relaxed);
                return Ok(());
            }
        }
        Err(refusal)
    }
}

/// A run.
pub(crate) struct ActiveRun<'r> {
    running: &'r Running,
    state: &'r RunState,
    /// Where it says that it is slow.
    attention: &'r Attention,
}

impl Deref for ActiveRun<'_> {
    type Target = RunState;

    fn deref(&self) -> &RunState {
        self.state
    }
}

impl RunState {
    /// Whether somebody wants it to end.
    pub fn is_killed(&self) -> bool {
        self.is_killed.load(Ordering::Relaxed)
    }

    /// So much memory the interpreter has after the run.
    pub fn has_used(&self, bytes: usize) {
        self.vm_bytes.store(bytes, Ordering::Relaxed);
    }

    /// It calls a command that writes.
    pub fn writes(&self) {
        self.has_written.store(true, Ordering::Relaxed);
    }

    /// Whether it has called one.
    pub fn has_written(&self) -> bool {
        self.has_written.load(Ordering::Relaxed)
    }

    /// Whether others know that it is slow.
    pub fn is_slow(&self) -> bool {
        self.is_slow.load(Ordering::Relaxed)
    }
}

impl ActiveRun<'_> {
    /// Gives the worker's other clients to another thread, the first few times that it is asked: the runtime may not
    /// take the offer at once.
    pub fn hand_off(&self) {
        const HAND_OFFS_MAX: u8 = 3;
        if self.state.hand_offs.fetch_add(1, Ordering::Relaxed) < HAND_OFFS_MAX {
            tokio::task::block_in_place(|| std::thread::sleep(std::time::Duration::from_micros(200)));
        }
    }

    /// Lets everybody know that it is slow, having run for so long.
    pub fn becomes_slow(&self, name: &str, command: Arguments<'_>, elapsed_ms: u64) {
        self.state.began_ms.store(self.running.now_ms().saturating_sub(elapsed_ms), Ordering::Relaxed);
        *self.state.about.lock() = Some((name.to_owned(), command.into()));
        let mut slow = self.running.slow.lock();
        self.state.is_slow.store(true, Ordering::Relaxed);
        *slow += 1;
        self.attention.set(Concern::Busy, true);
    }
}

impl Drop for ActiveRun<'_> {
    fn drop(&mut self) {
        if self.state.is_slow() {
            let mut slow = self.running.slow.lock();
            self.state.is_slow.store(false, Ordering::Relaxed);
            *self.state.about.lock() = None;
            *slow -= 1;
            self.attention.set(Concern::Busy, *slow > 0);
        }
    }
}
