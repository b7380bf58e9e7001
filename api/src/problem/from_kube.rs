//! What the API server says, as a [`Problem`].

use std::time::Duration;

use berth_crds::{Reason, labels};
use kube::{Error, core::Status};

use super::{Problem, Thing, Violation};

/// A policy cannot read its parameters: the paper is newer than what it has seen, or the API server started less than half
/// a minute ago. It refuses, as it must, and will not for long.
const NOT_YET: Duration = Duration::from_secs(2);

/// On whose behalf the API server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// The caller's: a missing right is the caller's.
    Caller,
    /// The door's own account: a missing right is our defect.
    Door,
}

/// Translates an error of the API server; `thing` is what we were dealing with.
pub fn from_kube(error: Error, who: As, doing: &str, thing: Thing) -> Problem {
    match error {
        Error::Api(status) => from_status(&status, who, doing, thing),
        Error::HyperError(_) | Error::Service(_) | Error::ReadEvents(_) => Problem::down(doing, &error),
        error => Problem::bug(doing, &error),
    }
}

fn from_status(status: &Status, who: As, doing: &str, thing: Thing) -> Problem {
    if let Some(denial) = admission_denial(&status.message) {
        if denial.starts_with("failed to configure") {
            tracing::debug!(doing, ?status, "a policy does not see its parameters yet");
            return Problem::Busy(NOT_YET);
        }
        return denied_by_policy(status.code, denial);
    }
    match (status.code, who) {
        (404, _) => Problem::NotFound(thing),
        (409, _) if status.reason == "AlreadyExists" => Problem::Exists {
            reason: Reason::AlreadyExists,
            message: format!("{} {:?} exists already", thing.kind, thing.name),
            thing,
        },
        (410, _) => Problem::PageToken,
        (403, As::Caller) => forbidden(status, doing, &thing),
        (422, As::Caller) => Problem::Invalid(causes(status)),
        (409 | 429, _) => {
            tracing::debug!(doing, ?status, "busy");
            Problem::Busy(retry_after(status))
        }
        (500 | 502..=504, _) => Problem::down(doing, status),
        _ => Problem::bug(doing, status),
    }
}

/// The caller's missing right, or a right to act as the caller that the door lacks.
fn forbidden(status: &Status, doing: &str, thing: &Thing) -> Problem {
    if !status.message.contains("impersonate") && thing.kind == "Decision" && doing == "create" {
        return Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message: format!("you may not sign {:?}: ask a platform operator for a role that signs", thing.name),
        };
    }
    if !status.message.contains("impersonate") {
        return Problem::NotAllowed {
            reason: Reason::NotActingForAgency,
            message: format!(
                "you may not {doing} {} {:?} (or it does not exist): ask the agency's administrator to add you to its members",
                thing.kind, thing.name
            ),
        };
    }
    if status.message.contains(labels::SERVICE_ACCOUNT_USER) && status.message.contains("serviceaccounts") {
        return Problem::NotAllowed {
            reason: Reason::PermissionDenied,
            message:
                "service accounts of this namespace may not act through the door: ask a platform operator to bind \
                ClusterRole `berth-door-sa` to the door in that namespace"
                    .into(),
        };
    }
    Problem::bug(doing, status)
}

/// The sentence of a ValidatingAdmissionPolicy, if one refused.
fn admission_denial(message: &str) -> Option<&str> {
    let (head, tail) = message.split_once("denied request: ")?;
    head.contains("ValidatingAdmissionPolicy").then_some(tail.trim())
}

/// Policies answer 403 for what the caller may not do, and 422 for what is wrong with the paper.
fn denied_by_policy(code: u16, sentence: &str) -> Problem {
    if code == 422 {
        return Problem::field("", sentence);
    }
    let own = ["you submitted this Onboarding", "you asked for this Connection"].iter().any(|s| sentence.contains(s));
    let reason = if own { Reason::SelfApproval } else { Reason::PermissionDenied };
    Problem::NotAllowed { reason, message: format!("refused by policy: {sentence}") }
}

/// One violation per cause of a 422; paths of the CRD become paths of the request.
fn causes(status: &Status) -> Vec<Violation> {
    let causes = status.details.iter().flat_map(|d| &d.causes);
    let found: Vec<_> =
        causes.map(|c| Violation { field: proto_path(&c.field), description: c.message.clone() }).collect();
    if found.is_empty() { vec![Violation { field: String::new(), description: status.message.clone() }] } else { found }
}

/// `spec.environment.classRef.name` is `onboarding.spec.environment.class`.
fn proto_path(path: &str) -> String {
    let mut out = String::new();
    for c in path.trim_matches('"').replace("Ref.name", "").replace("Ref", "").chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    if out.starts_with("spec") { format!("onboarding.{out}") } else { out }
}

fn retry_after(status: &Status) -> Duration {
    let seconds = status.details.as_ref().map_or(0, |d| d.retry_after_seconds);
    Duration::from_secs(u64::from(seconds.clamp(1, 30)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: u16, reason: &str, message: &str) -> Error {
        Error::Api(Box::new(Status { code, reason: reason.into(), message: message.into(), ..Status::default() }))
    }

    fn problem(code: u16, reason: &str, message: &str, who: As) -> Problem {
        from_kube(api(code, reason, message), who, "read", Thing::new("Onboarding", "agencies/ag-1/onboardings/x"))
    }

    #[test]
    fn a_missing_right_is_the_callers_or_ours() {
        let message = r#"onboardings.berth.dev is forbidden: User "lan" cannot list resource"#;
        assert_eq!(problem(403, "Forbidden", message, As::Caller).reason(), Reason::NotActingForAgency);
        assert_eq!(problem(403, "Forbidden", message, As::Door).reason(), Reason::Internal);
        let ours = r#"users "lan" is forbidden: User "system:serviceaccount:berth-system:berth-api" cannot impersonate:user-info"#;
        assert_eq!(problem(403, "Forbidden", ours, As::Caller).reason(), Reason::Internal);
    }

    #[test]
    fn a_policy_that_refuses_is_quoted() {
        let message = "decisions.berth.dev \"x\" is forbidden: ValidatingAdmissionPolicy 'berth-decision' with binding \
            'berth-decision' denied request: `spec.by`: you submitted this Onboarding, so you may not decide it.";
        assert_eq!(
            problem(403, "Forbidden", message, As::Caller),
            Problem::NotAllowed {
                reason: Reason::SelfApproval,
                message: "refused by policy: `spec.by`: you submitted this Onboarding, so you may not decide it."
                    .into()
            }
        );
        assert_eq!(problem(422, "Invalid", message, As::Caller).reason(), Reason::InvalidArgument);
    }

    #[test]
    fn a_policy_that_does_not_see_its_parameters_yet_asks_for_patience() {
        for why in [
            "failed to configure policy: failed to find resource referenced by paramKind: 'berth.dev/v1alpha1, Kind=Onboarding'",
            "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
        ] {
            let message = format!(
                "decisions.berth.dev \"x\" is forbidden: ValidatingAdmissionPolicy 'berth-decision-paper' denied request: {why}"
            );
            for code in [403, 422] {
                assert_eq!(problem(code, "Invalid", &message, As::Caller), Problem::Busy(NOT_YET), "{why}");
            }
        }
    }

    #[test]
    fn paths_of_the_crd_become_paths_of_the_request() {
        assert_eq!(proto_path("spec.environment.classRef.name"), "onboarding.spec.environment.class");
        assert_eq!(proto_path("spec.system.displayName"), "onboarding.spec.system.display_name");
    }

    #[test]
    fn codes_of_the_api_server_become_reasons() {
        let reasons = [
            (404, Reason::NotFound),
            (410, Reason::PageTokenInvalid),
            (429, Reason::Unavailable),
            (503, Reason::Unavailable),
            (400, Reason::Internal),
        ];
        for (code, reason) in reasons {
            assert_eq!(problem(code, "", "", As::Caller).reason(), reason, "{code}");
        }
    }
}
