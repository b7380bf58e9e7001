//! Writes the policies of the guard table to `charts/berth/files/policies`, and the pages about the chart to
//! `docs/src/reference`.

use std::error::Error;
use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, text) in berth_guards::files().into_iter().chain(berth_guards::book::pages(&root)?) {
        fs::write(root.join(path), text)?;
    }
    Ok(())
}
