//! Identifiers, units, numbers, patterns and limits that every other room speaks in.
pub mod hash;
