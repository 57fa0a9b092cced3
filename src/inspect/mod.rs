//! TODO: inspect.
