//! Errors over HTTP, with typed details (AIP-193).

use http::StatusCode;
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt as _};

/// The HTTP status of a gRPC status, as googleapis maps them.
pub fn http_status(status: &Status) -> StatusCode {
    match status.code() {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// `INVALID_ARGUMENT` and so on.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The value of `Retry-After`: whole seconds, rounded up.
pub fn retry_after(status: &Status) -> Option<u64> {
    let delay = status.get_details_retry_info()?.retry_delay?;
    Some(delay.as_secs() + u64::from(delay.subsec_nanos() > 0))
}

/// The body of an error.
pub fn body(status: &Status) -> Value {
    let details: Vec<Value> = status.get_error_details_vec().iter().filter_map(detail).collect();
    json!({"error": {
        "code": http_status(status).as_u16(),
        "status": code_name(status.code()),
        "message": status.message(),
        "details": details,
    }})
}

fn detail(detail: &ErrorDetail) -> Option<Value> {
    let (name, mut value) = match detail {
        ErrorDetail::ErrorInfo(info) => {
            ("ErrorInfo", json!({"reason": info.reason, "domain": info.domain, "metadata": info.metadata}))
        }
        ErrorDetail::BadRequest(bad) => {
            let violation = |v: &tonic_types::FieldViolation| json!({"field": v.field, "description": v.description});
            ("BadRequest", json!({"fieldViolations": bad.field_violations.iter().map(violation).collect::<Vec<_>>()}))
        }
        ErrorDetail::ResourceInfo(info) => {
            ("ResourceInfo", json!({"resourceType": info.resource_type, "resourceName": info.resource_name}))
        }
        ErrorDetail::PreconditionFailure(failure) => {
            let violation = |v: &tonic_types::PreconditionViolation| json!({"type": v.r#type, "subject": v.subject, "description": v.description});
            ("PreconditionFailure", json!({"violations": failure.violations.iter().map(violation).collect::<Vec<_>>()}))
        }
        ErrorDetail::RetryInfo(retry) => {
            let delay = retry.retry_delay.unwrap_or_default();
            // Up to the next millisecond: who waits too short is refused again.
            let millis = delay.as_nanos().div_ceil(1_000_000);
            ("RetryInfo", json!({"retryDelay": format!("{}.{:03}s", millis / 1000, millis % 1000)}))
        }
        ErrorDetail::LocalizedMessage(text) => {
            ("LocalizedMessage", json!({"locale": text.locale, "message": text.message}))
        }
        _ => return None,
    };
    value["@type"] = json!(format!("type.googleapis.com/google.rpc.{name}"));
    Some(value)
}
