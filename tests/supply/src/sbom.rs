//! The bill of materials: CycloneDX 1.6, JSON (<https://cyclonedx.org/docs/1.6/json/>).
//!
//! The same input gives the same bytes. So it has no serial number, which would have to be random, and a time only where
//! `SOURCE_DATE_EPOCH` tells one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lock::Locked;
use crate::tree::{Part, Use};
use crate::{Error, Package, Result, licence};

/// A program of the release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Name of its file.
    pub name: String,
    /// SHA-256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}

/// What a bill is written from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Version of the release.
    pub version: &'a str,
    /// The lock file.
    pub lock: &'a BTreeMap<Package, Locked>,
    /// Packages of the product.
    pub product: &'a BTreeMap<Package, Part>,
    /// Its programs, once they are built.
    pub programs: &'a [Program],
    /// When the sources were committed, RFC 3339.
    pub time: Option<&'a str>,
}

/// Writes the bill.
///
/// # Errors
/// [`Error::Unread`] when the product has a package that the lock file does not have.
pub fn bill(input: &Input) -> Result<Value> {
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (package, part) in input.product {
        let locked = input.lock.get(package);
        let locked = locked.ok_or_else(|| Error::Unread(format!("{package} is built and not locked")))?;
        components.push(component(package, part, locked));
        let on = locked.dependencies.iter().filter(|on| input.product.contains_key(on)).map(Package::purl);
        dependencies.push(json!({"ref": package.purl(), "dependsOn": on.collect::<Vec<_>>()}));
    }
    let mut metadata = json!({
        "component": {
            "type": "application", "bom-ref": "berth", "name": "berth", "version": input.version,
            "licenses": [{"expression": "Apache-2.0"}],
            "components": input.programs.iter().map(program).collect::<Vec<_>>(),
        },
        "tools": {"components": [{"type": "application", "name": "sbomgen", "version": env!("CARGO_PKG_VERSION")}]},
    });
    if let Some(time) = input.time {
        metadata["timestamp"] = json!(time);
    }
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
        "version": 1, "metadata": metadata, "components": components, "dependencies": dependencies,
    }))
}

fn component(package: &Package, part: &Part, locked: &Locked) -> Value {
    // `excluded`: needed to build, in no program (CycloneDX 1.6, components[].scope).
    let scope = match part.usage {
        Use::Runtime => "required",
        Use::Build => "excluded",
    };
    let mut component = json!({
        "type": "library", "bom-ref": package.purl(), "name": package.name, "version": package.version, "scope": scope,
        "purl": package.purl(), "licenses": [{"expression": licence::spdx(&part.licence)}],
    });
    if let Some(checksum) = &locked.checksum {
        component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
    }
    component
}

fn program(program: &Program) -> Value {
    json!({
        "type": "file", "bom-ref": program.name, "name": program.name,
        "hashes": [{"alg": "SHA-256", "content": program.sha256}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_lists_what_is_built_with_checksum_licence_and_what_it_is_for() {
        let package = |name: &str| Package::new(name, "1.0.0+a");
        let locked = |checksum: &str, on: &[&str]| Locked {
            source: None,
            checksum: (!checksum.is_empty()).then(|| checksum.to_owned()),
            dependencies: on.iter().map(|name| package(name)).collect(),
        };
        let part = |usage, licence: &str| Part { usage, licence: licence.into() };
        let lock = [
            ("ours", locked("", &["macro", "test-only"])),
            ("macro", locked("ab", &[])),
            ("test-only", locked("cd", &[])),
        ];
        let lock: BTreeMap<Package, Locked> = lock.map(|(name, locked)| (package(name), locked)).into();
        let product = [("ours", part(Use::Runtime, "Apache-2.0")), ("macro", part(Use::Build, "MIT/Apache-2.0"))];
        let product: BTreeMap<Package, Part> = product.map(|(name, part)| (package(name), part)).into();
        let programs = [Program { name: "berth".into(), sha256: "ef".into() }];
        let input = Input {
            version: "0.1.0",
            lock: &lock,
            product: &product,
            programs: &programs,
            time: Some("2026-11-28T00:00:00Z"),
        };
        let bill = bill(&input).unwrap();
        let (ours, its_macro) = ("pkg:cargo/ours@1.0.0%2Ba", "pkg:cargo/macro@1.0.0%2Ba");
        let expected = json!([
            {"type": "library", "bom-ref": its_macro, "name": "macro", "version": "1.0.0+a", "scope": "excluded", "purl": its_macro,
                "licenses": [{"expression": "MIT OR Apache-2.0"}], "hashes": [{"alg": "SHA-256", "content": "ab"}]},
            {"type": "library", "bom-ref": ours, "name": "ours", "version": "1.0.0+a", "scope": "required", "purl": ours,
                "licenses": [{"expression": "Apache-2.0"}]},
        ]);
        assert_eq!(bill["components"], expected);
        assert_eq!(
            bill["dependencies"],
            json!([{"ref": its_macro, "dependsOn": []}, {"ref": ours, "dependsOn": [its_macro]}])
        );
        assert_eq!(
            bill["metadata"]["component"]["components"][0]["hashes"],
            json!([{"alg": "SHA-256", "content": "ef"}])
        );
        assert_eq!(bill["metadata"]["timestamp"], "2026-11-28T00:00:00Z");
        let unlocked = Input { lock: &BTreeMap::new(), ..input };
        assert!(matches!(super::bill(&unlocked), Err(Error::Unread(_))));
    }
}
