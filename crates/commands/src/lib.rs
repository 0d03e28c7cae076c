//! What each command does to the keyspace: one file per command, by family.
