//! Running namespaces that an environment takes over.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Environment, Zone};
use crate::names;

/// A namespace that was there before its environment.
#[derive(Clone, Debug, Default, Deserialize, Serialize, KubeSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(validation = Rule::new("!(self.name in ['default', 'berth-system']) && !self.name.startsWith('kube-') && !self.name.startsWith('agency-')").message("`name` must not be one of the system (`default`, `kube-…`, `berth-system`) or of an agency's papers (`agency-…`)"))]
pub struct AdoptedNamespace {
    /// Zone that it becomes; absent when the environment is not zoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Its name, which it keeps.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// UID of the namespace that is meant: a platform operator's word. Without it nothing is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub uid: Option<String>,
}

/// A running namespace that a paper wishes an environment to take over.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdoptionWish {
    /// Zone that it is to become; absent when the environment is not zoned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Its name.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
}

impl AdoptionWish {
    /// The environment's entry: nobody has named the UID yet.
    pub fn unnamed(&self) -> AdoptedNamespace {
        AdoptedNamespace { zone: self.zone, name: self.name.clone(), uid: None }
    }
}

impl Environment {
    /// Name of the namespace of a zone: the adopted one's own, or the name that follows from environment and zone.
    pub fn namespace_of(&self, zone: Option<Zone>) -> String {
        let adopted = self.spec.adopt.iter().find(|adopted| adopted.zone == zone);
        let derived = || names::namespace(self.metadata.name.as_deref().unwrap_or_default(), zone.map(Zone::as_str));
        adopted.map_or_else(derived, |adopted| adopted.name.clone())
    }
}
