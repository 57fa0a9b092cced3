//! TODO: trace.
