//! viewlint finds the bugs that NumPy's views and copies cause in Python code.
//!
//! The rooms of the crate, in the order in which a file goes through them:
//!
//! ```text
//! source -> syntax -> ir -> interp -> trace -> rules -> finding -> report
//!                            ^   ^
//!                       domain   model (tables)
//! ```
//!
//! A room imports only from rooms before it; `tests/layering.rs` holds the code to the table in `ARCHITECTURE.md`.

pub mod check;
pub mod cli;
pub mod config;
pub mod domain;
pub mod finding;
pub mod inspect;
pub mod interp;
pub mod ir;
pub mod model;
pub mod project;
pub mod report;
pub mod rules;
pub mod source;
pub mod suppress;
pub mod syntax;
pub mod trace;
