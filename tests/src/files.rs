//! The chart's files, as they are in the checkout.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::error::Result;

/// Root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the checkout").to_owned()
}

/// Folder of the chart.
pub fn chart() -> PathBuf {
    root().join("charts/berth")
}

/// Folder of the demo's province.
pub fn province() -> PathBuf {
    chart().join("provinces/binh-duong")
}

/// Reads one YAML file.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?)
}

/// YAML files of a folder, in the order of their names.
pub fn yaml(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "yaml"));
    files.sort();
    Ok(files)
}
