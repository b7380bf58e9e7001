//! Writes the page of the door's limits into the book.

use std::{io, path::Path};

fn main() -> io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference/limits.md");
    std::fs::write(path, berth_api::limits::page())
}
