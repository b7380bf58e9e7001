//! S15 of REST: path, query and body.

use berth_fuzz::{Decoder, Dice, edited, edited_text};
use prost::Message as _;
use prost_reflect::ReflectMessage as _;

use super::*;
use crate::{decoding::arbitrary, proto::dynamic_json};

/// Paths that there are, and their verbs.
const PATHS: [(&str, &str); 12] = [
    ("POST", "/v1/agencies/ag-62/onboardings"),
    ("POST", "/v1/agencies/ag-62/onboardings:check"),
    ("POST", "/v1/agencies/ag-62/onboardings/onb-a:approve"),
    ("POST", "/v1/agencies/ag-62/onboardings/onb-a:reject"),
    ("POST", "/v1/agencies/ag-62/onboardings/onb-a:correct"),
    ("POST", "/v1/agencies/ag-62/connections"),
    ("GET", "/v1/agencies/-/onboardings"),
    ("GET", "/v1/agencies/ag-62/onboardings/onb-a/decisions"),
    ("GET", "/v1/tenants"),
    ("GET", "/v1/environments/aaaaaa-prod"),
    ("GET", "/v1/demandReports/2027"),
    ("GET", "/v1/addressPlans/default"),
];

/// A whole request: verb, path, query, body.
fn request(dice: &mut Dice, routes: &[Route]) -> (Method, String, String, Vec<u8>) {
    let (verb, path) = *dice.of(&PATHS);
    let path = if dice.once_in(3) { edited_text(dice, &[path]) } else { path.to_owned() };
    let verb = Method::from_bytes(verb.as_bytes()).unwrap();
    let found = find(routes, &verb, &path).ok().map(|(route, _)| route.clone());
    let body = found.and_then(|route| {
        let kind = match &route.body {
            template::BodyIs::Nothing => return None,
            template::BodyIs::Request => route.method.input(),
            template::BodyIs::Field(name) => match route.method.input().get_field_by_name(name)?.kind() {
                prost_reflect::Kind::Message(kind) => kind,
                _ => return None,
            },
        };
        json_text(&arbitrary(&kind, dice, 0))
    });
    let body = body.unwrap_or_default().into_bytes();
    let body = if dice.once_in(2) { edited(dice, &[body]) } else { body };
    let queries = ["validateOnly=true&requestId=a", "pageSize=3&page_token=a%7Eb", "query=S%E1%BB%9F+Y"];
    let query = if dice.once_in(2) { edited_text(dice, &queries) } else { String::new() };
    (verb, path, query, body)
}

#[test]
fn a_request_over_rest_is_a_message_that_stays_the_same_or_an_error() {
    let routes = routes(pool());
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", http::HeaderValue::from_static("k-1"));
    let mut sound = 0;
    Decoder::new("requests over REST").made(
        |dice| request(dice, &routes),
        |(verb, path, query, body)| {
            let Ok((route, variables)) = find(&routes, verb, path) else { return };
            let message = match input::message(route, &variables, query, &headers, body) {
                Ok(message) => message,
                Err(problem) => return assert!(!error_body(&problem.into())["error"]["message"].is_null()),
            };
            sound += 1;
            // Compared as JSON: a map has no order, and a number may be none, which is not equal to itself.
            if let Ok(decoded) = DynamicMessage::decode(message.descriptor(), message.encode_to_vec().as_slice()) {
                assert_eq!(dynamic_json(&decoded), dynamic_json(&message));
            }
            if let Some(text) = json_text(&message) {
                let mut text = serde_json::Deserializer::from_str(&text);
                let again = DynamicMessage::deserialize(message.descriptor(), &mut text).unwrap();
                assert_eq!(dynamic_json(&again), dynamic_json(&message));
            }
        },
    );
    assert!(sound > 100, "many must be in order to show anything: {sound}");
}

#[test]
fn a_query_is_decoded_as_it_was_encoded_and_nothing_else_is() {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    Decoder::new("queries").texts(&["Sở Y tế", "a+b", "100%"], |given| {
        assert_eq!(input::decode(&encoded(given)).as_deref(), Some(given));
        let _ = (input::decode(given), input::pairs(given));
    });
    for bad in ["%", "%4", "%+5", "%-1", "%zz", "%ff"] {
        assert_eq!(input::decode(bad), None, "{bad}");
    }
}
