//! TODO: domain.
