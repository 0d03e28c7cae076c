//! The operating system's limits, as far as they concern the number of clients.

/// Descriptors that the server needs beside those of its clients.
const RESERVED_DESCRIPTORS: u64 = 32;

/// Lets the process open as many descriptors as `clients` need, as far as the system allows. Returns for how many
/// clients there is room.
pub fn make_room_for_clients(clients: u32) -> u32 {
    let wanted = u64::from(clients) + RESERVED_DESCRIPTORS;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both calls only read or write the structure that they are given.
    #[allow(unsafe_code)]
    let allowed = unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 {
            return clients;
        }
        if limit.rlim_cur < wanted {
            let raised = libc::rlimit {
                rlim_cur: wanted.min(limit.rlim_max.max(wanted)),
                rlim_max: limit.rlim_max.max(wanted),
            };
            let modest = libc::rlimit { rlim_cur: wanted.min(limit.rlim_max), rlim_max: limit.rlim_max };
            // Only a privileged process may raise the hard limit; any may go up to it.
            if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
                raised.rlim_cur
            } else if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const modest) == 0 {
                modest.rlim_cur
            } else {
                limit.rlim_cur
            }
        } else {
            limit.rlim_cur
        }
    };
    u32::try_from(allowed.saturating_sub(RESERVED_DESCRIPTORS)).unwrap_or(u32::MAX).min(clients)
}
