//! S7 as far as it is text: every policy of the chart fails closed, and whom each lets through is written here. What the API
//! server makes of it is `tests/stories/closed.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every document of the files in a folder.
fn documents(folder: &str) -> Vec<Value> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join(folder))
        .expect("the checkout has its folder")
        .map(|entry| entry.expect("a folder can be listed").path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    paths.sort();
    let texts = paths.iter().map(|path| std::fs::read_to_string(path).expect("a listed file can be read"));
    let split = texts.flat_map(|text| text.split("\n---\n").map(str::to_owned).collect::<Vec<_>>());
    split.map(|text| serde_yaml::from_str(&text).expect("the chart's files are YAML")).collect()
}

/// Policies or bindings of the chart by their name.
fn of_kind(end: &str) -> BTreeMap<String, Value> {
    let all = documents("charts/berth/files/policies").into_iter().filter(|o| text(&o["kind"]).ends_with(end));
    all.map(|o| (text(&o["metadata"]["name"]).to_owned(), o["spec"].clone())).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> Vec<&str> {
    value.as_sequence().map(|all| all.iter().map(text).collect()).unwrap_or_default()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_mapping().map(|map| map.keys().map(text).collect()).unwrap_or_default()
}

#[test]
fn every_policy_refuses_what_it_cannot_judge_in_every_version() {
    let ours: Value = serde_yaml::from_str("matchLabels: {app.kubernetes.io/managed-by: berth-operator}").unwrap();
    let others: Value = serde_yaml::from_str(
        "matchExpressions: [{key: app.kubernetes.io/managed-by, operator: NotIn, values: [berth-operator]}]",
    )
    .unwrap();
    let policies = of_kind("AdmissionPolicy");
    for (name, spec) in &policies {
        assert_eq!(text(&spec["failurePolicy"]), "Fail", "{name}");
        let matched = &spec["matchConstraints"];
        // No `matchPolicy: Exact`, no `excludeResourceRules`, no `objectSelector` that the caller could choose to miss.
        let known = ["namespaceSelector", "resourceRules"];
        assert!(keys(matched).iter().all(|key| known.contains(key)), "{name}: {:?}", keys(matched));
        let selector = &matched["namespaceSelector"];
        assert!(selector.is_null() || *selector == ours || *selector == others, "{name}: {selector:?}");
        for rule in matched["resourceRules"].as_sequence().unwrap() {
            assert_eq!(keys(rule), ["apiGroups", "apiVersions", "operations", "resources"], "{name}");
            assert_eq!(list(&rule["apiVersions"]), ["*"], "{name}");
            let named = [list(&rule["apiGroups"]), list(&rule["operations"]), list(&rule["resources"])].concat();
            assert!(named.iter().all(|word| !word.contains('*')), "{name}: {named:?}");
        }
    }
    println!("{} policies fail closed", policies.len());
    assert!(policies.len() > 40, "{}", policies.len());
}

#[test]
fn every_policy_is_bound_everywhere_and_denies() {
    let (policies, bindings) = (of_kind("AdmissionPolicy"), of_kind("PolicyBinding"));
    assert_eq!(policies.keys().collect::<Vec<_>>(), bindings.keys().collect::<Vec<_>>());
    for (name, spec) in &bindings {
        assert_eq!(text(&spec["policyName"]), name);
        // No `matchResources`: what the policy matches is judged, all of it.
        let known = ["policyName", "paramRef", "validationActions"];
        assert!(keys(spec).iter().all(|key| known.contains(key)), "{name}: {:?}", keys(spec));
        let expected: &[&str] = match name.as_str() {
            stamps if policies[stamps]["mutations"].is_sequence() => &[],
            // Refuses nothing: it tells of what break-glass did.
            "berth-break-glass" => &["Warn", "Audit"],
            _ => &["Deny"],
        };
        assert_eq!(list(&spec["validationActions"]), expected, "{name}");
    }
}

/// Policy, its parameter, what follows where there is none, and why that lets nothing through.
const PARAMETERS: [(&str, &str, &str, &str); 6] = [
    (
        "berth-decision-connection",
        "Connection",
        "Allow",
        "the operator voids a Decision on a Connection that it cannot find",
    ),
    ("berth-decision-paper", "Onboarding", "Deny", ""),
    ("berth-ledger-prune", "AuditCheckpoint", "Deny", ""),
    ("berth-namespace-release", "Environment", "Allow", "where there is no Environment at all, none holds a namespace"),
    ("berth-namespace-removal", "Environment", "Deny", ""),
    ("berth-tenant-delete", "Environment", "Allow", "where there is no Environment at all, none is the Tenant's"),
];

#[test]
fn a_missing_parameter_refuses_except_where_it_says_that_nothing_is_in_the_way() {
    let policies = of_kind("AdmissionPolicy");
    let found: Vec<_> = of_kind("PolicyBinding")
        .into_iter()
        .filter(|(_, spec)| !spec["paramRef"].is_null())
        .map(|(name, spec)| {
            let kind = text(&policies[&name]["paramKind"]["kind"]).to_owned();
            (name, kind, text(&spec["paramRef"]["parameterNotFoundAction"]).to_owned())
        })
        .collect();
    let expected = PARAMETERS.map(|(name, kind, action, _)| (name.to_owned(), kind.to_owned(), action.to_owned()));
    assert_eq!(found, expected);
    assert!(PARAMETERS.iter().all(|(_, _, action, why)| (*action == "Allow") != why.is_empty()));
    let with_kind = policies.iter().filter(|(_, spec)| !spec["paramKind"].is_null()).count();
    assert_eq!(with_kind, PARAMETERS.len(), "a policy with a parameter kind has a binding that finds it");
}

/// The group that RBAC cannot hold passes these policies as a whole, and one rule of the last.
const MASTERS: [&str; 4] = ["berth-account-keys", "berth-namespace-keys", "berth-quota-mark", "berth-tenant-children"];

#[test]
fn system_masters_is_let_through_by_the_policies_that_the_book_names_and_by_no_other() {
    let knows = |(name, spec): (String, Value)| {
        serde_yaml::to_string(&spec).unwrap().contains("system:masters").then_some(name)
    };
    let found: Vec<String> = of_kind("AdmissionPolicy").into_iter().filter_map(knows).collect();
    assert_eq!(found, MASTERS);
    let keys = &of_kind("AdmissionPolicy")["berth-namespace-keys"];
    let conditions = serde_yaml::to_string(&keys["matchConditions"]).unwrap();
    assert!(!conditions.contains("system:masters"), "of its rules only the one on `spec.finalizers` knows the group");
    let rules = keys["validations"].as_sequence().unwrap().iter().map(|v| text(&v["expression"]));
    assert_eq!(rules.filter(|rule| rule.contains("system:masters")).count(), 1);
    let security = std::fs::read_to_string(root().join("SECURITY.md")).unwrap();
    for name in MASTERS.into_iter().filter(|name| *name != "berth-namespace-keys") {
        assert!(security.contains(&format!("`{name}`")), "SECURITY.md does not say that it exempts `system:masters`");
    }
}

/// Every name that some condition or rule compares the caller with: by equality or membership, never by a part of it.
#[test]
fn callers_are_told_apart_by_their_whole_name() {
    for (name, spec) in of_kind("AdmissionPolicy") {
        // YAML doubles quotes inside quotes.
        let all = serde_yaml::to_string(&spec).unwrap().replace("''", "'");
        for part in ["userInfo.username.endsWith", "userInfo.username.contains", "userInfo.username.matches"] {
            assert!(!all.contains(part), "{name}: {part}");
        }
        // The one beginning that is looked at refuses: no account may pass for ours in the papers.
        let begins = all.matches("userInfo.username.startsWith").count();
        assert_eq!(begins, all.matches("!request.userInfo.username.startsWith('berth:')").count(), "{name}");
        assert!(!all.contains("userInfo.uid") && !all.contains("userInfo.extra"), "{name}");
    }
}

#[test]
fn every_kind_with_a_status_has_its_writers_named() {
    let with_status = documents("crds/yaml").into_iter().filter(|crd| {
        let versions = crd["spec"]["versions"].as_sequence().unwrap();
        versions.iter().any(|version| !version["subresources"]["status"].is_null())
    });
    let with_status: BTreeSet<String> =
        with_status.map(|crd| format!("{}/status", text(&crd["spec"]["names"]["plural"]))).collect();
    let policy = &of_kind("AdmissionPolicy")["berth-status-writers"];
    let guarded = list(&policy["matchConstraints"]["resourceRules"][0]["resources"]);
    assert_eq!(with_status, guarded.into_iter().map(str::to_owned).collect());
}
