use prost_reflect::ReflectMessage as _;

use super::*;
use crate::proto::dynamic_json;

fn read(verb: Method, path: &str, query: &str, body: &str) -> Result<(String, serde_json::Value), Problem> {
    let routes = routes(pool());
    let (route, variables) = find(&routes, &verb, path)?;
    let message = input::message(route, &variables, query, &HeaderMap::new(), body.as_bytes())?;
    Ok((message.descriptor().name().to_owned(), dynamic_json(&message).unwrap()))
}

#[test]
fn every_method_has_a_route() {
    let methods =
        pool().services().filter(|s| s.package_name() == "berth.v1").map(|s| s.methods().len()).sum::<usize>();
    assert_eq!(routes(pool()).len(), methods);
}

#[test]
fn path_query_and_body_become_one_request() {
    let create = read(
        Method::POST,
        "/v1/agencies/so-y-te/onboardings",
        "validateOnly=true&request_id=a",
        r#"{"spec":{"action":"NEW"}}"#,
    );
    let expected = serde_json::json!({"parent": "agencies/so-y-te", "requestId": "a", "validateOnly": true,
        "onboarding": {"spec": {"action": "NEW"}}});
    assert_eq!(create, Ok(("CreateOnboardingRequest".into(), expected)));
    let approve = read(Method::POST, "/v1/agencies/ag-1/onboardings/onb-x:approve", "", r#"{"reason":"ok"}"#);
    let expected = serde_json::json!({"name": "agencies/ag-1/onboardings/onb-x", "reason": "ok"});
    assert_eq!(approve, Ok(("ApproveOnboardingRequest".into(), expected)));
    let list = read(Method::GET, "/v1/agencies/-/onboardings", "pageSize=3", "");
    assert_eq!(list, Ok(("ListOnboardingsRequest".into(), serde_json::json!({"parent": "agencies/-", "pageSize": 3}))));
}

#[test]
fn what_is_unknown_is_an_error_that_names_it() {
    let text = |result: Result<(String, serde_json::Value), Problem>| result.unwrap_err().to_string();
    let body = text(read(Method::POST, "/v1/agencies/ag-1/onboardings", "", r#"{"spec":{"bogus":1}}"#));
    assert!(body.contains("bogus"), "{body}");
    let query = text(read(Method::GET, "/v1/tenants", "page=3", ""));
    assert!(query.contains("\"page\"") && query.contains("pageToken"), "{query}");
    assert!(matches!(read(Method::GET, "/v1/nothing", "", ""), Err(Problem::NotFound(_))));
    assert!(matches!(
        read(Method::GET, "/v1/agencies/ag-1/onboardings/x:approve", "", ""),
        Err(Problem::NotSupported(_))
    ));
    for bad in ["[]", "{", "{} {}", "nonsense"] {
        assert!(read(Method::POST, "/v1/agencies/ag-1/onboardings", "", bad).is_err(), "{bad}");
    }
}

#[test]
fn an_error_has_typed_details() {
    let body = error::body(&Problem::field("page_size", "-1 is below zero").into());
    assert_eq!((&body["error"]["code"], &body["error"]["status"]), (&400.into(), &"INVALID_ARGUMENT".into()));
    let details = body["error"]["details"].as_array().unwrap();
    let kind = |name: &str| details.iter().find(|d| d["@type"] == format!("type.googleapis.com/google.rpc.{name}"));
    assert_eq!(kind("ErrorInfo").unwrap()["reason"], "INVALID_ARGUMENT");
    assert_eq!(kind("BadRequest").unwrap()["fieldViolations"][0]["field"], "page_size");
}
