//! TODO: project.
