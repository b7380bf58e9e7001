//! What a release is made of.
//!
//! Two sources, both cargo's: `Cargo.lock` knows every package with its version and checksum, `cargo tree` which of them are
//! built into the programs of a release. `cargo metadata`, which the usual generators walk, merges the features that only
//! tests switch on into one graph, and then lists packages that no release has.

pub mod built;
pub mod licence;
pub mod lock;
pub mod sbom;
pub mod tree;

/// Packages whose programs are released: `berth`, `berth-api`, `berth-operator`.
pub const PRODUCT: [&str; 2] = ["berth-api", "berth-operator"];

/// Why a bill cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Cargo says no.
    #[error("cargo tree: {0}")]
    Cargo(String),
    /// What is read is not as it always is.
    #[error("{0}")]
    Unread(String),
    /// What was built is not what the bill lists.
    #[error("the build and the bill differ: {0}")]
    Differs(String),
}

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A package by name and version: of one registry, no two have both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

impl Package {
    /// A package.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into() }
    }

    /// Its package URL, <https://github.com/package-url/purl-spec>; no version has a character that must be escaped but `+`.
    pub fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version.replace('+', "%2B"))
    }
}

impl std::fmt::Display for Package {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
