//! Conventions that hold for every field of every kind (shared reference api-ux §2).

use std::collections::BTreeSet;

use berth_crds::Reason;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};

/// Enums whose values are names of other things, spelled as those are: zones in namespaces, roles in papers.
const LOWER_CASE_ENUMS: &[&[&str]] =
    &[&["dmz", "app", "db", "mgmt"], &["approver", "appraiser", "governing-body", "network", "requester", "owner"]];
/// What YAML 1.1 parsers read as a boolean when it is not quoted.
const YAML_BOOLEANS: &[&str] = &["on", "off", "yes", "no", "y", "n", "true", "false"];

/// A schema node: where it is, the name of its property (empty for list items and roots) and its schema.
struct Node {
    path: String,
    property: String,
    schema: Value,
}

impl Node {
    fn is(&self, type_: &str) -> bool {
        self.schema["type"] == type_
    }
}

fn root(crd: &CustomResourceDefinition) -> Value {
    let version = &crd.spec.versions[0];
    serde_json::to_value(version.schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref())).expect("plain data")
}

fn walk(path: String, property: &str, schema: &Value, nodes: &mut Vec<Node>) {
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        walk(format!("{path}.{name}"), name, child, nodes);
    }
    for (keyword, suffix) in [("items", "[]"), ("additionalProperties", "{}")] {
        if let Some(child) = schema.get(keyword) {
            walk(format!("{path}{suffix}"), "", child, nodes);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf", "not"] {
        assert!(schema.get(keyword).is_none(), "{path}: the tests do not look into `{keyword}` yet");
    }
    nodes.push(Node { path, property: property.to_owned(), schema: schema.clone() });
}

/// Every node of every kind.
fn nodes() -> Vec<Node> {
    let mut nodes = Vec::new();
    for crd in berth_crds::all_crds() {
        walk(crd.spec.names.kind.clone(), "", &root(&crd), &mut nodes);
    }
    assert!(nodes.len() > 500, "the walk finds the schemas: {}", nodes.len());
    nodes
}

/// Fails with every node that breaks a convention, not only the first.
fn assert_all(nodes: &[Node], what: &str, broken: impl Fn(&Node) -> bool) {
    let found: Vec<_> = nodes.iter().filter(|n| broken(n)).map(|n| n.path.as_str()).collect();
    assert!(found.is_empty(), "{what}; not so:\n  {}", found.join("\n  "));
}

#[test]
fn every_field_is_described_by_a_sentence() {
    let is_sentence = |node: &Node| {
        let text = node.schema["description"].as_str().unwrap_or_default();
        // Kubernetes' own descriptions begin with the name of the field.
        let begins = text.starts_with(|c: char| c.is_uppercase() || c == '`')
            || (!node.property.is_empty() && text.starts_with(&node.property))
            || node.path.contains(".conditions[]");
        begins && text.ends_with('.') && !text.contains("[`") && !text.contains('\n') && text.len() > 3
    };
    assert_all(&nodes(), "every field has a sentence for `kubectl explain`", |n| {
        let is_field = !n.property.is_empty() || !n.path.contains('.');
        is_field && !is_sentence(n)
    });
}

#[test]
fn every_string_has_a_maximum() {
    assert_all(&nodes(), "every string has `maxLength`, an enum or is a date-time", |n| {
        n.is("string")
            && n.schema.get("enum").is_none()
            && n.schema["format"] != "date-time"
            && n.schema["maxLength"].as_i64().is_none_or(|max| max < 1)
    });
}

#[test]
fn every_instant_has_one_spelling() {
    assert_all(&nodes(), "every date-time has a `pattern`: the API server takes more for one than can be read", |n| {
        n.schema["format"] == "date-time" && n.schema["pattern"].as_str().is_none()
    });
}

#[test]
fn every_list_has_a_maximum_and_a_list_type() {
    assert_all(&nodes(), "every list has `maxItems` and `x-kubernetes-list-type`", |n| {
        n.is("array")
            && (n.schema["maxItems"].as_i64().is_none_or(|max| max < 1)
                || !["atomic", "set", "map"].contains(&n.schema["x-kubernetes-list-type"].as_str().unwrap_or_default()))
    });
}

#[test]
fn the_keys_of_a_map_list_are_required_fields_of_its_items() {
    assert_all(&nodes(), "every key of a map-list is a required field", |n| {
        let keys = n.schema["x-kubernetes-list-map-keys"].as_array().cloned().unwrap_or_default();
        let required = n.schema["items"]["required"].as_array().cloned().unwrap_or_default();
        (n.schema["x-kubernetes-list-type"] == "map") == keys.is_empty() || keys.iter().any(|k| !required.contains(k))
    });
}

#[test]
fn nothing_is_nullable_unsigned_or_a_float() {
    assert_all(&nodes(), "no `nullable`, no `uint*` format, no `number`", |n| {
        let format = n.schema["format"].as_str().unwrap_or_default();
        n.schema.get("nullable").is_some() || format.starts_with("uint") || format == "float" || n.is("number")
    });
    assert_all(&nodes(), "every node has one of the types of a structural schema", |n| {
        let type_ = n.schema["type"].as_str().unwrap_or_default();
        !["object", "array", "string", "integer", "boolean"].contains(&type_)
            && n.schema["x-kubernetes-int-or-string"] != true
    });
}

#[test]
fn choices_are_enums_and_not_booleans() {
    assert_all(&nodes(), "no field is a boolean", |n| n.is("boolean"));
}

#[test]
fn conditions_are_lists_keyed_by_type() {
    let nodes = nodes();
    assert!(nodes.iter().filter(|n| n.property == "conditions").count() >= 7);
    assert_all(&nodes, "conditions are a map-list by `type`", |n| {
        n.property == "conditions"
            && (n.schema["x-kubernetes-list-type"] != "map"
                || n.schema["x-kubernetes-list-map-keys"] != json!(["type"]))
    });
}

#[test]
fn field_names_are_lower_camel_case_and_no_yaml_booleans() {
    let nodes = nodes();
    let is_lower_camel = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
    };
    assert_all(&nodes, "field names are lowerCamelCase", |n| !n.property.is_empty() && !is_lower_camel(&n.property));
    assert_all(&nodes, "no field name is a YAML 1.1 boolean", |n| {
        YAML_BOOLEANS.contains(&n.property.to_lowercase().as_str())
    });
}

#[test]
fn enum_values_are_camel_case_or_a_known_lower_case_set() {
    let nodes = nodes();
    let values = |n: &Node| -> Vec<String> {
        let values = n.schema["enum"].as_array().cloned().unwrap_or_default();
        values.iter().map(|v| v.as_str().unwrap_or("(not a string)").to_owned()).collect()
    };
    assert_all(&nodes, "enum values are CamelCase, or zones or roles", |n| {
        let values = values(n);
        let camel = |v: &String| {
            v.starts_with(|c: char| c.is_ascii_uppercase()) && v.chars().all(|c| c.is_ascii_alphanumeric())
        };
        !values.iter().all(camel)
            && !LOWER_CASE_ENUMS.contains(&values.iter().map(String::as_str).collect::<Vec<_>>().as_slice())
    });
    assert_all(&nodes, "enum values are distinct and no YAML 1.1 boolean", |n| {
        let values = values(n);
        let distinct: BTreeSet<_> = values.iter().map(|v| v.to_lowercase()).collect();
        distinct.len() != values.len() || distinct.iter().any(|v| YAML_BOOLEANS.contains(&v.as_str()))
    });
}

#[test]
fn every_kind_is_found_by_category_and_short_name_and_has_columns() {
    let mut short_names = BTreeSet::new();
    for crd in berth_crds::all_crds() {
        let names = &crd.spec.names;
        let kind = &names.kind;
        assert_eq!(names.categories, Some(vec!["provincial".to_owned()]), "{kind}");
        let short = names.short_names.clone().unwrap_or_default();
        assert_eq!(short.is_empty(), ["Site", "WorkingCalendar"].contains(&kind.as_str()), "{kind}: {short:?}");
        for name in short {
            assert!(short_names.insert(name.clone()), "{kind}: the short name {name} is taken");
        }
        let columns = crd.spec.versions[0].additional_printer_columns.clone().unwrap_or_default();
        assert!(!columns.is_empty(), "{kind} has no printer columns");
        assert!(columns.iter().all(|c| c.name.starts_with(|first: char| first.is_uppercase())), "{kind}");
    }
}

/// The schema that a JSON path of a printer column or selectable field points at.
fn resolve<'a>(schema: &'a Value, path: &str) -> Option<&'a Value> {
    let mut plain = String::new();
    let mut depth = 0;
    for c in path.chars() {
        match c {
            '[' => {
                depth += 1;
                plain.push_str(".[]");
            }
            ']' => depth -= 1,
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain.split('.').skip(1).try_fold(schema, |node, segment| match segment {
        "[]" => node.get("items"),
        name => node.get("properties")?.get(name),
    })
}

#[test]
fn columns_and_selectable_fields_point_at_fields_that_exist() {
    for crd in berth_crds::all_crds() {
        let (kind, schema, version) = (&crd.spec.names.kind, root(&crd), &crd.spec.versions[0]);
        for column in version.additional_printer_columns.iter().flatten() {
            let path = &column.json_path;
            if path == ".metadata.creationTimestamp" {
                continue;
            }
            let field = resolve(&schema, path).unwrap_or_else(|| panic!("{kind}: column {path} shows nothing"));
            assert_eq!(field["type"], column.type_.as_str(), "{kind}: column {path}");
        }
        for path in version.selectable_fields.iter().flatten().map(|f| &f.json_path) {
            let field = resolve(&schema, path).unwrap_or_else(|| panic!("{kind}: selectable {path} selects nothing"));
            assert_eq!(field["type"], "string", "{kind}: selectable {path}");
        }
    }
}

#[test]
fn an_object_that_nobody_has_looked_at_is_not_ready_yet() {
    for crd in berth_crds::all_crds() {
        let kind = &crd.spec.names.kind;
        let schema = root(&crd);
        let has_status = crd.spec.versions[0].subresources.as_ref().is_some_and(|s| s.status.is_some());
        assert_eq!(has_status, schema["properties"].get("status").is_some(), "{kind}");
        if !has_status {
            continue;
        }
        let status = &schema["properties"]["status"];
        let conditions: Vec<Condition> =
            serde_json::from_value(status["default"]["conditions"].clone()).unwrap_or_else(|e| panic!("{kind}: {e}"));
        let [ready] = conditions.as_slice() else { panic!("{kind}: one default condition, not {conditions:?}") };
        assert_eq!((ready.type_.as_str(), ready.status.as_str()), ("Ready", "Unknown"), "{kind}");
        assert_eq!(Reason::parse(&ready.reason), Some(Reason::Pending), "{kind}");
        assert_eq!(ready.message, Reason::Pending.en(), "{kind}");
        // Whatever else is required could not be defaulted, and the object could not be created.
        assert_eq!(status.get("required"), None, "{kind}");
        assert!(status["properties"].get("observedGeneration").is_some(), "{kind}");
    }
}

/// Path and message of every rule.
fn rules() -> Vec<(String, Value)> {
    let rules_of = |n: &Node| n.schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
    nodes().iter().flat_map(|n| rules_of(n).into_iter().map(|rule| (n.path.clone(), rule))).collect()
}

#[test]
fn every_rule_says_in_words_what_must_be() {
    let mut bad = Vec::new();
    let rules = rules();
    assert!(rules.len() >= 15, "{}", rules.len());
    for (path, rule) in &rules {
        let message = rule["message"].as_str().unwrap_or_default();
        let words: Vec<_> = message.split(|c: char| !c.is_alphabetic()).collect();
        if !words.contains(&"must") && !words.contains(&"may") {
            bad.push(format!("{path}: says neither must, must not, may nor may not: {message:?}"));
        }
        if message.contains('\n') || message.ends_with('.') {
            bad.push(format!("{path}: is one line without a full stop: {message:?}"));
        }
        if rule.get("messageExpression").is_some() {
            bad.push(format!("{path}: has a fixed message, which scripts can look for"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

#[test]
fn rules_put_field_names_in_back_quotes() {
    let fields: BTreeSet<String> = nodes().into_iter().map(|n| n.property).collect();
    let is_field = |word: &str| {
        ["spec", "status", "metadata"].contains(&word)
            || fields.contains(word) && word.chars().any(|c| c.is_ascii_uppercase())
    };
    for (path, rule) in rules() {
        let message = rule["message"].as_str().unwrap_or_default();
        assert_eq!(message.matches('`').count() % 2, 0, "{path}: {message:?}");
        // Every second piece is between back-quotes.
        for outside in message.split('`').step_by(2) {
            let bare = outside.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| is_field(word));
            assert_eq!(bare, None, "{path}: a field name without back-quotes: {message:?}");
        }
    }
}
