//! Configuration files as a server meets them: read with what they include, and rewritten in place.

#![allow(clippy::unwrap_used, reason = "all of this is tests, their helpers too")]

mod loading;
mod rewriting;
mod support;
