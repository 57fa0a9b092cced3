//! TODO: syntax.
