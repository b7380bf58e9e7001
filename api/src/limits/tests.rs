use http::HeaderValue;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs =
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    pairs.collect()
}

#[test]
fn headers_up_to_the_limit_pass_and_one_byte_more_is_refused() {
    // "/v1/tenants" and the field's name with its overhead.
    let room = HEADERS - "/v1/tenants".len() - "x-fill".len() - 32;
    let admitted = |bytes: usize| admit(&headers(&[("x-fill", &"a".repeat(bytes))]), &Uri::from_static("/v1/tenants"));
    assert_eq!(admitted(room), Ok(CALL));
    let refused = Problem::TooLarge { what: "address and header of the request", most: HEADERS };
    assert_eq!(admitted(room + 1), Err(refused));
}

#[test]
fn a_caller_shortens_the_deadline_and_never_lengthens_it() {
    // Always earlier than tonic, which keeps the whole.
    let deadline = |text| admit(&headers(&[("grpc-timeout", text)]), &Uri::from_static("/"));
    assert_eq!(deadline("250m"), Ok(Duration::from_millis(225)));
    assert_eq!(deadline("2S"), Ok(Duration::from_millis(1800)));
    assert_eq!(deadline("99999999H"), Ok(CALL));
    for bad in ["", "S", "5", "123456789S", "1x", "-1S", "1é"] {
        assert!(matches!(deadline(bad), Err(Problem::Invalid(_))), "{bad}");
    }
}

#[tokio::test]
async fn a_call_that_never_ends_is_ended_and_a_quick_one_is_answered() {
    let longest = Duration::from_millis(1);
    assert_eq!(within(longest, std::future::pending::<()>()).await, Err(Problem::TooLong(longest)));
    assert_eq!(within(CALL, async { 7 }).await, Ok(7));
}

#[tokio::test]
async fn a_call_that_panics_is_answered_as_a_defect_of_ours() {
    let defect = async { if true { panic!("a defect") } else { 7 } };
    assert!(matches!(within(CALL, defect).await, Err(Problem::Bug(_))));
}

#[test]
fn a_rate_is_two_numbers() {
    assert_eq!("100/400".parse::<Rate>().map(|rate| rate.to_string()), Ok("100/400".into()));
    for bad in ["", "100", "0/1", "1/0", "1/2/3", "-1/2", "1/9999999"] {
        let error = bad.parse::<Rate>().unwrap_err();
        assert!(error.contains("for example 100/400"), "{error}");
    }
}
