//! Compares parsing alone with the whole check.
fn main() {}
