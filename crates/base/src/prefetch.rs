//! Asking the processor for memory before it is needed.
//!
//! Whoever is about to follow many pointers asks for all that they point at, and then waits for them together
//! instead of one by one.

/// Begins to load the cache line at `address`, which may be any number: nothing is read that the program could
/// see. Does nothing where there is no portable way.
#[inline]
pub fn prefetch(address: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[allow(unsafe_code, reason = "the instruction has no safe name")]
    // SAFETY: every x86-64 has SSE; a prefetch never faults and changes nothing but the caches.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

#[cfg(test)]
mod tests {
    use super::prefetch;

    #[test]
    fn any_address_will_do() {
        let place = 1_u64;
        [0, 1, usize::MAX, (&raw const place).addr()].into_iter().for_each(prefetch);
    }
}
