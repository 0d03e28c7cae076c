//! Mutexes and read-write locks that measure waiting, by call site.
