//! Everything that can go wrong for a caller: one closed enum, one exhaustive match to a gRPC status.

use std::{collections::HashMap, hash::BuildHasher as _, time::Duration};

use berth_crds::Reason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

mod from_kube;

pub use from_kube::{As, from_kube};

/// Domain of all reasons.
pub const DOMAIN: &str = "berth.dev";
/// Most violations that are sent: details travel in a trailer, and many peers cap header lists near 8 KiB.
const MAX_VIOLATIONS: usize = 40;
/// Most bytes of all violations together, for the same cause.
const MAX_BYTES: usize = 2200;
/// Longest text of one violation, in characters.
const MAX_TEXT: usize = 300;
/// Longest text of one violation in the status message, which is percent-encoded.
const MAX_BRIEF: usize = 100;

/// Result of a call.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// A field that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, proto names.
    pub field: String,
    /// The value, what is wrong with it and what to do.
    pub description: String,
}

/// A thing that an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Kind, for example `Onboarding`.
    pub kind: &'static str,
    /// Resource name.
    pub name: String,
}

impl Thing {
    /// A thing of a kind.
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

/// What went wrong, as the caller may know it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The input is not valid; every defect at once.
    #[error("the input is not valid: {}", describe(.0))]
    Invalid(Vec<Violation>),
    /// The request is larger than the door accepts.
    #[error("{what} is larger than {most} bytes: send less, for example shorter texts")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit in bytes.
        most: usize,
    },
    /// The call took longer than the door or its caller allows.
    #[error("the call took longer than {0:?}: ask for less at a time, or try again")]
    TooLong(Duration),
    /// The caller or peer asks more than its share; waiting helps.
    #[error("too many {what}: wait {wait:?} and try again")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How long to wait.
        wait: Duration,
    },
    /// The page token does not belong to this list, or is too old.
    #[error("page_token is not valid for this list: begin again without it")]
    PageToken,
    /// There is no such thing, or the caller may not know.
    #[error("{} {:?} does not exist: check the name", .0.kind, .0.name)]
    NotFound(Thing),
    /// The name is taken by something else.
    #[error("{message}")]
    Exists {
        /// Why.
        reason: Reason,
        /// What is there.
        thing: Thing,
        /// A sentence.
        message: String,
    },
    /// The thing is in a state in which this cannot be done.
    #[error("{message}")]
    Refused {
        /// Why.
        reason: Reason,
        /// What is in the wrong state.
        thing: Thing,
        /// A sentence.
        message: String,
    },
    /// The caller is known and may not do this.
    #[error("{message}")]
    NotAllowed {
        /// Why.
        reason: Reason,
        /// A sentence.
        message: String,
    },
    /// The caller is not known.
    #[error("{0}")]
    UnknownCaller(String),
    /// The method or action comes later.
    #[error("{0}")]
    NotSupported(String),
    /// Too much at once; trying again helps.
    #[error("the service is busy: try again")]
    Busy(Duration),
    /// Something that the door needs does not answer; trying again helps. Logged under the id.
    #[error("the service cannot answer now: try again (correlation id {0})")]
    Down(String),
    /// A defect on our side, logged under the id.
    #[error("something is wrong on our side: report correlation id {0}")]
    Bug(String),
}

impl Problem {
    /// One defect of one field.
    pub fn field(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation { field: field.into(), description: description.into() }])
    }

    /// A defect on our side: logged here with everything, sent as a correlation id only.
    pub fn bug(doing: &str, error: &dyn std::fmt::Debug) -> Self {
        let id = correlation_id();
        tracing::error!(correlation_id = %id, doing, ?error, "defect");
        Self::Bug(id)
    }

    /// Something that we need does not answer: logged here, sent as a correlation id only.
    pub fn down(doing: &str, error: &dyn std::fmt::Debug) -> Self {
        let id = correlation_id();
        tracing::warn!(correlation_id = %id, doing, ?error, "unavailable");
        Self::Down(id)
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        match self {
            Self::Invalid(_) | Self::TooLarge { .. } | Self::PageToken => Code::InvalidArgument,
            Self::NotFound(_) => Code::NotFound,
            Self::Exists { .. } => Code::AlreadyExists,
            Self::Refused { .. } => Code::FailedPrecondition,
            Self::NotAllowed { .. } => Code::PermissionDenied,
            Self::UnknownCaller(_) => Code::Unauthenticated,
            Self::NotSupported(_) => Code::Unimplemented,
            Self::TooLong(_) => Code::DeadlineExceeded,
            Self::TooMany { .. } => Code::ResourceExhausted,
            Self::Busy(_) | Self::Down(_) => Code::Unavailable,
            Self::Bug(_) => Code::Internal,
        }
    }

    /// The reason of the catalogue.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Invalid(_) | Self::TooLarge { .. } => Reason::InvalidArgument,
            Self::PageToken => Reason::PageTokenInvalid,
            Self::NotFound(_) => Reason::NotFound,
            Self::Exists { reason, .. } | Self::Refused { reason, .. } | Self::NotAllowed { reason, .. } => *reason,
            Self::UnknownCaller(_) => Reason::Unauthenticated,
            Self::NotSupported(_) => Reason::NotSupported,
            Self::TooMany { .. } => Reason::TooManyCalls,
            Self::TooLong(_) | Self::Busy(_) | Self::Down(_) => Reason::Unavailable,
            Self::Bug(_) => Reason::Internal,
        }
    }

    /// What varies in the text, for machines.
    fn metadata(&self) -> HashMap<String, String> {
        let pair = |key: &str, value: &str| HashMap::from([(key.to_owned(), cut(value))]);
        match self {
            Self::NotFound(thing) | Self::Exists { thing, .. } | Self::Refused { thing, .. } => {
                pair("resource", &thing.name)
            }
            Self::TooLarge { most, .. } => pair("maxBytes", &most.to_string()),
            Self::Invalid(all) => pair("violations", &all.len().to_string()),
            Self::Down(id) | Self::Bug(id) => pair("correlationId", id),
            _ => HashMap::new(),
        }
    }

    fn details(&self) -> ErrorDetails {
        let mut details = ErrorDetails::with_error_info(self.reason().code(), DOMAIN, self.metadata());
        details.set_localized_message("vi", self.reason().vi());
        match self {
            Self::Invalid(violations) => {
                let mut bytes = 0;
                let fits = |v: &FieldViolation| {
                    bytes += v.field.len() + v.description.len();
                    bytes <= MAX_BYTES
                };
                let all = violations.iter().take(MAX_VIOLATIONS);
                let sent = all.map(|v| FieldViolation::new(&v.field, cut(&v.description))).take_while(fits);
                details.set_bad_request(sent.collect::<Vec<_>>());
            }
            Self::NotFound(thing) | Self::Exists { thing, .. } => {
                details.set_resource_info(thing.kind, &thing.name, "", "");
            }
            Self::Refused { thing, message, .. } => {
                details.add_precondition_failure_violation("STATE", &thing.name, cut(message));
            }
            Self::Busy(wait) | Self::TooMany { wait, .. } => {
                details.set_retry_info(Some(*wait));
            }
            Self::Down(_) => {
                details.set_retry_info(Some(Duration::from_secs(1)));
            }
            _ => {}
        }
        details
    }
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        Status::with_error_details(problem.code(), problem.to_string(), problem.details())
    }
}

/// The first defects in one line; the rest stands in the details.
fn describe(violations: &[Violation]) -> String {
    let mut text = violations
        .iter()
        .take(3)
        .map(|v| format!("{}: {}", v.field, shorten(&v.description, MAX_BRIEF)))
        .collect::<Vec<_>>()
        .join("; ");
    if violations.len() > 3 {
        text.push_str(&format!("; and {} more", violations.len() - 3));
    }
    text
}

fn cut(text: &str) -> String {
    shorten(text, MAX_TEXT)
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A random id of 16 hexadecimal digits; the standard library's hasher keys are random.
pub fn correlation_id() -> String {
    let random = std::collections::hash_map::RandomState::new();
    format!("{:016x}", random.hash_one(std::time::SystemTime::now()))
}

#[cfg(test)]
mod tests;
