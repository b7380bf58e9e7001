//! The world failing us: what we were doing, to what, and whether trying again helps.

use kube::core::Status;

/// An error of a reconcile. Invalid input is never one: that is a status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to the API server failed.
    #[error("cannot {doing} {what}: {source}")]
    Api {
        /// The act.
        doing: &'static str,
        /// The object.
        what: String,
        /// What came back.
        source: Box<kube::Error>,
    },
    /// Somebody wrote the object since we read it: read again and start over.
    #[error("{what} changed since it was read")]
    Conflict {
        /// The object.
        what: String,
    },
    /// The reconcile took too long.
    #[error("gave up on {what} after {seconds} s")]
    Deadline {
        /// The object.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// Another writer keeps changing an object of ours.
    #[error("{what} is changed again and again by {by:?}; the next repair is in {} s", wait.as_secs())]
    Contested {
        /// The object.
        what: String,
        /// Field manager of the other writer.
        by: String,
        /// Until the next repair.
        wait: std::time::Duration,
    },
    /// A defect of our own: the object is tried again later, the others go on.
    #[error("a defect stopped the work on {what}; the log has the place")]
    Panicked {
        /// The object.
        what: String,
    },
}

impl Error {
    /// Static label for logs and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Api { .. } => "api",
            Self::Conflict { .. } => "conflict",
            Self::Deadline { .. } => "deadline",
            Self::Contested { .. } => "contested",
            Self::Panicked { .. } => "panicked",
        }
    }
}

/// The API server's answer, if the error is one.
pub fn answer(error: &kube::Error) -> Option<&Status> {
    match error {
        kube::Error::Api(status) => Some(status),
        _ => None,
    }
}

/// Names act and object in an error; a conflict keeps its own kind.
pub fn while_<'a>(doing: &'static str, what: impl Into<String> + 'a) -> impl FnOnce(kube::Error) -> Error + 'a {
    move |source| match answer(&source) {
        Some(status) if status.is_conflict() => Error::Conflict { what: what.into() },
        _ => Error::Api { doing, what: what.into(), source: Box::new(source) },
    }
}

/// Shorthand of this crate.
pub type Result<T> = std::result::Result<T, Error>;
