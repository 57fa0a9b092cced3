//! The `viewlint` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    viewlint::cli::run()
}
