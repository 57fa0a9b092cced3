//! TODO: interp.
