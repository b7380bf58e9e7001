//! The committed YAML is what the types say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const HOW: &str = "run `cargo run -p berth-crds --bin crdgen`";

/// File name → text of every CRD, as `crdgen` writes them.
fn generated() -> BTreeMap<String, String> {
    berth_crds::all_crds()
        .iter()
        .map(|crd| {
            (format!("{}.yaml", crd.spec.names.plural), serde_yaml::to_string(crd).expect("a CRD is plain data"))
        })
        .collect()
}

fn committed(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}; {HOW}", folder.display()));
    entries
        .map(|entry| {
            let entry = entry.expect("a folder that opens can be read");
            let text = std::fs::read_to_string(entry.path())
                .unwrap_or_else(|e| panic!("{}: {e}; {HOW}", entry.path().display()));
            (entry.file_name().to_string_lossy().into_owned(), text)
        })
        .collect()
}

/// One line per file that is missing, left over or different, with the first line that differs.
fn differences(generated: &BTreeMap<String, String>, committed: &BTreeMap<String, String>) -> Vec<String> {
    let files: BTreeSet<_> = generated.keys().chain(committed.keys()).collect();
    let mut found = Vec::new();
    for file in files {
        match (generated.get(file), committed.get(file)) {
            (Some(_), None) => found.push(format!("{file} is missing")),
            (None, Some(_)) => found.push(format!("{file} belongs to no kind")),
            (Some(new), Some(old)) if new != old => {
                let line = new.lines().zip(old.lines()).take_while(|(n, o)| n == o).count();
                let show = |text: &str| text.lines().nth(line).unwrap_or("(end of file)").trim().to_owned();
                found.push(format!("{file}:{}: the file says {:?}, the types {:?}", line + 1, show(old), show(new)));
            }
            _ => {}
        }
    }
    found
}

fn assert_fresh(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let found = differences(&generated(), &committed(&folder));
    assert!(found.is_empty(), "{} is stale:\n  {}\n{HOW}", folder.display(), found.join("\n  "));
}

#[test]
fn the_yaml_of_the_crate_is_what_the_types_say() {
    assert_fresh("yaml");
}

#[test]
fn the_yaml_of_the_chart_is_what_the_types_say() {
    assert_fresh("../charts/berth/files/crds");
}

#[test]
fn every_kind_of_the_crate_is_installed_once() {
    let crds = berth_crds::all_crds();
    let names: BTreeSet<_> = crds.iter().map(|crd| crd.metadata.name.clone()).collect();
    assert_eq!((names.len(), crds.len()), (18, 18));
}
