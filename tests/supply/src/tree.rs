//! `cargo tree`: which packages are built for a release, and for what.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::{Error, PRODUCT, Package, Result};

/// What a package of the product is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Its code is in a program.
    Runtime,
    /// It only runs while the programs are built: a macro, a build script, and what those need.
    Build,
}

/// A package of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is for.
    pub usage: Use,
    /// Its licence, an SPDX expression as its authors wrote it.
    pub licence: String,
}

/// Packages of the product for a target triple; for this machine without one.
///
/// # Errors
/// [`Error::Cargo`] with cargo's own words.
pub fn product(root: &Path, target: Option<&str>) -> Result<BTreeMap<Package, Part>> {
    let all = read(&ask(root, target, "normal,build")?)?;
    // A macro is an ordinary dependency to cargo, and so is what it needs.
    let runtime = read(&ask(root, target, "normal,no-proc-macro")?)?;
    let part = |(package, licence): (Package, String)| {
        let usage = if runtime.contains_key(&package) { Use::Runtime } else { Use::Build };
        (package, Part { usage, licence })
    };
    Ok(all.into_iter().map(part).collect())
}

/// Without edges of tests, cargo leaves out the features that only tests ask for, as a release build does.
fn ask(root: &Path, target: Option<&str>, edges: &str) -> Result<String> {
    let packages = PRODUCT.into_iter().flat_map(|package| ["--package", package]);
    let target = target.into_iter().flat_map(|target| ["--target", target]);
    show(root, ["--format", "{p}|{l}", "--edges", edges].into_iter().chain(packages).chain(target))
}

/// Packages that some arguments of `cargo tree` choose, each with the features that it is built with:
/// `tokio v1.48.0 default,fs,rt`, and ` (*)` after what was shown before.
///
/// # Errors
/// [`Error::Cargo`] with cargo's own words.
pub fn features(root: &Path, arguments: &[&str]) -> Result<String> {
    show(root, ["--format", "{p} {f}"].iter().chain(arguments).copied())
}

fn show<'a>(root: &Path, arguments: impl Iterator<Item = &'a str>) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["tree", "--locked", "--prefix", "none"]).args(arguments);
    let output = command.output().map_err(|error| Error::Cargo(error.to_string()))?;
    if !output.status.success() {
        return Err(Error::Cargo(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Lines such as `ahash v0.8.12|MIT OR Apache-2.0`; what was shown before ends with `(*)`.
fn read(text: &str) -> Result<BTreeMap<Package, String>> {
    let line = |line: &str| {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
        Some((Package::new(name, version), licence.trim_end_matches(" (*)").to_owned()))
    };
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|text| line(text).ok_or_else(|| Error::Unread(format!("cargo tree: {text:?}")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_package_and_licence_whatever_else_it_says() {
        let text = "berth-api v0.1.0 (/src/api)|Apache-2.0\nserde_derive v1.0.2 (proc-macro)|MIT OR Apache-2.0\n\n\
            ring v0.17.14|Apache-2.0 AND ISC (*)\n";
        let expected = [
            (Package::new("berth-api", "0.1.0"), "Apache-2.0".to_owned()),
            (Package::new("ring", "0.17.14"), "Apache-2.0 AND ISC".to_owned()),
            (Package::new("serde_derive", "1.0.2"), "MIT OR Apache-2.0".to_owned()),
        ];
        assert_eq!(read(text).unwrap(), expected.into());
        assert!(matches!(read("nonsense"), Err(Error::Unread(_))));
    }
}
