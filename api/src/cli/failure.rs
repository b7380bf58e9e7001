//! Exit codes, and errors as people read them: what, why, what to do, reason code.

use berth_crds::Reason;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::args::{Format, Language};
use crate::{client, rest};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; for `wait`: reached.
    Done,
    /// Failed.
    Failed,
    /// Wrong usage.
    Usage,
    /// `wait` ran out of time; still pending.
    TimedOut,
    /// Not logged in or not allowed.
    NotAllowed,
    /// The request was rejected, taken back or is stalled.
    Refused,
    /// Not found.
    NotFound,
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TimedOut => 3,
            Self::NotAllowed => 4,
            Self::Refused => 5,
            Self::NotFound => 6,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The server refused.
    #[error("{doing}: {}", .status.message())]
    Server {
        /// What we were doing.
        doing: String,
        /// Its answer.
        status: Box<Status>,
    },
    /// There is no server to talk to.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// No token, or it cannot be read.
    #[error("{0}")]
    NotLoggedIn(String),
    /// The API server does not let the caller do it.
    #[error("{0}")]
    NotAllowed(String),
    /// Wrong use of flags or files.
    #[error("{0}")]
    Usage(String),
    /// Something of that name does not exist.
    #[error("{0}")]
    Missing(String),
    /// Anything else on this machine.
    #[error("{0}")]
    Local(String),
}

impl Failure {
    /// A server's answer while we were doing something.
    pub fn server(doing: &str) -> impl FnOnce(Status) -> Self + '_ {
        move |status| Self::Server { doing: doing.to_owned(), status: Box::new(status) }
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Server { status, .. } => match status.code() {
                Code::Unauthenticated | Code::PermissionDenied => Exit::NotAllowed,
                Code::NotFound => Exit::NotFound,
                _ => Exit::Failed,
            },
            Self::NotLoggedIn(_) | Self::NotAllowed(_) => Exit::NotAllowed,
            Self::Usage(_) => Exit::Usage,
            Self::Missing(_) => Exit::NotFound,
            Self::Client(_) | Self::Local(_) => Exit::Failed,
        }
    }

    /// The text for stderr; with `-o json` the error as the API has it over REST.
    pub fn text(&self, format: Format, language: Language) -> String {
        match self {
            Self::Server { status, .. } if format == Format::Json => rest::error_body(status).to_string(),
            Self::Server { doing, status } => server_text(doing, status, language),
            other => format!("{}: {other}", word(language)),
        }
    }
}

fn word(language: Language) -> &'static str {
    match language {
        Language::En => "error",
        Language::Vi => "lỗi",
    }
}

fn server_text(doing: &str, status: &Status, language: Language) -> String {
    let code = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    let reason = Reason::ALL.iter().find(|reason| reason.code() == code);
    let sentence = match (reason, language) {
        (Some(reason), Language::Vi) => reason.vi(),
        (Some(reason), Language::En) => reason.en(),
        (None, _) => "",
    };
    let violations = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let mut lines = vec![format!("{}: {doing}: {sentence}", word(language)).trim_end_matches([':', ' ']).to_owned()];
    match violations.is_empty() {
        true => lines.push(format!("  {}", status.message())),
        false => lines.extend(violations.iter().map(|v| match v.field.as_str() {
            "" => format!("  {}", v.description),
            field => format!("  {field}: {}", v.description),
        })),
    }
    lines.push(format!("  {}", what_to_do(status.code(), language)));
    if !code.is_empty() {
        lines.push(format!("  {code}"));
    }
    lines.join("\n")
}

fn what_to_do(code: Code, language: Language) -> &'static str {
    let (en, vi) = match code {
        Code::InvalidArgument => ("Correct what is named and try again.", "Hãy sửa các mục nêu trên rồi gửi lại."),
        Code::Unauthenticated => {
            ("Get a new token and name its file with --token-file.", "Hãy lấy token mới và chỉ tệp bằng --token-file.")
        }
        Code::PermissionDenied => (
            "Use an account that may do this, or ask for the right.",
            "Hãy dùng tài khoản có quyền hoặc xin cấp quyền.",
        ),
        Code::NotFound => (
            "Check the name; `list` shows what you may see.",
            "Hãy kiểm tra tên; lệnh `list` cho biết những gì được xem.",
        ),
        Code::AlreadyExists => {
            ("Look at what is there, or use another request id.", "Hãy xem hồ sơ đã có hoặc dùng mã yêu cầu khác.")
        }
        Code::FailedPrecondition => {
            ("Look at the present state with `get`.", "Hãy xem trạng thái hiện tại bằng lệnh `get`.")
        }
        Code::Unimplemented => ("Use what is supported today.", "Hãy dùng chức năng đã được hỗ trợ."),
        Code::Unavailable => ("Try again in a moment.", "Hãy thử lại sau ít phút."),
        _ => ("Report this to the platform operators.", "Hãy báo cho đơn vị vận hành."),
    };
    if language == Language::Vi { vi } else { en }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Problem, Thing};

    fn server(problem: Problem) -> Failure {
        Failure::server("approving")(problem.into())
    }

    #[test]
    fn exit_codes_are_those_of_the_table() {
        let allowed = |reason| Problem::NotAllowed { reason, message: "m".into() };
        let codes = [
            (server(Problem::UnknownCaller("x".into())), 4),
            (server(allowed(Reason::SelfApproval)), 4),
            (server(Problem::NotFound(Thing::new("Onboarding", "x"))), 6),
            (server(Problem::field("a", "b")), 1),
            (server(Problem::Down("id".into())), 1),
            (Failure::NotLoggedIn("x".into()), 4),
            (Failure::Usage("x".into()), 2),
            (Failure::Missing("x".into()), 6),
            (Failure::Local("x".into()), 1),
        ];
        for (failure, code) in codes {
            assert_eq!(failure.exit().code(), code, "{failure:?}");
        }
        assert_eq!([Exit::Done, Exit::TimedOut, Exit::Refused, Exit::Interrupted].map(Exit::code), [0, 3, 5, 130]);
    }

    #[test]
    fn an_error_says_what_why_what_to_do_and_its_code() {
        let failure = server(Problem::field("page_size", "-1 is below zero"));
        assert_eq!(
            failure.text(Format::Table, Language::En),
            "error: approving: The input is not valid.\n  page_size: -1 is below zero\n  Correct what is named and try again.\n  INVALID_ARGUMENT"
        );
        let vietnamese = failure.text(Format::Table, Language::Vi);
        assert!(
            vietnamese.starts_with("lỗi: approving: Dữ liệu không hợp lệ.") && vietnamese.ends_with("INVALID_ARGUMENT")
        );
        let json: serde_json::Value = serde_json::from_str(&failure.text(Format::Json, Language::Vi)).unwrap();
        assert_eq!(json["error"]["status"], "INVALID_ARGUMENT");
    }
}
