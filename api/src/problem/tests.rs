use super::*;

fn every_problem() -> Vec<(Problem, Code, &'static str)> {
    let thing = || Thing::new("Onboarding", "agencies/ag-1/onboardings/onb-x");
    let message = String::from("m");
    vec![
        (Problem::field("a.b", "\"x\" is wrong"), Code::InvalidArgument, "INVALID_ARGUMENT"),
        (Problem::TooLarge { what: "the request", most: 1 }, Code::InvalidArgument, "INVALID_ARGUMENT"),
        (Problem::PageToken, Code::InvalidArgument, "PAGE_TOKEN_INVALID"),
        (Problem::NotFound(thing()), Code::NotFound, "NOT_FOUND"),
        (
            Problem::Exists { reason: Reason::RequestIdReused, thing: thing(), message: message.clone() },
            Code::AlreadyExists,
            "REQUEST_ID_REUSED",
        ),
        (
            Problem::Refused { reason: Reason::AlreadyDecided, thing: thing(), message: message.clone() },
            Code::FailedPrecondition,
            "ALREADY_DECIDED",
        ),
        (Problem::NotAllowed { reason: Reason::SelfApproval, message }, Code::PermissionDenied, "SELF_APPROVAL"),
        (Problem::UnknownCaller("x".into()), Code::Unauthenticated, "UNAUTHENTICATED"),
        (Problem::NotSupported("x".into()), Code::Unimplemented, "NOT_SUPPORTED"),
        (Problem::TooLong(Duration::from_secs(30)), Code::DeadlineExceeded, "UNAVAILABLE"),
        (
            Problem::TooMany { what: "calls", wait: Duration::from_millis(100) },
            Code::ResourceExhausted,
            "TOO_MANY_CALLS",
        ),
        (Problem::Busy(Duration::from_secs(2)), Code::Unavailable, "UNAVAILABLE"),
        (Problem::Down("id".into()), Code::Unavailable, "UNAVAILABLE"),
        (Problem::Bug("id".into()), Code::Internal, "INTERNAL"),
    ]
}

#[test]
fn every_problem_has_its_code_and_exactly_one_error_info() {
    for (problem, code, reason) in every_problem() {
        let status = Status::from(problem.clone());
        let info = status.get_details_error_info().unwrap();
        assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, DOMAIN), "{problem:?}");
        assert!(info.reason.len() <= 63);
        assert_eq!(status.get_details_localized_message().unwrap().locale, "vi");
    }
}

#[test]
fn many_and_long_violations_stay_below_the_header_limits() {
    let many = (0..500).map(|n| Violation { field: format!("f{n}"), description: "ế".repeat(5000) }).collect();
    let status = Status::from(Problem::Invalid(many));
    assert!(!status.get_details_bad_request().unwrap().field_violations.is_empty());
    let headers = status.clone().into_http::<String>().headers().clone();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
    assert!(bytes < 8192, "{bytes}");
    assert_eq!(status.get_details_error_info().unwrap().metadata["violations"], "500");
}

#[test]
fn what_goes_wrong_inside_stays_inside() {
    let Problem::Bug(id) = Problem::bug("reading secrets", &"etcd password") else { panic!("a bug is a bug") };
    let status = Status::from(Problem::Bug(id.clone()));
    assert!(status.message().contains(&id) && !status.message().contains("password"));
}
