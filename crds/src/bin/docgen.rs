//! Writes the reference pages of the book that follow from this crate to `docs/src/reference`.

use std::path::Path;

#[path = "docgen/render.rs"]
mod render;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference");
    std::fs::create_dir_all(&folder)?;
    for (file, text) in render::pages()? {
        std::fs::write(folder.join(file), text)?;
    }
    Ok(())
}
