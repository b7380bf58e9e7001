//! Pages of the book that follow from this crate: the API from its descriptor, the command line from its arguments,
//! the limits of the door from their numbers.
//! `BERTH_WRITE_BOOK=1 cargo test --workspace --lib book` writes them; without it the same test proves them fresh.

mod api;
mod cli;
mod limits;

use std::path::Path;

/// First line of every page.
const GENERATED: &str =
    "<!-- Generated: do not edit. Run `BERTH_WRITE_BOOK=1 cargo test --workspace --lib book`. -->\n\n";

#[test]
fn the_pages_of_the_api_the_command_line_and_the_limits_are_what_the_crate_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference");
    let write = std::env::var_os("BERTH_WRITE_BOOK").is_some_and(|value| value == "1");
    for (file, text) in [("api.md", api::page()), ("command-line.md", cli::page()), ("limits.md", limits::page())] {
        let expected = format!("{GENERATED}{text}");
        if write {
            std::fs::write(folder.join(file), &expected).unwrap();
        }
        let found = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let how = "run `BERTH_WRITE_BOOK=1 cargo test --workspace --lib book`";
        assert!(found == expected, "docs/src/reference/{file} is stale: {how}");
    }
}

/// Text in a cell of a table: one line, no bars.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
