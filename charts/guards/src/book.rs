//! Pages of the book that follow from the chart's own files: who has which rights, and what can be set.

pub mod rights;
pub mod values;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

const GENERATED: &str = "<!-- Generated: do not edit. Run `cargo run -p berth-guards --bin guardgen`. -->\n\n";

/// Every page, with its path from the root of the checkout, which is where the chart is read.
///
/// # Errors
/// A file that cannot be read, or that is not written as the page needs it.
pub fn pages(root: &Path) -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    let chart = root.join("charts/berth");
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(chart.join("files/rbac"))? {
        files.push(entry?.path());
    }
    files.sort();
    let mut roles = Vec::new();
    for file in &files {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        roles.push((name, fs::read_to_string(file)?));
    }
    let values = fs::read_to_string(chart.join("values.yaml"))?;
    let schema = fs::read_to_string(chart.join("values.schema.json"))?;
    let book = PathBuf::from("docs/src/reference");
    Ok(vec![
        (book.join("rights.md"), format!("{GENERATED}{}", rights::page(&roles)?)),
        (book.join("values.md"), format!("{GENERATED}{}", values::page(&values, &schema)?)),
    ])
}

/// Text in a cell of a table: one line, no bars, and outside of code nothing that Markdown takes for HTML.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    let parts = line.split('`').enumerate();
    let parts = parts.map(|(i, part)| if i % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join("`")
}

/// The words of a comment line, without its sign.
fn remark(line: &str) -> Option<&str> {
    line.trim().strip_prefix('#').map(str::trim)
}
