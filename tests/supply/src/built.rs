//! What a build really compiled: the messages of `cargo build --message-format=json`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Error, Package, Result};

/// Packages of which something was compiled or run.
///
/// # Errors
/// [`Error::Unread`] for a line that is no message, or a package id that is not as cargo writes them.
pub fn packages(messages: &str) -> Result<BTreeSet<Package>> {
    let mut found = BTreeSet::new();
    for line in messages.lines().filter(|line| !line.trim().is_empty()) {
        let message: Value =
            serde_json::from_str(line).map_err(|error| Error::Unread(format!("message of cargo: {error}: {line}")))?;
        if message["reason"] == "compiler-artifact" || message["reason"] == "build-script-executed" {
            let id = message["package_id"].as_str().unwrap_or_default();
            found.insert(package(id).ok_or_else(|| Error::Unread(format!("message of cargo: package {id:?}")))?);
        }
    }
    Ok(found)
}

/// `registry+https://…#name@1.0.0`, `path+file:///…/api#berth-api@0.1.0` and, where folder and package share a name,
/// `path+file:///…/name#1.0.0` (Package ID Specifications of the Cargo book).
fn package(id: &str) -> Option<Package> {
    let (place, rest) = id.rsplit_once('#')?;
    let (name, version) = rest.split_once('@').unwrap_or((place.rsplit('/').next()?, rest));
    Some(Package::new(name, version))
}

/// Holds a build against the packages of a bill.
///
/// # Errors
/// [`Error::Differs`] names what only one of them has.
pub fn agrees(built: &BTreeSet<Package>, listed: &BTreeSet<Package>) -> Result<()> {
    let names = |of: &BTreeSet<Package>, without: &BTreeSet<Package>| {
        of.difference(without).map(Package::to_string).collect::<Vec<_>>().join(", ")
    };
    let (unlisted, unbuilt) = (names(built, listed), names(listed, built));
    match (unlisted.as_str(), unbuilt.as_str()) {
        ("", "") => Ok(()),
        _ => Err(Error::Differs(format!("built and not listed: [{unlisted}]; listed and not built: [{unbuilt}]"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_says_what_it_compiled_and_a_bill_that_says_something_else_is_refused() {
        let messages = "{\"reason\":\"compiler-artifact\",\"package_id\":\"registry+https://github.com/rust-lang/crates.io-index#ring@0.17.14\"}\n\
            {\"reason\":\"build-script-executed\",\"package_id\":\"path+file:///src/api#berth-api@0.1.0\"}\n\
            {\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///src/plan#0.1.0\"}\n\
            {\"reason\":\"build-finished\",\"success\":true}\n";
        let built = packages(messages).unwrap();
        let expected: BTreeSet<Package> =
            [("ring", "0.17.14"), ("berth-api", "0.1.0"), ("plan", "0.1.0")].map(|(n, v)| Package::new(n, v)).into();
        assert_eq!(built, expected);
        assert!(agrees(&built, &expected).is_ok());
        let other = BTreeSet::from([Package::new("ring", "0.17.14"), Package::new("cel", "0.13.0")]);
        let said = agrees(&built, &other).unwrap_err().to_string();
        assert!(
            said.contains("not listed: [berth-api 0.1.0, plan 0.1.0]") && said.contains("not built: [cel 0.13.0]"),
            "{said}"
        );
    }
}
