//! The engine that serves a database from memory.
