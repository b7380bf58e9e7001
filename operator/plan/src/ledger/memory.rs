//! What is recorded already, gathered from every segment of cluster and export.

use std::collections::{BTreeMap, HashMap, HashSet};

use berth_crds::AuditRecordSpec;
use berth_crds::audit::{Act, AuditEntry, AuditObject};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::acts::World;
use super::{Head, Prefixes};

/// What the writer knows of the ledger. It can always be gathered anew from the segments.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The end of the chain.
    pub head: Head,
    /// Prefixes that are somebody's, as far as the ledger says.
    pub prefixes: Prefixes,
    seen: HashSet<String>,
    known: BTreeMap<String, Known>,
    /// UIDs and versions of objects whose acts are all recorded.
    settled: HashMap<String, String>,
}

/// An object that the ledger speaks of and that is not recorded as removed or given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The object.
    pub object: AuditObject,
    /// Agency that it belonged to when it was last recorded.
    pub agency: Option<String>,
    /// What was last recorded as its state in a register.
    pub registered: Option<String>,
}

impl Memory {
    /// Takes in the next segment, in order of numbers; twice is the same as once. Whether the chain is whole is for `verify` to say:
    /// a writer that stopped at a damaged chain could be silenced by damaging it.
    pub fn absorb(&mut self, segment: &AuditRecordSpec) {
        for entry in &segment.entries {
            if self.seen.insert(entry.id.clone()) {
                self.remember(entry);
            }
        }
        if segment.number > self.head.number {
            self.head = Head::of(segment);
        }
    }

    fn remember(&mut self, entry: &AuditEntry) {
        self.prefixes.absorb(entry);
        let uid = &entry.object.uid;
        if matches!(entry.act, Act::Removed | Act::NamespaceReleased) {
            self.known.remove(uid);
            return;
        }
        let known = self.known.entry(uid.clone()).or_insert_with(|| Known {
            object: entry.object.clone(),
            agency: None,
            registered: None,
        });
        known.agency.clone_from(&entry.agency);
        if entry.act == Act::Registered {
            known.registered.clone_from(&entry.after);
        }
    }

    /// Whether an act is recorded.
    pub fn has(&self, id: &str) -> bool {
        self.seen.contains(id)
    }

    /// Notes that nothing of these objects, as they are, is left to record: they are not written down again to find that
    /// out while they stay so.
    pub fn settle(&mut self, world: &World) {
        let version = |meta: &ObjectMeta| Some((meta.uid.clone()?, meta.resource_version.clone()?));
        self.settled = world.metadata().filter_map(version).collect();
    }

    /// Whether nothing of an object, as it is, is left to record.
    pub fn is_settled(&self, meta: &ObjectMeta) -> bool {
        let (Some(uid), Some(version)) = (&meta.uid, &meta.resource_version) else { return false };
        self.settled.get(uid) == Some(version)
    }

    /// What was last recorded of an object's state in a register.
    pub fn registered(&self, uid: &str) -> Option<&str> {
        self.known.get(uid)?.registered.as_deref()
    }

    /// Objects that are recorded and not recorded as removed, by UID.
    pub fn known(&self) -> &BTreeMap<String, Known> {
        &self.known
    }
}
