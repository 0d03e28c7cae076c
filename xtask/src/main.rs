//! The developer's tools: benchmarks and generated documents.
fn main() {}
