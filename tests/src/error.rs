//! Errors of the demo and the harness: a sentence is enough, nobody handles them.

/// Any error.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// Shorthand.
pub type Result<T> = std::result::Result<T, Error>;
