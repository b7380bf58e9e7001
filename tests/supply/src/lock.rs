//! `Cargo.lock`, version 4: blocks of `key = "value"` and one list. Cargo writes it, always in this shape.

use std::collections::BTreeMap;

use crate::{Error, Package, Result};

/// What the lock file says of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    /// Where it comes from; absent for packages of the workspace.
    pub source: Option<String>,
    /// SHA-256 of its archive in the registry.
    pub checksum: Option<String>,
    /// What it depends on, whatever for.
    pub dependencies: Vec<Package>,
}

/// Reads a lock file.
///
/// # Errors
/// [`Error::Unread`] where it is not in the shape that cargo writes.
pub fn read(text: &str) -> Result<BTreeMap<Package, Locked>> {
    let mut blocks = Vec::new();
    for block in text.split("[[package]]").skip(1) {
        blocks.push(self::block(block)?);
    }
    let versions = |name: &str| blocks.iter().filter(|b| b.0.name == name).map(|b| &b.0).cloned().collect::<Vec<_>>();
    let whole = |dependency: &String| -> Result<Package> {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        match (version, versions(name).as_slice()) {
            (Some(version), _) => Ok(Package::new(name, version)),
            // A name alone is enough where it is locked once.
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Error::Unread(format!("Cargo.lock: {dependency:?} is locked not once"))),
        }
    };
    let locked = |(package, locked, names): &(Package, Locked, Vec<String>)| -> Result<(Package, Locked)> {
        let dependencies = names.iter().map(&whole).collect::<Result<_>>()?;
        Ok((package.clone(), Locked { dependencies, ..locked.clone() }))
    };
    blocks.iter().map(locked).collect()
}

fn block(text: &str) -> Result<(Package, Locked, Vec<String>)> {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    let must =
        |key: &str| value(key).ok_or_else(|| Error::Unread(format!("Cargo.lock: a package without {key}: {text}")));
    let list =
        text.split_once("dependencies = [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
    let names =
        list.lines().map(|line| line.trim().trim_matches([',', '"']).to_owned()).filter(|name| !name.is_empty());
    let locked = Locked { source: value("source"), checksum: value("checksum"), dependencies: Vec::new() };
    Ok((Package::new(must("name")?, must("version")?), locked, names.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_is_named_in_full_only_where_a_name_is_locked_twice() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
            source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"ab\"\ndependencies = [\n \"b 2.0.0\",\n \"c\",\n]\n\n\
            [[package]]\nname = \"b\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"c\"\nversion = \"0.1.0+x\"\n";
        let a = Locked {
            source: Some("registry+https://github.com/rust-lang/crates.io-index".into()),
            checksum: Some("ab".into()),
            dependencies: vec![Package::new("b", "2.0.0"), Package::new("c", "0.1.0+x")],
        };
        let others =
            [("b", "1.0.0"), ("b", "2.0.0"), ("c", "0.1.0+x")].map(|(n, v)| (Package::new(n, v), Locked::default()));
        let all: BTreeMap<Package, Locked> = others.into_iter().chain([(Package::new("a", "1.0.0"), a)]).collect();
        assert_eq!(read(text).unwrap(), all);
        assert!(matches!(read(&text.replace("b 2.0.0", "b")), Err(Error::Unread(_))));
    }
}
