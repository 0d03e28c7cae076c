//! Configuration, wiring, main.
fn main() {}
