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
