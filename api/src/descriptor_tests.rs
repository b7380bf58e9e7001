//! The API's rules (AIP) held against its descriptor.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor, Value};

use crate::proto::{SERVICES, pool};

const REQUIRED: i32 = 2;
const OUTPUT_ONLY: i32 = 3;
const KNOWN: [i32; 5] = [1, REQUIRED, OUTPUT_ONLY, 5, 8];

fn behaviours(field: &FieldDescriptor) -> Vec<i32> {
    let extension = pool().get_extension_by_name("google.api.field_behavior").unwrap();
    let options = field.options();
    let values = options.get_extension(&extension).into_owned();
    values.as_list().unwrap_or_default().iter().filter_map(Value::as_enum_number).collect()
}

fn messages() -> Vec<MessageDescriptor> {
    pool().all_messages().filter(|m| m.package_name() == "berth.v1").collect()
}

fn methods() -> Vec<prost_reflect::MethodDescriptor> {
    let services = pool().services().filter(|s| s.package_name() == "berth.v1");
    services.flat_map(|s| s.methods().collect::<Vec<_>>()).collect()
}

#[test]
fn the_list_of_services_is_complete() {
    let found: Vec<_> =
        pool().services().filter(|s| s.package_name() == "berth.v1").map(|s| s.full_name().to_owned()).collect();
    let (mut found, mut known) = (found, SERVICES.to_vec());
    found.sort();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn every_field_says_what_it_may_be_used_for() {
    for message in messages().iter().filter(|m| !m.name().ends_with("Response") && m.name() != "Kubeconfig") {
        for field in message.fields() {
            let behaviours = behaviours(&field);
            assert!(!behaviours.is_empty() && behaviours.iter().all(|b| KNOWN.contains(b)), "{}", field.full_name());
        }
    }
}

#[test]
fn every_list_has_pages() {
    for method in methods().iter().filter(|m| m.name().starts_with("List")) {
        let has = |message: &MessageDescriptor, name: &str| message.get_field_by_name(name).is_some();
        let (input, output) = (method.input(), method.output());
        assert!(
            has(&input, "page_size") && has(&input, "page_token") && has(&output, "next_page_token"),
            "{}",
            method.name()
        );
    }
}

#[test]
fn every_act_has_a_request_id_and_can_be_tried_without_effect() {
    // A check is a look, too: nothing is written, so nothing can be written twice.
    let reads = ["Check", "Export", "Get", "Justify", "List", "Watch", "Whois"];
    for method in methods().iter().filter(|m| !reads.iter().any(|read| m.name().starts_with(read))) {
        for name in ["request_id", "validate_only"] {
            assert!(method.input().get_field_by_name(name).is_some(), "{} {name}", method.name());
        }
    }
}

#[test]
fn a_state_is_written_by_the_server_only() {
    let states = messages().into_iter().flat_map(|m| m.fields().collect::<Vec<_>>());
    let states: Vec<_> = states.filter(|f| matches!(f.kind(), Kind::Enum(e) if e.name() == "State")).collect();
    assert!(states.len() >= 2);
    for field in states {
        assert_eq!(behaviours(&field), [OUTPUT_ONLY], "{}", field.full_name());
    }
}

#[test]
fn enums_begin_with_a_value_that_says_nothing() {
    let nested = messages().into_iter().flat_map(|m| m.child_enums().collect::<Vec<_>>());
    for kind in nested {
        assert!(kind.default_value().name().ends_with("_UNSPECIFIED"), "{}", kind.full_name());
    }
}

#[test]
fn names_come_first_and_are_required_in_requests() {
    for method in methods()
        .iter()
        .filter(|m| ["Get", "Watch", "Approve", "Reject", "Withdraw"].iter().any(|v| m.name().starts_with(v)))
    {
        let name = method.input().get_field(1).unwrap();
        assert_eq!((name.name(), behaviours(&name)), ("name", vec![REQUIRED]), "{}", method.name());
    }
}

#[test]
fn numbers_fit_json() {
    for field in messages().into_iter().flat_map(|m| m.fields().collect::<Vec<_>>()) {
        let wide = matches!(
            field.kind(),
            Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 | Kind::Float | Kind::Double
        );
        assert!(!wide, "{} would be a string or inexact in JSON", field.full_name());
    }
}
