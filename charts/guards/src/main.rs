//! Writes the policies of the guard table to `charts/berth/files/policies`, and its page to `docs/src/reference`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    berth_guards::files().into_iter().try_for_each(|(path, text)| std::fs::write(root.join(path), text))
}
