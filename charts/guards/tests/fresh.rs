//! What is committed is what the table says, and the chart's values are its exemptions.

use std::path::Path;

use berth_guards::{backends, glass, hosts};
use serde_yaml::Value;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn policies_and_pages_are_what_the_table_and_the_chart_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let pages = berth_guards::book::pages(&root).unwrap();
    for (path, expected) in berth_guards::files().into_iter().chain(pages) {
        let found = read(&path.to_string_lossy());
        assert!(found == expected, "{} is stale: run `cargo run -p berth-guards --bin guardgen`", path.display());
    }
}

#[test]
fn the_values_of_the_chart_name_the_accounts_of_the_table() {
    let values: Value = serde_yaml::from_str(&read("charts/berth/values.yaml")).unwrap();
    let schema: Value = serde_yaml::from_str(&read("charts/berth/values.schema.json")).unwrap();
    let listed = &values["guards"]["networkIdentities"];
    for b in backends::ALL {
        let found: Vec<_> = listed[b.id].as_sequence().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(found, b.identities, "guards.networkIdentities.{}", b.id);
        let allowed = &schema["properties"]["guards"]["properties"]["networkIdentities"]["properties"][b.id];
        assert!(allowed.is_mapping(), "values.schema.json does not know guards.networkIdentities.{}", b.id);
    }
    assert_eq!(listed.as_mapping().unwrap().len(), backends::ALL.len());
}

#[test]
fn the_chart_finds_the_line_of_every_back_end_in_every_policy_with_network_keys() {
    // charts/berth/templates/policies.yaml replaces exactly this text by the values.
    let with_keys = berth_guards::files().into_iter().filter(|(_, text)| text.contains("_identities"));
    let with_keys: Vec<_> = with_keys.collect();
    assert_eq!(with_keys.len(), 4);
    for (path, text) in with_keys {
        for b in backends::ALL {
            let before = format!("    - name: {}_identities\n      expression: >-\n        [", b.id);
            assert_eq!(text.matches(&before).count(), 1, "{} in {}", b.id, path.display());
        }
    }
}

#[test]
fn the_values_of_the_chart_are_the_keys_of_the_table_and_the_chart_finds_their_line() {
    let values: Value = serde_yaml::from_str(&read("charts/berth/values.yaml")).unwrap();
    let listed = values["guards"]["gatewayAnnotations"].as_sequence().unwrap();
    let listed: Vec<_> = listed.iter().map(|v| v.as_str().unwrap()).collect();
    assert_eq!(listed, hosts::ANNOTATIONS);
    // charts/berth/templates/policies.yaml replaces exactly this text by the values.
    let line = format!("    - name: {}\n      expression: >-\n        [", hosts::ANNOTATIONS_VARIABLE);
    let with = berth_guards::files().into_iter().filter(|(_, text)| text.contains(&line));
    let names: Vec<_> = with.map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["76-host-names"]);
    assert!(read("charts/berth/templates/policies.yaml").contains(hosts::ANNOTATIONS_VARIABLE));
}

#[test]
fn break_glass_is_off_and_the_chart_finds_its_text_in_every_policy_that_knows_it() {
    let values: Value = serde_yaml::from_str(&read("charts/berth/values.yaml")).unwrap();
    assert_eq!(values["guards"]["breakGlass"]["groups"].as_sequence().map(Vec::len), Some(0));
    assert!(read("charts/berth/templates/policies.yaml").contains(&glass::used()));
    let known = berth_guards::files().into_iter().filter(|(_, text)| text.contains("in request.userInfo.groups)"));
    let known: Vec<_> = known.filter(|(path, _)| path.extension().is_some_and(|e| e == "yaml")).collect();
    let names = known.iter().map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned());
    let expected = [
        "62-namespace-keys",
        "70-tenant-children",
        "75-account-keys",
        "77-quota-mark",
        "80-break-glass",
        "81-stamp-break-glass",
    ];
    assert_eq!(names.collect::<Vec<_>>(), expected);
    for (path, text) in known {
        let (all, found) = (text.matches(".exists(g, g in ").count(), text.matches(&glass::used()).count());
        assert_eq!(all, found, "{}", path.display());
    }
}
