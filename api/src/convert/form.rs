//! The further fields of the official form ⇄ `google.protobuf.Struct`: the same names as in the paper, in JSON and YAML.

use std::collections::BTreeMap;

use berth_crds::onboarding::DossierForm;
use prost_types::{ListValue, Struct, Value, value::Kind};
use serde_json::{Map, Number, Value as Json};

use crate::read::Findings;

/// Deepest nesting that is read: the form has three levels.
const DEEPEST: usize = 8;

/// The message.
pub fn message(form: &DossierForm) -> Struct {
    match serde_json::to_value(form) {
        Ok(Json::Object(map)) => Struct { fields: fields(map) },
        _ => Struct::default(),
    }
}

/// The form, if it has only fields that there are.
pub fn read(findings: &mut Findings, field: &str, from: &Struct) -> Option<DossierForm> {
    let form = serde_json::from_value(Json::Object(object(from, 0)));
    form.map_err(|error| findings.add(field, format!("{error}: see `berth onboard schema`"))).ok()
}

fn fields(map: Map<String, Json>) -> BTreeMap<String, Value> {
    map.into_iter().map(|(key, value)| (key, Value { kind: Some(kind(value)) })).collect()
}

fn kind(value: Json) -> Kind {
    match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(yes) => Kind::BoolValue(yes),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(list) => {
            Kind::ListValue(ListValue { values: list.into_iter().map(|v| Value { kind: Some(kind(v)) }).collect() })
        }
        Json::Object(map) => Kind::StructValue(Struct { fields: fields(map) }),
    }
}

fn object(from: &Struct, depth: usize) -> Map<String, Json> {
    from.fields.iter().map(|(key, value)| (key.clone(), json(value, depth + 1))).collect()
}

fn json(value: &Value, depth: usize) -> Json {
    match &value.kind {
        _ if depth > DEEPEST => Json::Null,
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(yes)) => Json::Bool(*yes),
        Some(Kind::NumberValue(number)) => whole(*number),
        Some(Kind::StringValue(text)) => Json::String(text.clone()),
        Some(Kind::ListValue(list)) => Json::Array(list.values.iter().map(|v| json(v, depth + 1)).collect()),
        Some(Kind::StructValue(inner)) => Json::Object(object(inner, depth)),
    }
}

/// A Struct knows floating numbers only; the form whole ones.
fn whole(number: f64) -> Json {
    // Beyond 2^53 a whole number is no longer exact: it is left as it is, and refused by the field's type.
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and at most 2^53")]
    let value = if exact { Some(Number::from(number as i64)) } else { Number::from_f64(number) };
    value.map_or(Json::Null, Json::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> DossierForm {
        let form = serde_json::json!({
            "function": "Một cửa", "bandwidthMbps": 100, "users": ["Citizens"], "undertaking": "Given",
            "backup": {"rpoHours": 24, "rtoHours": 8, "keepDays": 30},
            "ports": [{"port": "443", "protocol": "Tcp", "direction": "In", "peer": "a", "purpose": "b", "until": "2027-01-01"}]
        });
        serde_json::from_value(form).unwrap()
    }

    #[test]
    fn a_form_comes_back_as_it_went() {
        let mut findings = Findings::default();
        assert_eq!((read(&mut findings, "form", &message(&form())), findings), (Some(form()), Findings::default()));
    }

    #[test]
    fn what_the_form_does_not_have_is_named() {
        for (key, value) in [
            ("bogus", Kind::StringValue("x".into())),
            ("bandwidthMbps", Kind::NumberValue(1.5)),
            ("bandwidthMbps", Kind::NumberValue(1e300)),
            ("users", Kind::StringValue("Citizens".into())),
        ] {
            let mut wrong = message(&form());
            wrong.fields.insert(key.into(), Value { kind: Some(value) });
            let mut findings = Findings::default();
            assert_eq!(read(&mut findings, "form", &wrong), None, "{key}");
            assert!(findings.has("form"), "{key}");
        }
    }
}
