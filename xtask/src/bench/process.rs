//! What the standard library cannot ask of the kernel about processes: cores, CPU time, and children
//! that never outlive this program.

// Each block is one call of the C library with arguments made in the lines before it.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// Pins the calling thread, and what it starts from now on, to `cores`.
pub fn pin_self(cores: &[usize]) -> io::Result<()> {
    set_affinity(&core_set(cores)).map_err(|error| {
        io::Error::other(format!("cannot pin to core {cores:?}: {error}; the benchmark needs two cores"))
    })
}

/// Makes `command` run on `cores` only, and die with the thread that starts it, however that ends.
pub fn confine<'a>(command: &'a mut Command, cores: &[usize]) -> &'a mut Command {
    let set = core_set(cores);
    let parent = std::process::id();
    // SAFETY: between fork and exec the closure only makes system calls on values it owns: it
    // allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the line above.
            if libc::getppid().cast_unsigned() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            set_affinity(&set)
        })
    }
}

/// The CPU time, user and system, that all threads of process `id` have used so far, the ended ones
/// included. The kernel's own account, in nanoseconds; that of `/proc` counts in ticks of 10 ms.
pub fn cpu_time(id: u32) -> io::Result<Duration> {
    let mut clock = 0;
    // SAFETY: `clock` is a valid place for the result.
    let failure = unsafe { libc::clock_getcpuclockid(id.cast_signed(), &raw mut clock) };
    if failure != 0 {
        return Err(io::Error::from_raw_os_error(failure));
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the result.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let nanoseconds = u32::try_from(time.tv_nsec).expect("nanoseconds are below a second");
    Ok(Duration::new(time.tv_sec.cast_unsigned(), nanoseconds))
}

/// Asks process `id` to end in order.
pub fn terminate(id: u32) -> io::Result<()> {
    // SAFETY: a call without pointers; `id` is a child that was not waited for yet, so it is nobody else's.
    if unsafe { libc::kill(id.cast_signed(), libc::SIGTERM) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn core_set(cores: &[usize]) -> libc::cpu_set_t {
    // SAFETY: a set of cores is an array of integers, for which all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores {
        // SAFETY: the cores named here are far below the set's size, and the call checks it.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    set
}

fn set_affinity(set: &libc::cpu_set_t) -> io::Result<()> {
    // SAFETY: `set` is valid and its size is given; 0 is the calling thread.
    if unsafe { libc::sched_setaffinity(0, size_of_val(set), set) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpu_time_of_a_process_grows_while_it_works() {
        let own = std::process::id();
        let before = cpu_time(own).unwrap();
        while cpu_time(own).unwrap() < before + Duration::from_millis(2) {}
    }

    #[test]
    fn a_confined_child_sees_its_cores_only() {
        let child =
            confine(Command::new("grep").args(["Cpus_allowed_list", "/proc/self/status"]), &[0]).output();
        assert!(child.unwrap().stdout.ends_with(b"\t0\n"));
    }
}
