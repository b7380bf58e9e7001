//! Which acts objects show. Only what stands in an object counts, so a writer that starts anew finds the same acts, and
//! an act's id follows from the object's UID, the transition and what it led to, so none is recorded twice, and none is
//! taken for another that a restored cluster has forgotten.

mod papers;
mod registers;
mod places;

use std::collections::HashMap;
use std::sync::Arc;

use berth_crds::audit::{Act, AuditEntry, AuditObject, MAX_WHO};
use berth_crds::common::Document;
use berth_crds::{
    AddressPlan, Agency, Connection, Decision, Environment, EnvironmentClass, Intervention, NetworkChange, Onboarding,
    PolicyProfile, PrefixBlock, Site, Tenant, WorkingCalendar, labels,
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::canonical;
use super::memory::{Known, Memory};

/// Most bytes of `before` and `after`.
const MAX_STATE: usize = 2048;
/// Most characters of a reason or a legal basis.
const MAX_TEXT: usize = 1000;
/// Who is recorded where no object says it; the API server's own audit log knows.
pub const UNKNOWN: &str = "(not recorded in any object)";

/// The objects that acts are read from.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Requests.
    pub onboardings: Vec<Arc<Onboarding>>,
    /// Openings.
    pub connections: Vec<Arc<Connection>>,
    /// Decisions.
    pub decisions: Vec<Arc<Decision>>,
    /// Bodies.
    pub agencies: Vec<Arc<Agency>>,
    /// Data centres.
    pub sites: Vec<Arc<Site>>,
    /// Catalogue.
    pub classes: Vec<Arc<EnvironmentClass>>,
    /// Rule sets.
    pub profiles: Vec<Arc<PolicyProfile>>,
    /// Working calendars.
    pub calendars: Vec<Arc<WorkingCalendar>>,
    /// Address plan.
    pub plans: Vec<Arc<AddressPlan>>,
    /// Systems.
    pub tenants: Vec<Arc<Tenant>>,
    /// Environments.
    pub environments: Vec<Arc<Environment>>,
    /// Namespaces with our label.
    pub namespaces: Vec<Arc<Namespace>>,
    /// Prefixes.
    pub blocks: Vec<Arc<PrefixBlock>>,
    /// What was said of devices outside the cluster.
    pub changes: Vec<Arc<NetworkChange>>,
    /// Acts that waited for no paper.
    pub interventions: Vec<Arc<Intervention>>,
}

impl World {
    /// Metadata of every object.
    pub(super) fn metadata(&self) -> impl Iterator<Item = &ObjectMeta> {
        macro_rules! all {
            ($first:ident $($field:ident)*) => {
                self.$first.iter().map(|o| &o.metadata)$(.chain(self.$field.iter().map(|o| &o.metadata)))*
            };
        }
        all!(onboardings connections decisions agencies sites classes profiles calendars plans tenants environments namespaces blocks changes interventions)
    }
}

/// What acts are read with: found by name or UID, because every object of thousands may ask.
struct Look<'a> {
    memory: &'a Memory,
    /// Owner of a tenant today.
    owners: HashMap<&'a str, &'a str>,
    /// Signed document of a Decision, by the Decision's UID.
    documents: HashMap<&'a str, &'a Document>,
}

impl<'a> Look<'a> {
    fn new(world: &'a World, memory: &'a Memory) -> Self {
        let owner = |t: &'a Arc<Tenant>| Some((t.metadata.name.as_deref()?, t.spec.agency_ref.name.as_str()));
        let document = |d: &'a Arc<Decision>| Some((d.metadata.uid.as_deref()?, d.spec.document.as_ref()?));
        Self {
            memory,
            owners: world.tenants.iter().filter_map(owner).collect(),
            documents: world.decisions.iter().filter_map(document).collect(),
        }
    }

    fn owner(&self, tenant: &str) -> Option<String> {
        self.owners.get(tenant).map(|owner| (*owner).to_owned())
    }

    /// Whether an act of an object is still to be recorded: of thousands of objects nearly none has one, so nothing of the
    /// others is written down again to find that out.
    fn open(&self, meta: &ObjectMeta, transition: &str) -> bool {
        !self.memory.has(&id(meta.uid.as_deref().unwrap_or_default(), transition))
    }
}

/// An act with the instant that orders it within a batch.
struct Draft {
    at: Timestamp,
    entry: AuditEntry,
}

/// Acts that the objects show and the ledger does not have yet, oldest first.
pub fn new(world: &World, memory: &Memory, now: Timestamp) -> Vec<AuditEntry> {
    let look = Look::new(world, memory);
    let drafts = papers::all(world, &look).chain(registers::all(world, &look)).chain(places::all(world, &look));
    let mut drafts: Vec<Draft> = drafts.collect();
    drafts.sort_by(|a, b| (a.at, a.entry.act, &a.entry.id).cmp(&(b.at, b.entry.act, &b.entry.id)));
    let stamp = |draft: Draft| AuditEntry {
        recorded_at: now.to_string(),
        who: within(&draft.entry.who, MAX_WHO),
        ..draft.entry
    };
    drafts.into_iter().map(stamp).collect()
}

/// Recorded objects that are not among the objects: the caller must look whether they are really gone.
pub fn missing<'a>(world: &World, memory: &'a Memory) -> Vec<&'a Known> {
    let uids: std::collections::HashSet<&str> = world.metadata().filter_map(|meta| meta.uid.as_deref()).collect();
    memory.known().values().filter(|known| !uids.contains(known.object.uid.as_str())).collect()
}

/// The act that a recorded object is gone, seen now.
pub fn removed(known: &Known, now: Timestamp) -> AuditEntry {
    ended(known, Act::Removed, "Removed", UNKNOWN.to_owned(), now)
}

/// The act that a recorded namespace is there and not ours any more, seen now. It may be adopted and given back again.
pub fn released(known: &Known, now: Timestamp) -> AuditEntry {
    ended(known, Act::NamespaceReleased, &format!("NamespaceReleased {now}"), operator(), now)
}

fn ended(known: &Known, act: Act, transition: &str, who: String, now: Timestamp) -> AuditEntry {
    AuditEntry {
        id: id(&known.object.uid, transition),
        act,
        object: known.object.clone(),
        agency: known.agency.clone(),
        who,
        before: known.registered.clone(),
        effective_at: now.to_string(),
        recorded_at: now.to_string(),
        ..AuditEntry::default()
    }
}

/// The id of an act: the same whoever derives it, whenever.
pub fn id(uid: &str, transition: &str) -> String {
    // A UID holds no space, so two pairs never read alike.
    canonical::sha256(format!("{uid} {transition}"))[..32].to_owned()
}

/// The username of the operator's account.
pub fn operator() -> String {
    format!("{}{}:{}", labels::SERVICE_ACCOUNT_USER, labels::SYSTEM_NAMESPACE, labels::OPERATOR_ACCOUNT)
}

/// What every act of an object has; the operator is who acts unless the act says otherwise.
fn entry<K: Resource<DynamicType = ()>>(object: &K, act: Act, transition: &str, effective: Timestamp) -> AuditEntry {
    let uid = object.uid().unwrap_or_default();
    AuditEntry {
        id: id(&uid, transition),
        act,
        object: AuditObject {
            kind: K::kind(&()).into_owned(),
            namespace: object.namespace(),
            name: object.name_any(),
            uid,
        },
        who: operator(),
        effective_at: effective.to_string(),
        ..AuditEntry::default()
    }
}

pub(crate) fn created(meta: &ObjectMeta) -> Timestamp {
    meta.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

/// When a record that never changes was made, for sorting: the API server's clock tells seconds, so of two within one second
/// the resourceVersion tells the later (KEP-5504: those of one kind compare as numbers).
pub(crate) fn order(meta: &ObjectMeta) -> (Timestamp, Option<u64>) {
    (created(meta), meta.resource_version.as_ref().and_then(|version| version.parse().ok()))
}

/// When the object itself, not its status, was last written.
pub(crate) fn written(meta: &ObjectMeta) -> Timestamp {
    let fields = meta.managed_fields.iter().flatten().filter(|f| f.subresource.as_deref().unwrap_or("").is_empty());
    fields.filter_map(|f| f.time.as_ref()).map(|time| time.0).max().unwrap_or_else(|| created(meta))
}

/// JSON text of a state in at most [`MAX_STATE`] bytes: the largest members give way to their hashes first, so that
/// what is left out can still be compared with the object.
pub fn bounded(state: Value) -> String {
    let mut state = state;
    loop {
        let text = canonical::text(&state);
        if text.len() <= MAX_STATE {
            return text;
        }
        let size = |value: &Value| canonical::text(value).len();
        let largest = state
            .as_object()
            .and_then(|members| members.iter().filter(|(_, v)| v.get("sha256").is_none()).max_by_key(|(_, v)| size(v)));
        match largest.map(|(name, value)| (name.clone(), hashed(value))) {
            Some((name, hash)) => state[name] = hash,
            None => state = hashed(&state),
        }
    }
}

/// What a member gives way to.
pub fn hashed(value: &Value) -> Value {
    json!({"sha256": canonical::sha256(canonical::text(value))})
}

/// A text in at most [`MAX_TEXT`] characters.
fn clipped(text: &str) -> String {
    within(text, MAX_TEXT)
}

/// A text in at most so many characters; the mark at its end says that there was more. One that the schema refuses would
/// stop the whole ledger.
fn within(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// What a transition is told apart by besides its name: a cluster that was restored may go another way from the same
/// generation.
fn mark(state: &Value) -> String {
    canonical::sha256(canonical::text(state))[..16].to_owned()
}
