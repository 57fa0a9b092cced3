//! Reads the tables.

use super::Row;

/// Reads one table.
///
/// # Errors
/// The first line that is not understood.
pub fn table(file: &str, text: &str) -> Result<Vec<Row>, TableError> {
    let _ = (file, text);
    Ok(Vec::new())
}

/// A line of a table that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct TableError {
    /// The table.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}
