//! The CEL rules of the schemas, run without a cluster by the evaluator that kube brings.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use berth_crds::{
    AddressPlan, Agency, AuditCheckpoint, AuditRecord, Connection, Decision, Environment, Intervention, Notice,
    Onboarding, PrefixBlock, PrefixClaim, Tenant,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::cel::{ErrorKind, ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cases::{self, Case, merge};

/// Every table; each has its own test below.
const TABLES: &[&str] = &[
    "addressplan",
    "agency",
    "auditcheckpoint",
    "auditrecord",
    "connection",
    "decision",
    "environment",
    "intervention",
    "notice",
    "onboarding",
    "prefixblock",
    "prefixclaim",
    "tenant",
];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases");

fn load(table: &str) -> Vec<Case> {
    cases::load(Path::new(FOLDER), table)
}

/// Schema of every kind as it is installed, not as the derive wrote it.
static SCHEMAS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let schema = |crd: &CustomResourceDefinition| {
        let schema = crd.spec.versions[0].schema.as_ref().and_then(|s| s.open_api_v3_schema.as_ref());
        serde_json::to_value(schema).expect("a schema is plain data")
    };
    berth_crds::all_crds().iter().map(|crd| (crd.spec.names.kind.clone(), schema(crd))).collect()
});

/// The schema of a kind.
pub fn schema(kind: &str) -> &'static Value {
    SCHEMAS.get(kind).unwrap_or_else(|| panic!("no kind {kind}"))
}

/// What the rules say to an object, or to a change from `old`.
pub fn refusals(schema: &Value, object: &Value, old: Option<&Value>) -> Vec<ValidationError> {
    let errors = Validator::new().validate(schema, object, old).err().map(|e| e.into_vec()).unwrap_or_default();
    for error in &errors {
        let ran = matches!(error.kind, ErrorKind::ValidationFailure | ErrorKind::EvaluationError);
        assert!(ran, "a rule cannot be run here: {error:?}");
    }
    errors
}

/// Fills in the defaults of a structural schema, as the API server does before any rule runs.
fn fill_in(schema: &Value, object: &mut Value) {
    match object {
        Value::Object(fields) => {
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                if let (None, Some(default)) = (fields.get(name), schema.get("default")) {
                    fields.insert(name.clone(), default.clone());
                }
                if let Some(field) = fields.get_mut(name) {
                    fill_in(schema, field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(&schema["items"], item)),
        _ => {}
    }
}

/// Fails with every case of the table that ends otherwise than it says.
fn assert_table<K: DeserializeOwned>(table: &str) {
    let cases = load(table);
    let kind = cases[0].object["kind"].as_str().expect("the base names its kind").to_owned();
    let schema = schema(&kind);
    let wrong: Vec<_> = cases.iter().filter_map(|case| judge::<K>(schema, case).err()).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n  {}", wrong.len(), cases.len(), wrong.join("\n  "));
}

fn judge<K: DeserializeOwned>(schema: &Value, case: &Case) -> Result<(), String> {
    let said = |errors: &[ValidationError]| errors.iter().map(|e| e.message.clone()).collect::<Vec<_>>();
    let mut created = case.object.clone();
    fill_in(schema, &mut created);
    let mut errors = refusals(schema, &created, None);
    let mut last = created.clone();
    if let Some(update) = &case.update {
        if !errors.is_empty() {
            return Err(format!("{}: is not even created: {:?}", case.name, said(&errors)));
        }
        merge(&mut last, update);
        fill_in(schema, &mut last);
        errors = refusals(schema, &last, Some(&created));
    }
    // A misspelt field would make a case pass for the wrong reason.
    serde_json::from_value::<K>(last).map_err(|e| format!("{}: is not an object of its kind: {e}", case.name))?;
    match &case.refusal {
        None if errors.is_empty() => Ok(()),
        None => Err(format!("{}: must be accepted, is refused: {:?}", case.name, said(&errors))),
        Some(_) if errors.is_empty() => Err(format!("{}: must be refused, is accepted", case.name)),
        Some(part) if errors.iter().any(|e| e.message.contains(part)) => Ok(()),
        Some(part) => Err(format!("{}: must say {part:?}, says {:?}", case.name, said(&errors))),
    }
}

#[test]
fn a_block_is_named_after_its_prefix_lies_in_its_parent_and_keeps_both() {
    assert_table::<PrefixBlock>("prefixblock");
}

#[test]
fn a_claim_wishes_a_proper_prefix_and_never_changes() {
    assert_table::<PrefixClaim>("prefixclaim");
}

#[test]
fn an_onboarding_has_what_its_action_needs_and_never_changes() {
    assert_table::<Onboarding>("onboarding");
}

#[test]
fn a_decision_is_named_by_its_place_and_never_changes() {
    assert_table::<Decision>("decision");
}

#[test]
fn a_connection_names_both_ends_is_never_any_and_never_changes() {
    assert_table::<Connection>("connection");
}

#[test]
fn an_environment_is_named_after_tenant_and_kind_and_keeps_both() {
    assert_table::<Environment>("environment");
}

#[test]
fn an_intervention_has_the_parts_of_its_act_and_never_changes() {
    assert_table::<Intervention>("intervention");
}

#[test]
fn a_notice_is_named_after_its_paper_and_never_changes() {
    assert_table::<Notice>("notice");
}

#[test]
fn an_agency_has_a_short_id_and_members_that_can_be_bound() {
    assert_table::<Agency>("agency");
}

#[test]
fn a_tenant_is_named_by_its_plate() {
    assert_table::<Tenant>("tenant");
}

#[test]
fn the_address_plan_is_one_and_its_roots_are_apart() {
    assert_table::<AddressPlan>("addressplan");
}

#[test]
fn a_segment_is_named_by_its_number_and_never_changes() {
    assert_table::<AuditRecord>("auditrecord");
}

#[test]
fn the_checkpoint_is_one_and_only_moves_on() {
    assert_table::<AuditCheckpoint>("auditcheckpoint");
}

#[test]
fn every_table_has_a_test_and_unique_sentences() {
    let files: BTreeSet<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, TABLES.iter().map(|t| (*t).to_owned()).collect());
    for table in TABLES {
        let cases = load(table);
        assert!(cases.iter().any(|c| c.refusal.is_none()), "{table}: a table that accepts nothing proves nothing");
        let names: BTreeSet<_> = cases.iter().map(|c| &c.name).collect();
        assert_eq!(names.len(), cases.len(), "{table}");
    }
}

#[test]
fn every_rule_refuses_something_in_a_table() {
    let mut messages = BTreeSet::new();
    SCHEMAS.values().for_each(|schema| collect_messages(schema, &mut messages));
    let refusals: Vec<_> = TABLES.iter().flat_map(|t| load(t)).filter_map(|c| c.refusal).collect();
    let untried: Vec<_> = messages.iter().filter(|m| !refusals.iter().any(|part| m.contains(part.as_str()))).collect();
    assert!(untried.is_empty(), "no case shows that these rules refuse anything: {untried:#?}");
}

fn collect_messages(node: &Value, messages: &mut BTreeSet<String>) {
    if let Some(rules) = node.get("x-kubernetes-validations").and_then(Value::as_array) {
        messages.extend(rules.iter().filter_map(|r| r["message"].as_str()).map(str::to_owned));
    }
    match node {
        Value::Object(children) => children.values().for_each(|child| collect_messages(child, messages)),
        Value::Array(children) => children.iter().for_each(|child| collect_messages(child, messages)),
        _ => {}
    }
}
