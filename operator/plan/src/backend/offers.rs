//! What a cluster was discovered to offer: groups, kinds, versions, and the fields that their schemas have. Never what some
//! configuration says: a project changes shape under one version (Cilium's pools did, three times in 2026).

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use super::{Kind, Scope};

/// Address families of a cluster, or of what an environment shall have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub enum Families {
    /// IPv6 alone.
    #[default]
    Ipv6,
    /// Both.
    Dual,
    /// IPv4 alone: no prefix of ours can be served.
    Ipv4,
}

impl Families {
    /// Of the prefixes that a cluster numbers its Services from.
    pub fn of<'a>(cidrs: impl IntoIterator<Item = &'a str>) -> Self {
        let nets: Vec<ipnet::IpNet> = cidrs.into_iter().filter_map(|c| c.parse().ok()).collect();
        let has = |v6: bool| nets.iter().any(|n| n.addr().is_ipv6() == v6);
        match (has(false), has(true)) {
            (true, true) => Self::Dual,
            (true, false) => Self::Ipv4,
            _ => Self::Ipv6,
        }
    }
}

/// Fields of a served version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Paths like `spec.ipv6.cidrs[]:string`, and `spec.disabled` without its type.
    Fields(BTreeSet<String>),
    /// Served without a schema that can be read (an aggregated API server): only what every release knew is written.
    Unpublished,
}

/// One served version of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Plural, for the path.
    pub plural: String,
    /// Version.
    pub version: String,
    /// Scope.
    pub scope: Scope,
    /// Fields.
    pub schema: Schema,
}

/// Everything that was discovered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// Served versions, the API server's preferred ones first.
    pub kinds: Vec<Offered>,
    /// Families of the cluster.
    pub families: Families,
}

impl Offers {
    /// Served versions of a kind.
    pub fn versions(&self, kind: Kind) -> impl Iterator<Item = &Offered> {
        self.kinds.iter().filter(move |o| o.group == kind.group && o.kind == kind.kind)
    }

    /// Whether a kind is served at all.
    pub fn serves(&self, kind: Kind) -> bool {
        self.versions(kind).next().is_some()
    }

    /// The first served version whose schema has all of these fields.
    pub fn with(&self, kind: Kind, fields: &[&str]) -> Option<&Offered> {
        self.versions(kind).find(|o| o.has(fields))
    }
}

impl Offered {
    /// Whether the schema has all of these fields; an unpublished one is taken at its word.
    pub fn has(&self, fields: &[&str]) -> bool {
        match &self.schema {
            Schema::Fields(known) => fields.iter().all(|f| known.contains(*f)),
            Schema::Unpublished => true,
        }
    }

    /// Whether the schema is readable and has a field: what is optional is written only then.
    pub fn knows(&self, field: &str) -> bool {
        matches!(&self.schema, Schema::Fields(known) if known.contains(field))
    }
}

impl Schema {
    /// Fields of one version of a CRD, if it is served.
    pub fn of(crd: &CustomResourceDefinition, version: &str) -> Option<Self> {
        let version = crd.spec.versions.iter().find(|v| v.name == version && v.served)?;
        let root = version.schema.as_ref()?.open_api_v3_schema.as_ref()?;
        let mut fields = BTreeSet::new();
        collect(&serde_json::to_value(root).ok()?, "", &mut fields);
        Some(Self::Fields(fields))
    }
}

fn collect(schema: &Value, path: &str, fields: &mut BTreeSet<String>) {
    if let Some(type_) = schema["type"].as_str().filter(|_| !path.is_empty()) {
        fields.insert(path.to_owned());
        fields.insert(format!("{path}:{type_}"));
    }
    for value in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        fields.insert(format!("{path}={value}"));
    }
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(child, &path, fields);
    }
    if schema["items"].is_object() {
        collect(&schema["items"], &format!("{path}[]"), fields);
    }
}

/// Every served version of a CRD, newest first, as API discovery lists them.
impl From<&CustomResourceDefinition> for Offers {
    fn from(crd: &CustomResourceDefinition) -> Self {
        let mut names: Vec<&str> = crd.spec.versions.iter().filter(|v| v.served).map(|v| v.name.as_str()).collect();
        names.sort_by_key(|name| std::cmp::Reverse(kube::core::Version::parse(name).priority()));
        let offered = |version: &str| Offered {
            group: crd.spec.group.clone(),
            kind: crd.spec.names.kind.clone(),
            plural: crd.spec.names.plural.clone(),
            version: version.to_owned(),
            scope: if crd.spec.scope == "Namespaced" { Scope::Namespaced } else { Scope::Cluster },
            schema: Schema::of(crd, version).unwrap_or(Schema::Unpublished),
        };
        Self { kinds: names.into_iter().map(offered).collect(), families: Families::default() }
    }
}
