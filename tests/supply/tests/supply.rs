//! S16: the bill lists what the lock file has and a release is built of; every dependency comes from the registry, under an
//! allowed licence; no crate of ours may hold unsafe code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use berth_supply::lock::Locked;
use berth_supply::sbom::{Input, bill};
use berth_supply::tree::{Part, Use};
use berth_supply::{Package, licence, lock, tree};
use serde_json::Value;

/// Where dependencies come from.
const REGISTRY: &str = "https://github.com/rust-lang/crates.io-index";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn locked() -> BTreeMap<Package, Locked> {
    lock::read(&text("Cargo.lock")).expect("cargo wrote it")
}

fn product() -> BTreeMap<Package, Part> {
    tree::product(&root(), None).expect("cargo reads its own lock file")
}

/// Members of the workspace, as its manifest lists them.
fn members() -> Vec<String> {
    let manifest = text("Cargo.toml");
    let list = manifest.lines().find_map(|line| line.strip_prefix("members = [")?.strip_suffix(']'));
    let list = list.expect("the manifest lists its members in one line");
    list.split(", ").map(|member| member.trim_matches('"').to_owned()).collect()
}

#[test]
fn the_bill_lists_exactly_what_is_locked_and_built_into_the_product() {
    let (lock, product) = (locked(), product());
    let input = Input { version: "0.1.0", lock: &lock, product: &product, programs: &[], time: None };
    let bill = bill(&input).expect("all that is built is locked");
    let listed: BTreeMap<Package, &Value> = bill["components"]
        .as_array()
        .expect("a bill has components")
        .iter()
        .map(|c| (Package::new(c["name"].as_str().unwrap_or_default(), c["version"].as_str().unwrap_or_default()), c))
        .collect();
    assert_eq!(listed.keys().collect::<Vec<_>>(), product.keys().collect::<Vec<_>>());
    for (package, component) in &listed {
        assert_eq!(component["hashes"][0]["content"].as_str(), lock[package].checksum.as_deref(), "{package}");
    }
    // Both ends of every edge are listed.
    let known: BTreeSet<&str> = listed.values().filter_map(|c| c["bom-ref"].as_str()).collect();
    let edges = bill["dependencies"].as_array().expect("a bill has edges");
    assert_eq!(edges.len(), listed.len());
    assert!(
        edges
            .iter()
            .flat_map(|e| e["dependsOn"].as_array().into_iter().flatten())
            .all(|on| known.contains(on.as_str().unwrap_or_default()))
    );
    let build = product.values().filter(|part| part.usage == Use::Build).count();
    println!("{} packages locked, {} built, {build} of them only to build with", lock.len(), listed.len());
}

#[test]
fn what_only_tests_use_is_not_in_the_bill_and_what_programs_use_is() {
    let product = product();
    let usage = |name: &str| product.iter().find(|(package, _)| package.name == name).map(|(_, part)| part.usage);
    for name in ["berth-plan", "kube-client", "ring", "rustls", "tonic", "jsonwebtoken"] {
        assert_eq!(usage(name), Some(Use::Runtime), "{name}");
    }
    for name in ["serde_derive", "protox", "cc"] {
        assert_eq!(usage(name), Some(Use::Build), "{name}");
    }
    // `cel` is a feature of kube that the tests of the schemas switch on: a graph of the whole workspace has it.
    for name in ["proptest", "stateright", "rcgen", "cel", "berth-fuzz", "berth-cluster", "berth-supply"] {
        assert_eq!(usage(name), None, "{name}");
    }
}

#[test]
fn every_dependency_comes_from_the_registry_with_a_checksum() {
    let ours: BTreeSet<String> = members().iter().map(|member| name(&text(&format!("{member}/Cargo.toml")))).collect();
    assert!(
        text("deny.toml").contains(&format!("allow-registry = [{REGISTRY:?}]")),
        "deny.toml names the one registry"
    );
    for (package, locked) in locked() {
        match ours.contains(&package.name) {
            true => assert_eq!((locked.source, locked.checksum), (None, None), "{package} is ours"),
            false => {
                assert_eq!(locked.source, Some(format!("registry+{REGISTRY}")), "{package}");
                assert_eq!(locked.checksum.map(|sum| sum.len()), Some(64), "{package}");
            }
        }
    }
}

#[test]
fn no_dependency_is_banned_and_every_licence_of_the_product_is_allowed() {
    let rules = text("deny.toml");
    let (allowed, banned) = (licence::list(&rules, "allow"), licence::list(&rules, "deny"));
    assert!(allowed.len() > 3 && banned.len() > 1, "deny.toml is read: {allowed:?}, {banned:?}");
    let lock = locked();
    let found: Vec<&Package> = lock.keys().filter(|package| banned.contains(&package.name)).collect();
    assert_eq!(found, Vec::<&Package>::new(), "banned by deny.toml");
    let allowed: BTreeSet<String> = allowed.into_iter().collect();
    let product = product();
    let refused: Vec<_> =
        product.iter().filter(|(_, part)| !licence::allows(&allowed, &licence::spdx(&part.licence))).collect();
    assert_eq!(refused, vec![], "not allowed by deny.toml");
}

/// `forbid` cannot be taken back by an `allow` further in, so the table and each member's word for it are enough.
#[test]
fn no_crate_of_ours_may_hold_unsafe_code() {
    let manifest = text("Cargo.toml");
    let lints = manifest.split_once("[workspace.lints.rust]\n").map_or("", |(_, rest)| rest);
    assert!(lints.lines().take_while(|line| !line.is_empty()).any(|line| line == "unsafe_code = \"forbid\""));
    for member in members() {
        let manifest = text(&format!("{member}/Cargo.toml"));
        assert!(manifest.contains("\n[lints]\nworkspace = true\n"), "{member}: `[lints] workspace = true` is missing");
    }
}

fn name(manifest: &str) -> String {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""));
    line.and_then(|rest| rest.strip_suffix('"')).expect("a package has a name").to_owned()
}

/// What nearly everything is built on: where one of these is asked for with other features, all the rest is built again.
const FOUNDATIONS: [&str; 8] =
    ["getrandom v0.3", "serde_core v", "serde v", "tokio v", "hyper v", "kube-core v", "kube-client v", "kube v"];

#[test]
fn the_demo_is_built_of_the_libraries_that_the_tests_are_built_of() {
    let features = |arguments: &[&str]| -> BTreeSet<String> {
        let shown = tree::features(&root(), arguments).expect("cargo reads its own lock file");
        let wanted = |line: &&str| FOUNDATIONS.iter().any(|begins| line.starts_with(begins));
        shown.lines().filter(wanted).map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    };
    let demo = features(&["--package", "berth-tests", "--edges", "normal,build"]);
    let tests = features(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(demo.len() >= FOUNDATIONS.len(), "{demo:#?}");
    assert_eq!(demo.difference(&tests).collect::<Vec<_>>(), Vec::<&String>::new(), "of the tests: {tests:#?}");
}
