//! Whose prefixes the ledger says are, and which of them a cluster does not have: after a restore from an older snapshot
//! routers, DNS and firewalls still use what the cluster has forgotten (reference/ipv6.md §2.7).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use berth_crds::address::{BlockState, Claimant};
use berth_crds::audit::{Act, AuditEntry};
use berth_crds::{PrefixBlock, PrefixBlockSpec, labels};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use serde_json::Value;

/// Member of a recorded block that is no field of its spec: the name of its claim.
pub(super) const CLAIM: &str = "claim";
/// A quarantine that ends within this time may be over by the API server's clock, and its block rightly gone.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);
/// Prefixes that a sentence names one by one: it must fit a condition's message.
const NAMED: usize = 3;

/// Prefixes by their text, as last recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prefixes {
    recorded: BTreeMap<String, Recorded>,
    /// Environments that were ever registered, by the plate of their system.
    environments: BTreeMap<String, BTreeSet<String>>,
}

/// What was last recorded of a prefix.
#[derive(Clone, Debug, PartialEq)]
struct Recorded {
    uid: String,
    spec: PrefixBlockSpec,
}

/// A prefix that is somebody's, and that the cluster does not have for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// The block as it was recorded.
    pub spec: PrefixBlockSpec,
    /// Environments of the claimant that the ledger knows.
    pub environments: Vec<String>,
    /// Somebody else who has the prefix in the cluster: nothing mends that but people.
    pub held_by: Option<Claimant>,
}

impl Prefixes {
    /// Takes in the next entry of the ledger.
    pub fn absorb(&mut self, entry: &AuditEntry) {
        match entry.act {
            Act::PrefixGiven | Act::PrefixReleased => self.record(entry),
            Act::Registered if entry.object.kind == "Environment" => {
                let name = &entry.object.name;
                let plate = name.split_once('-').map_or(name.as_str(), |(plate, _)| plate);
                self.environments.entry(plate.to_owned()).or_default().insert(name.clone());
            }
            // A block that is confirmed cannot go: one that went was lost. One in quarantine goes when that is over.
            Act::Removed if entry.object.kind == "PrefixBlock" => {
                self.recorded.retain(|_, r| r.uid != entry.object.uid || !released(&r.spec));
            }
            _ => {}
        }
    }

    fn record(&mut self, entry: &AuditEntry) {
        let after = entry.after.as_deref().and_then(|after| serde_json::from_str::<Value>(after).ok());
        let spec = after.and_then(|mut after| {
            after.as_object_mut()?.remove(CLAIM);
            serde_json::from_value::<PrefixBlockSpec>(after).ok()
        });
        if let Some(spec) = spec {
            self.recorded.insert(spec.cidr.clone(), Recorded { uid: entry.object.uid.clone(), spec });
        }
    }

    /// Whether a prefix is recorded as somebody's who has not given it up.
    pub fn is_given(&self, cidr: &str) -> bool {
        self.recorded.get(cidr).is_some_and(|r| !released(&r.spec))
    }

    /// Prefixes that the cluster does not have for those whose they are, parents first. A block of the same claimant in
    /// any state is a lock that holds.
    pub fn lost(&self, blocks: &[Arc<PrefixBlock>], now: Timestamp) -> Vec<Lost> {
        let held: HashMap<&str, &PrefixBlock> = blocks.iter().map(|b| (b.spec.cidr.as_str(), b.as_ref())).collect();
        let stands = |spec: &PrefixBlockSpec| !released(spec) || until(spec).is_some_and(|until| until > now + MARGIN);
        let gone = self.recorded.values().filter(|r| stands(&r.spec)).filter_map(|recorded| {
            let spec = &recorded.spec;
            let holder = held.get(spec.cidr.as_str()).map(|block| block.spec.claimant.clone());
            let environments = self.environments.get(&spec.claimant.name).into_iter().flatten().cloned().collect();
            let lost = holder.as_ref() != Some(&spec.claimant);
            lost.then(|| Lost { spec: spec.clone(), environments, held_by: holder })
        });
        let mut gone: Vec<Lost> = gone.collect();
        gone.sort_by_key(|lost| (lost.spec.level, lost.spec.cidr.clone()));
        gone
    }
}

fn released(spec: &PrefixBlockSpec) -> bool {
    spec.state == BlockState::Quarantined
}

fn until(spec: &PrefixBlockSpec) -> Option<Timestamp> {
    spec.quarantine_until.as_deref()?.parse().ok()
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Claimant { kind, name, .. } = &self.spec.claimant;
        write!(f, "{} of {kind:?} {name}", self.spec.cidr)?;
        if !self.environments.is_empty() {
            write!(f, " ({})", self.environments.join(", "))?;
        }
        match (&self.held_by, &self.spec.quarantine_until) {
            (Some(other), _) => write!(f, ", which {:?} {} has now", other.kind, other.name),
            (None, Some(until)) => write!(f, ", in quarantine until {until}"),
            (None, None) => Ok(()),
        }
    }
}

/// Why nothing is given while prefixes are lost, and what to do.
pub fn frozen(lost: &[Lost]) -> String {
    let named: Vec<String> = lost.iter().take(NAMED).map(Lost::to_string).collect();
    let more = lost.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "The exported ledger has {} prefixes that the cluster does not have: {}{rest}. Run `{} import-register`.",
        lost.len(),
        named.join("; "),
        labels::OPERATOR
    )
}

/// Whether a block that the cluster has is what a lost one was to become: its claimant's, under its own name.
pub fn holds(block: &PrefixBlock, lost: &Lost) -> bool {
    block.spec.cidr == lost.spec.cidr
        && block.spec.claimant == lost.spec.claimant
        && block.name_any() == berth_crds::names::block(&lost.spec.cidr)
}
