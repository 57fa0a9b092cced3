//! The `viewlint` command.

use std::process::ExitCode;

/// Very many small nodes are made and dropped: the system's allocator takes a fifth of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    viewlint::cli::run()
}
