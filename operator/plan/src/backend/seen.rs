//! What stands in the cluster: objects of back ends, ours and others', and how many pods a namespace holds.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde_json::Value;

use super::object::{is_ours, of_kind, prefixes};
use super::{Kind, Object, Usage};

/// Objects and occupancy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Objects of the kinds that back ends write or read.
    pub objects: Vec<Value>,
    /// Who is in a namespace. A namespace that is not listed is not known.
    pub namespaces: BTreeMap<String, Occupancy>,
}

/// Who is in a namespace. Read from the quota's use: the operator has no right to see pods, and needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupancy {
    /// The namespace is gone.
    Gone,
    /// It is there, with so many pods and load balancers.
    Holds {
        /// Pods that are not finished.
        pods: i64,
        /// Services of type LoadBalancer.
        services: i64,
    },
}

impl Seen {
    /// Objects of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |o| of_kind(o, kind))
    }

    /// The state of an object that we want.
    pub fn find(&self, object: &Object) -> Option<&Value> {
        self.objects.iter().find(|o| object.is(o))
    }

    /// Another pool over part of a prefix: `Kind "name"`. Announcements hold no addresses and never overlap.
    pub(super) fn overlapping(&self, prefix: IpNet, except: &Object) -> Option<String> {
        let meets = |other: &IpNet| other.contains(&prefix) || prefix.contains(other);
        let other = self.objects.iter().find(|o| !except.is(o) && prefixes(&o["spec"]).iter().any(meets))?;
        let whose = if is_ours(other) { "" } else { "a foreign " };
        Some(format!("{whose}{} {}", other["kind"].as_str().unwrap_or_default(), other["metadata"]["name"]))
    }

    /// Whether a namespace's pods may still have addresses. Not knowing counts as use.
    pub(super) fn pods_in(&self, namespace: &str) -> Usage {
        match self.namespaces.get(namespace) {
            Some(Occupancy::Gone | Occupancy::Holds { pods: 0, .. }) => Usage::Free,
            Some(Occupancy::Holds { pods, .. }) => Usage::InUse(format!("{pods} pods of {namespace:?} run")),
            None => Usage::InUse(format!("the pods of {namespace:?} are not counted yet")),
        }
    }

    /// Whether a namespace's Services may still have addresses.
    pub(super) fn services_in(&self, namespace: &str) -> Usage {
        match self.namespaces.get(namespace) {
            Some(Occupancy::Gone | Occupancy::Holds { services: 0, .. }) => Usage::Free,
            Some(Occupancy::Holds { services, .. }) => {
                Usage::InUse(format!("{services} load balancers of {namespace:?} have addresses"))
            }
            None => Usage::InUse(format!("the load balancers of {namespace:?} are not counted yet")),
        }
    }
}
