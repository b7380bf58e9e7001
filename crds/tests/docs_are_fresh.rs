//! The committed reference pages are what the crate says today.

use std::path::Path;

#[path = "../src/bin/docgen/render.rs"]
mod render;

#[test]
fn the_reference_pages_are_what_the_crate_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference");
    for (file, expected) in render::pages().expect("writing to a string does not fail") {
        let found = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        assert!(found == expected, "docs/src/reference/{file} is stale: run `cargo run -p berth-crds --bin docgen`");
    }
}

#[test]
fn the_charts_values_take_every_occasion_of_a_notice() {
    use berth_crds::notice::Occasion;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/berth/values.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).expect("it is there")).unwrap();
    let taken = schema.pointer("/properties/notices/properties/webhooks/items/properties/occasions/items/enum");
    let every: Vec<String> = Occasion::ALL.iter().map(|occasion| format!("{occasion:?}")).collect();
    assert_eq!(taken, Some(&serde_json::json!(every)), "write them into charts/berth/values.schema.json");
}
