//! Threads for work on files: with deep stacks, and with a net below them.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::ThreadPool;

use super::CliError;
use crate::report::FileError;
use crate::source::Location;
use crate::source::decode::DecodeError;

/// The parser and the analysis recurse on nested code.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Threads, as many as asked for or as there are processors; a panic on them is kept for [`guarded`] to report.
pub(super) fn pool(jobs: Option<u16>) -> Result<ThreadPool, CliError> {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
        let message = info.payload_as_str().unwrap_or("panic");
        PANIC.set(Some(format!("{message}{}", place.unwrap_or_default())));
    }));
    let threads = jobs.map_or(0, usize::from);
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK_BYTES)
        .thread_name(|index| format!("viewlint-{index}"))
        .build()
        .map_err(CliError::Threads)
}

thread_local! {
    /// What the panic hook heard last on this thread.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A fault of viewlint in one file must not take the findings of all others with it.
pub(super) fn guarded<T>(path: &str, run: impl FnOnce() -> T) -> Result<T, FileError> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| {
        let heard = PANIC.take().unwrap_or_else(|| "panic".to_owned());
        let heard: Vec<&str> = heard.split_whitespace().collect();
        let message = format!("internal error: {}: please report it, with this file", heard.join(" "));
        FileError { path: path.to_owned(), location: None, message }
    })
}

/// The error of a file that has no text.
pub(super) fn unreadable(path: &str, error: &DecodeError) -> FileError {
    let location = error.place().map(|(row, column)| Location { row, column });
    FileError { path: path.to_owned(), location, message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_its_file() {
        let error = guarded("a.py", || panic!("out of\nluck")).unwrap_err();
        assert!(error.to_string().starts_with("a.py: internal error: "), "{error}");
        assert!(error.to_string().ends_with(": please report it, with this file"), "{error}");
    }
}
